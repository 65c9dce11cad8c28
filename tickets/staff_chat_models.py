"""Tables of the officers' group on Telegram: whose account is whose, and which topic is which ticket."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, UtcDateTime


class StaffLink(Base):
    """An officer's Telegram account: first a code that was given out, then the account that sent it."""

    __tablename__ = "staff_links"

    officer_id: Mapped[int] = mapped_column(ForeignKey("officers.id"), unique=True)
    code_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    code_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    telegram_user_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    linked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffTopic(Base):
    """A ticket's topic in the group; `topic_id` is None while it is being opened.

    `told_entry` is the number of the last history entry that the topic shows; `last_update_id` the last
    update from there that was acted on, so that one delivered twice acts once.
    """

    __tablename__ = "staff_topics"
    __table_args__ = (UniqueConstraint("chat_id", "topic_id"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), unique=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    topic_id: Mapped[int | None] = mapped_column(BigInteger)
    told_entry: Mapped[int] = mapped_column(default=0, server_default="0")
    last_update_id: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
