"""Tables of what citizens subscribe to, and of what is sent to those who did."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, UtcDateTime, Word, one_of


class CampaignState(StrEnum):
    """From the first words to the last recipient."""

    DRAFT = "draft"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The word that people read."""
        return _LABELS[self]


_LABELS = {
    CampaignState.DRAFT: "草稿",
    CampaignState.APPROVED: "已审核",
    CampaignState.SCHEDULED: "已定时",
    CampaignState.SENDING: "发送中",
    CampaignState.SENT: "已发完",
    CampaignState.CANCELLED: "已取消",
}


class TopicSubscription(Base):
    """A conversation asked for a topic. `ended_at`: until then; `ended_by_id`: the campaign under which the
    citizen pressed the button to be rid of it.
    """

    __tablename__ = "topic_subscriptions"
    __table_args__ = (
        UniqueConstraint("conversation_id", "topic"),
        Index(None, "topic", "ended_at"),
        {"sqlite_autoincrement": True},
    )

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    topic: Mapped[str] = mapped_column(String(24))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"), index=True)


class Campaign(Base):
    """A message to everybody who subscribed to a topic. `written_by_id` wrote it last, and somebody else must
    approve it.
    """

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint(one_of("state", CampaignState), name="state"),
        CheckConstraint("approved_by_id <> written_by_id", name="second_person"),
        {"sqlite_autoincrement": True},
    )

    topic: Mapped[str] = mapped_column(String(24))
    title: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[CampaignState] = mapped_column(Word(CampaignState), default=CampaignState.DRAFT)
    written_by_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    scheduled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_batch_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CampaignMessage(Base):
    """That a conversation was sent a campaign, and as which message: never twice."""

    __tablename__ = "campaign_messages"
    __table_args__ = (
        UniqueConstraint("campaign_id", "conversation_id"),
        {"sqlite_autoincrement": True},
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), unique=True)
