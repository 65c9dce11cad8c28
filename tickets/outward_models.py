"""Tables of what other systems have to do with us: the keys they come with and what they filed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, UtcDateTime


class ApiKey(Base):
    """Lets another system file tickets. Only the hash of the key is kept.

    `daily_quota`: how many tickets it may file on one day in Shanghai.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint("daily_quota > 0", name="daily_quota"),
        {"sqlite_autoincrement": True},
    )

    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    holder: Mapped[str] = mapped_column(String(80))
    daily_quota: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ApiFiling(Base):
    """That a ticket came in with a key. The key's holder may follow it; the quota is counted here."""

    __tablename__ = "api_filings"
    __table_args__ = (
        Index(None, "api_key_id", "created_at"),
        {"sqlite_autoincrement": True},
    )

    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
