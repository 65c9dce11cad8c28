"""Tables of legal advice: who is on duty, and answers that wait for a second pair of eyes."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, Json, UtcDateTime, Word, one_of


class RotaPlan(Base):
    """Who takes turns from a Monday on, until the next plan begins. Plans are added and never edited, so that
    the calendar of past weeks stays what it was.

    `officer_ids`: in the order of their turns.
    """

    __tablename__ = "rota_plans"
    __table_args__ = (Index(None, "starts_on"), {"sqlite_autoincrement": True})

    starts_on: Mapped[date] = mapped_column(Date)
    officer_ids: Mapped[list[int]] = mapped_column(Json)
    created_by: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DutyLeave(Base):
    """Days, both ends included, on which an adviser isn't there: the next in turn stands in."""

    __tablename__ = "duty_leaves"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days"),
        Index(None, "last_day"),
        {"sqlite_autoincrement": True},
    )

    officer_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    created_by: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class HandOver(Base):
    """One adviser's days of duty go to another (交接), and on the first of them the open consultations, too.

    `passed_at`: when these were passed on; None before.
    """

    __tablename__ = "hand_overs"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days"),
        CheckConstraint("from_officer_id <> to_officer_id", name="officers"),
        Index(None, "last_day"),
        {"sqlite_autoincrement": True},
    )

    from_officer_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    to_officer_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    note: Mapped[str] = mapped_column(Text)
    created_by: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    passed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DraftState(StrEnum):
    """Where an answer stands that must be reviewed."""

    PENDING = "pending"
    APPROVED = "approved"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The word that people read."""
        return _STATE_LABELS[self]


_STATE_LABELS = {
    DraftState.PENDING: "待审核",
    DraftState.APPROVED: "审核通过",
    DraftState.RETURNED: "退回修改",
    DraftState.WITHDRAWN: "已撤回",
}


class AnswerDraft(Base):
    """An answer that goes to the citizen only after somebody else has approved it (法制审核).

    `reasons`: codes of the rules that ask for the review, "marked" if the author did. `resolves`: the ticket
    is resolved with the answer.
    """

    __tablename__ = "answer_drafts"
    __table_args__ = (
        CheckConstraint(one_of("state", DraftState), name="state"),
        # Four eyes, also for whoever writes with raw SQL.
        CheckConstraint("reviewer_id <> author_id", name="four_eyes"),
        CheckConstraint("state NOT IN ('approved', 'returned') OR reviewer_id IS NOT NULL", name="reviewed"),
        Index(
            "uq_answer_drafts_pending",
            "ticket_id",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        {"sqlite_autoincrement": True},
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    reasons: Mapped[list[str]] = mapped_column(Json)
    resolves: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[DraftState] = mapped_column(Word(DraftState), default=DraftState.PENDING)
    author_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    reviewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
