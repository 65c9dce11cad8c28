"""The table of conversations in which a person is asked for, or talks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, UtcDateTime


class LiveTalk(Base):
    """A citizen asks for a person (`officer_id` is None) or talks with one.

    The row goes when that ends; what was said stays in the messages. It is a table of its own, locked after
    the conversation and the ticket, so that a reply from the desk and a citizen's turn never wait for each
    other in a circle.

    Attributes:
        waiting_since: since when the citizen waits for a word; None: the officer spoke last.
        told_at: when the citizen was told that it takes longer; None: not in this wait.
        last_at: when either side said something last.
    """

    __tablename__ = "live_talks"
    __table_args__ = (Index(None, "waiting_since"), {"sqlite_autoincrement": True})

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), unique=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"), index=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    waiting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
