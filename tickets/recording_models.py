"""The table of voice messages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, UtcDateTime


class Recording(Base):
    """A voice message that a citizen sent, sealed. It is evidence: it is heard by officers, and read by
    nobody's machine.
    """

    __tablename__ = "recordings"
    __table_args__ = (UniqueConstraint("conversation_id", "sha256"), {"sqlite_autoincrement": True})

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(32))
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
