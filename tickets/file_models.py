"""The tables of papers: files that were made for a citizen, and what they said for one so far."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, UtcDateTime


class MadeFile(Base):
    """A paper or a calendar that was made in a conversation, or a file that an officer sent there; nobody
    else's.

    `content` is sealed; `sha256` and `size` are of the bytes before. In the database and not on a disk: so
    the file, the message that hands it out and the state of the conversation are one transaction, and
    erasing takes all of them.
    """

    __tablename__ = "made_files"
    __table_args__ = (
        UniqueConstraint("conversation_id", "sha256"),
        CheckConstraint("size > 0", name="size"),
        {"sqlite_autoincrement": True},
    )

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    by_officer: Mapped[bool] = mapped_column(default=False, server_default=false())


class PaperDraft(Base):
    """What a citizen has said so far for a paper: sealed, and gone at `expires_at`."""

    __tablename__ = "paper_drafts"
    __table_args__ = ({"sqlite_autoincrement": True},)

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), unique=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
