"""How long a citizen has waited, as a mark: words first, colour second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import dates
from tickets.deadlines import WorkingCalendar
from tickets.errors import CalendarYearMissing

LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class WaitMark:
    """What to show of a wait. Only time in the office counts: at night nobody is late.

    Attributes:
        level: "late" (an alarm) or "normal".
    """

    level: str
    text: str


def wait_mark(since: datetime, now: datetime, calendar: WorkingCalendar) -> WaitMark:
    """The mark of somebody who waits since then."""
    length = dates.span(now - since)
    text = "刚开始等" if length == "刚刚" else f"已等{length}"
    return WaitMark("late" if is_late(since, now, calendar) else "normal", text)


def is_late(since: datetime, now: datetime, calendar: WorkingCalendar) -> bool:
    """Whether the citizen has waited too long, counted in office hours."""
    try:
        return calendar.working_hours_between(since, now) * 3600 >= LATE.total_seconds()
    except CalendarYearMissing:
        return now - since >= LATE
