"""Who is on duty on a day: turns in order, leave, and days handed over to somebody else. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from tickets.legal_models import DutyLeave, HandOver, RotaPlan


class Because(StrEnum):
    """Why somebody is on duty, or that nobody is."""

    TURN = "turn"
    STANDS_IN = "stands_in"
    HANDED_OVER = "handed_over"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Duty:
    """One day.

    Attributes:
        officer_id: who is on duty; None when nobody is.
        regular_id: whose turn it would be without leave and hand-over; None without a plan.
    """

    day: date
    officer_id: int | None
    because: Because
    regular_id: int | None = None


@dataclass(frozen=True, slots=True)
class Rota:
    """All that decides about duty, as it stands now.

    Attributes:
        is_available: whether an officer can be on duty at all: an open account with an adviser's role.
    """

    plans: Sequence[RotaPlan]
    leaves: Sequence[DutyLeave]
    hand_overs: Sequence[HandOver]
    turn_days: int
    is_available: Callable[[int], bool]

    def plan_on(self, day: date) -> RotaPlan | None:
        """The plan in force: of those that have begun the one that begins last, the newest of several."""
        begun = [plan for plan in self.plans if plan.starts_on <= day]
        return max(begun, key=lambda plan: (plan.starts_on, plan.id), default=None)

    def is_away(self, officer_id: int, day: date) -> bool:
        """Whether an officer is on leave, or can't be on duty any more."""
        return not self.is_available(officer_id) or any(
            leave.officer_id == officer_id and leave.first_day <= day <= leave.last_day
            for leave in self.leaves
            if leave.cancelled_at is None
        )

    def on(self, day: date) -> Duty:
        """Who is on duty on a day, working day or not."""
        plan = self.plan_on(day)
        if plan is None or not plan.officer_ids:
            return Duty(day, None, Because.NOBODY)
        people = plan.officer_ids
        turn = (day - plan.starts_on).days // self.turn_days % len(people)
        regular = people[turn]
        taker = self._taker(regular, day)
        if taker is not None:
            return Duty(day, taker, Because.HANDED_OVER, regular)
        for step in range(len(people)):
            candidate = people[(turn + step) % len(people)]
            if not self.is_away(candidate, day):
                return Duty(day, candidate, Because.STANDS_IN if step else Because.TURN, regular)
        return Duty(day, None, Because.NOBODY, regular)

    def week(self, monday: date) -> list[Duty]:
        """Seven days from `monday` on."""
        return [self.on(monday + timedelta(days=number)) for number in range(7)]

    def _taker(self, regular: int, day: date) -> int | None:
        """Who has taken the day over, if they are there; the newest agreement counts."""
        for agreed in sorted(self.hand_overs, key=lambda one: -one.id):
            covers = agreed.from_officer_id == regular and agreed.first_day <= day <= agreed.last_day
            if covers and agreed.cancelled_at is None and not self.is_away(agreed.to_officer_id, day):
                return agreed.to_officer_id
        return None


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())
