"""Tables of other systems: the keys they come with, what they filed, what they are told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, Json, UtcDateTime, Word, one_of
from tickets.leases import WAITING, Leased


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


class HookState(StrEnum):
    """Whether a receiver is told: at once, later (what happens is kept for it), or never again."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"

    @property
    def label(self) -> str:
        """The word that people read."""
        return {"active": "在用", "paused": "暂停", "ended": "已停用"}[self.value]


class WebhookSubscription(Base):
    """Another system that is told what happens to tickets, and may report back.

    Attributes:
        events: names of events; [] means all.
        secret: sealed; signs what we send.
        inbound_secret: sealed; signs what they send. None: they may not.
        with_personal_data: the news carry words, place and contact, too.
        pause_reason: "operator", or "gone" when the receiver answered 410.
    """

    __tablename__ = "webhook_subscriptions"
    __table_args__ = (
        CheckConstraint(one_of("state", HookState), name="state"),
        {"sqlite_autoincrement": True},
    )

    name: Mapped[str] = mapped_column(String(60), unique=True)
    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[list[str]] = mapped_column(Json)
    secret: Mapped[str] = mapped_column(Text)
    inbound_secret: Mapped[str | None] = mapped_column(Text)
    with_personal_data: Mapped[bool]
    state: Mapped[HookState] = mapped_column(Word(HookState), default=HookState.ACTIVE)
    pause_reason: Mapped[str] = mapped_column(String(16), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WebhookDelivery(Leased):
    """One entry of a ticket's history that a receiver is to be told. The words are put together when it is
    sent, so that none lie here and what was erased meanwhile is not sent.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("subscription_id", "ticket_id", "entry_number"),
        Index(
            "ix_webhook_deliveries_waiting",
            "subscription_id",
            "ticket_id",
            "id",
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
        {"sqlite_autoincrement": True},
    )

    subscription_id: Mapped[int] = mapped_column(ForeignKey("webhook_subscriptions.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    entry_number: Mapped[int]
    event: Mapped[str] = mapped_column(String(40))
    delivery_id: Mapped[str] = mapped_column(String(40), unique=True)


class WebhookReceipt(Base):
    """A message of another system that was acted on: the same one again does nothing."""

    __tablename__ = "webhook_receipts"
    __table_args__ = (
        UniqueConstraint("subscription_id", "message_id"),
        Index(None, "received_at"),
        {"sqlite_autoincrement": True},
    )

    subscription_id: Mapped[int] = mapped_column(ForeignKey("webhook_subscriptions.id"))
    message_id: Mapped[str] = mapped_column(String(128))
    body_hash: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
