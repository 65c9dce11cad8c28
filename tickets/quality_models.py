"""Tables of the answer-quality desk: what went badly, in groups of one matter, and what is done about it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, Json, UtcDateTime, Word, one_of


class GapKind(StrEnum):
    """Why a message is here."""

    UNANSWERED = "unanswered"
    DISLIKED = "disliked"
    UNCLEAR = "unclear"

    @property
    def label(self) -> str:
        """The words that officers read."""
        return {"unanswered": "没有答案", "disliked": "答得不好", "unclear": "没有看懂"}[self]


class GapOutcome(StrEnum):
    """How a group was closed."""

    CARD = "card"
    LABEL = "label"
    DISMISSED = "dismissed"

    @property
    def label(self) -> str:
        """The words that officers read."""
        return {"card": "写了规则卡", "label": "标注了意图", "dismissed": "不用处理"}[self]


class DraftStatus(StrEnum):
    """Where a card stands on its way to speaking."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The words that officers read."""
        return {"draft": "起草中", "in_review": "待审核", "published": "已发布", "withdrawn": "已撤下"}[self]


class GapGroup(Base):
    """Messages of one matter. `title` is the first of them; `count` repeats how many there are."""

    __tablename__ = "gap_groups"
    __table_args__ = (
        CheckConstraint(one_of("outcome", GapOutcome), name="outcome"),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed_at"),
        Index(
            "ix_gap_groups_open",
            "count",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    title: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    outcome: Mapped[GapOutcome | None] = mapped_column(Word(GapOutcome))
    note: Mapped[str] = mapped_column(Text, default="", server_default="")


class Gap(Base):
    """One message that the assistant did not serve well. `text` is masked before it comes here."""

    __tablename__ = "gaps"
    __table_args__ = (
        CheckConstraint(one_of("kind", GapKind), name="kind"),
        {"sqlite_autoincrement": True},
    )

    group_id: Mapped[int] = mapped_column(ForeignKey("gap_groups.id"), index=True)
    kind: Mapped[GapKind] = mapped_column(Word(GapKind))
    text: Mapped[str] = mapped_column(Text)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), unique=True)
    card_id: Mapped[str | None] = mapped_column(String(40))
    intent: Mapped[str] = mapped_column(String(40), default="", server_default="")
    category: Mapped[str | None] = mapped_column(String(40))
    confidence: Mapped[float] = mapped_column(default=0.0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Label(Base):
    """What a masked message means, by an editor's word: training data once it is exported."""

    __tablename__ = "labels"
    __table_args__ = ({"sqlite_autoincrement": True},)

    text: Mapped[str] = mapped_column(Text, unique=True)
    intent: Mapped[str] = mapped_column(String(40))
    category: Mapped[str | None] = mapped_column(String(40))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("gap_groups.id"), index=True)
    officer_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CardDraft(Base):
    """A rule card written or mended at the desk. `content` is the card in the form of the files in
    `knowledge_base/cards`.
    """

    __tablename__ = "card_drafts"
    __table_args__ = (
        CheckConstraint(one_of("status", DraftStatus), name="status"),
        CheckConstraint("reviewer_id <> author_id", name="four_eyes"),
        Index(
            "uq_card_drafts_under_way",
            "card_id",
            unique=True,
            sqlite_where=text("status IN ('draft', 'in_review')"),
            postgresql_where=text("status IN ('draft', 'in_review')"),
        ),
        {"sqlite_autoincrement": True},
    )

    card_id: Mapped[str] = mapped_column(String(40))
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    status: Mapped[DraftStatus] = mapped_column(Word(DraftStatus), default=DraftStatus.DRAFT)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("gap_groups.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
