"""Tables of random checks (双随机): rounds, and the tickets that were drawn in them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, Json, UtcDateTime, Word, one_of


class CheckState(StrEnum):
    """Where the check of one ticket stands."""

    DRAWN = "drawn"
    PASSED = "passed"
    TO_RECTIFY = "to_rectify"
    RECTIFIED = "rectified"
    CONFIRMED = "confirmed"

    @property
    def label(self) -> str:
        """The word that people read."""
        return _LABELS[self]


_LABELS = {
    CheckState.DRAWN: "待检查",
    CheckState.PASSED: "合格",
    CheckState.TO_RECTIFY: "待整改",
    CheckState.RECTIFIED: "待复核",
    CheckState.CONFIRMED: "整改完成",
}


class CheckRound(Base):
    """One round: a list that is frozen when it is announced, and a seed that becomes known later.

    `first_day`, `last_day`: tickets closed on these days are on the list. `seed_source`: where anybody can
    look the seed up.
    """

    __tablename__ = "check_rounds"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days"),
        CheckConstraint("sample_size > 0", name="sample_size"),
        CheckConstraint("(seed IS NULL) = (drawn_on IS NULL)", name="drawn"),
        {"sqlite_autoincrement": True},
    )

    title: Mapped[str] = mapped_column(String(120))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    sample_size: Mapped[int]
    candidate_count: Mapped[int]
    list_text: Mapped[str] = mapped_column(Text, deferred=True)
    list_hash: Mapped[str] = mapped_column(String(64))
    announced_by: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    announced_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seed: Mapped[str | None] = mapped_column(Text)
    seed_source: Mapped[str] = mapped_column(Text, default="", server_default="")
    drawn_on: Mapped[date | None] = mapped_column(Date)
    drawn_by: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))


class Check(Base):
    """One drawn ticket. `department` is the unit that it was with when the list was frozen; `recused` are the
    reviewers who stood aside, in that order.
    """

    __tablename__ = "checks"
    __table_args__ = (
        CheckConstraint(one_of("state", CheckState), name="state"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        UniqueConstraint("round_id", "ticket_id"),
        UniqueConstraint("round_id", "position"),
        Index(None, "reviewer_id", "state"),
        Index(None, "department", "state"),
        {"sqlite_autoincrement": True},
    )

    round_id: Mapped[int] = mapped_column(ForeignKey("check_rounds.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    position: Mapped[int]
    department: Mapped[str] = mapped_column(String(48))
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    recused: Mapped[list[int]] = mapped_column(Json, default=list)
    state: Mapped[CheckState] = mapped_column(Word(CheckState), default=CheckState.DRAWN)
    scores: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    score: Mapped[int | None]
    findings: Mapped[str] = mapped_column(Text, default="", server_default="")
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_on: Mapped[date | None] = mapped_column(Date)
    rectification: Mapped[str] = mapped_column(Text, default="", server_default="")
    rectified_by: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    rectified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmation: Mapped[str] = mapped_column(Text, default="", server_default="")
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
