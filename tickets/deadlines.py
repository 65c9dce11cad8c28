"""Deadlines on Chinese working days: weekends, public holidays and the weekend days worked instead (调休).

The days come from the package chinesecalendar (the State Council's notices, 2004 to the last year
announced) and from `data/holidays.yml` for years that the package doesn't know yet. A year that neither
knows is refused, not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chinese_calendar import constants

from tickets.categories import DATA_FOLDER, read_yaml
from tickets.errors import CalendarYearMissing
from tickets.models import Priority
from tickets.workflow import TicketKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class DueTimes:
    """Moments in UTC by which a ticket shall be accepted, replied to for the first time, and resolved."""

    accept: datetime
    first_reply: datetime
    resolve: datetime


class WorkingCalendar:
    """Working days, and the periods that the bureau promises."""

    def __init__(self, policy: Mapping[str, Any], years: Mapping[int, Mapping[str, Any]]) -> None:
        self._policy = policy
        self.day_ends_at = time.fromisoformat(policy["day_ends_at"])
        self._office_hours = [
            (time.fromisoformat(opens), time.fromisoformat(closes))
            for opens, closes in policy["office_hours"]
        ]
        self._holidays = set(constants.holidays)
        self._workdays = set(constants.workdays)
        self._years = {day.year for day in constants.holidays}
        for year, row in years.items():
            self._holidays.update(row.get("holidays", ()))
            self._workdays.update(row.get("workdays", ()))
            self._years.add(int(year))

    @classmethod
    def load(cls, folder: Path = DATA_FOLDER) -> WorkingCalendar:
        """Read deadlines.yml and holidays.yml of a folder."""
        return cls(read_yaml(folder / "deadlines.yml"), read_yaml(folder / "holidays.yml")["years"] or {})

    @property
    def last_year(self) -> int:
        """The last year whose holidays are known. Somebody should be told when it is about to end."""
        last: int = max(self._years)
        return last

    def is_working_day(self, day: date) -> bool:
        """Raises: CalendarYearMissing."""
        if day.year not in self._years:
            raise CalendarYearMissing(day.year)
        if day in self._workdays:
            return True
        return day.weekday() < _SATURDAY and day not in self._holidays

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`, which itself isn't counted.

        Raises: CalendarYearMissing.
        """
        while count > 0:
            day += timedelta(days=1)
            count -= self.is_working_day(day)
        return day

    def working_days_between(self, first: date, last: date) -> int:
        """Working days after `first` up to and with `last`; negative if `last` is earlier.

        Raises: CalendarYearMissing.
        """
        if last < first:
            return -self.working_days_between(last, first)
        days = (first + timedelta(days=number) for number in range(1, (last - first).days + 1))
        return sum(self.is_working_day(day) for day in days)

    @property
    def hours_in_a_day(self) -> float:
        """Working hours of one working day."""
        return sum((_span(*hours) for hours in self._office_hours), timedelta()).total_seconds() / 3600

    def working_hours_between(self, start: datetime, end: datetime) -> float:
        """Office hours from `start` to `end`; negative if `end` is earlier.

        Raises: CalendarYearMissing.
        """
        if end < start:
            return -self.working_hours_between(end, start)
        first, last = start.astimezone(SHANGHAI), end.astimezone(SHANGHAI)
        total = timedelta()
        for number in range((last.date() - first.date()).days + 1):
            day = first.date() + timedelta(days=number)
            if self.is_working_day(day):
                total += sum(
                    (self._overlap(day, hours, first, last) for hours in self._office_hours), timedelta()
                )
        return total.total_seconds() / 3600

    def next_opening(self, at: datetime) -> datetime:
        """When somebody is in the office, UTC: `at` itself within office hours, else the next opening.

        Raises: CalendarYearMissing.
        """
        day = at.astimezone(SHANGHAI).date()
        while True:
            if self.is_working_day(day):
                for opens, closes in self._office_hours:
                    if at < datetime.combine(day, closes, SHANGHAI):
                        return max(at, datetime.combine(day, opens, SHANGHAI)).astimezone(UTC)
            day += timedelta(days=1)

    @staticmethod
    def _overlap(day: date, hours: tuple[time, time], first: datetime, last: datetime) -> timedelta:
        opens, closes = (datetime.combine(day, moment, SHANGHAI) for moment in hours)
        return max(min(closes, last) - max(opens, first), timedelta())

    def due_times(self, kind: TicketKind | str, priority: Priority | str, at: datetime) -> DueTimes:
        """What is promised to a ticket received at `at` (aware).

        Raises: CalendarYearMissing.
        """
        policy = self._policy_for(TicketKind(kind), Priority(priority))
        return DueTimes(
            accept=self.after(at, policy["accept"]),
            first_reply=self.after(at, policy["first_reply"]),
            resolve=self.after(at, policy["resolve"]),
        )

    def extended(self, due_at: datetime) -> datetime:
        """A deadline after an approved extension.

        Raises: CalendarYearMissing.
        """
        return self.after(due_at, self._policy["extension"])

    @property
    def extensions_allowed(self) -> int:
        """How often a ticket's deadline may be extended."""
        return int(self._policy["extension"]["times"])

    def after(self, at: datetime, period: Mapping[str, int]) -> datetime:
        """`at` plus hours by the clock, or the end of the n-th working day after it.

        Raises: CalendarYearMissing.
        """
        if "hours" in period:
            return (at + timedelta(hours=period["hours"])).astimezone(UTC)
        day = self.add_working_days(at.astimezone(SHANGHAI).date(), period["working_days"])
        return datetime.combine(day, self.day_ends_at, SHANGHAI).astimezone(UTC)

    def _policy_for(self, kind: TicketKind, priority: Priority) -> Mapping[str, Any]:
        for row in self._policy["policies"]:
            if row.get("kind", kind) == kind and row.get("priority", priority) == priority:
                found: Mapping[str, Any] = row
                return found
        raise ValueError("deadlines.yml has no last line that fits everything")


def _span(opens: time, closes: time) -> timedelta:
    return timedelta(hours=closes.hour - opens.hour, minutes=closes.minute - opens.minute)
