"""A ticket's deadline as a mark: words first, colour second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import dates
from tickets.deadlines import WorkingCalendar
from tickets.errors import CalendarYearMissing
from tickets.workflow import Status

SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class DueMark:
    """What to show of a deadline.

    Attributes:
        level: "overdue", "soon", "normal", "none" (no deadline or nothing left to do).
        text: "逾期2天", "还剩3个工作时", "还剩4个工作日".
        exact: "11月27日 18:00前", or "".
    """

    level: str
    text: str
    exact: str


def due_mark(
    status: Status,
    due_at: datetime | None,
    now: datetime,
    calendar: WorkingCalendar,
    accept_due_at: datetime | None = None,
) -> DueMark:
    """The mark of a ticket: the time to resolve it, or to accept it while that is to be done and known."""
    if not status.is_open:
        return DueMark("none", "", "")
    what = "办结"
    if status is Status.SUBMITTED and accept_due_at is not None:
        due_at, what = accept_due_at, "受理"
    if due_at is None:
        return DueMark("none", "无期限", "节假日安排公布后推算")
    exact = f"{dates.moment(due_at)}前{what}"
    if due_at <= now:
        return DueMark("overdue", f"逾期{_length(now - due_at)}", exact)
    level = "soon" if due_at - now < SOON else "normal"
    try:
        return DueMark(level, dates.time_left(due_at, now, calendar), exact)
    except CalendarYearMissing:
        return DueMark(level, f"还剩{_length(due_at - now)}", exact)


def _length(length: timedelta) -> str:
    return dates.span(length) if length >= timedelta(minutes=1) else "不到1分钟"
