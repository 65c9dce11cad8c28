"""Who is on duty: turns, leave, hand-overs."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from tests.factories import CALENDAR, NOW
from tickets.duty import next_duty_day
from tickets.legal_models import DutyLeave, HandOver, RotaPlan
from tickets.rota import Because, Rota, monday_of

MONDAY = date(2026, 11, 23)
FRIDAY = date(2026, 11, 27)


def _plan(*people: int, starts_on: date = MONDAY, number: int = 1) -> RotaPlan:
    return RotaPlan(id=number, starts_on=starts_on, officer_ids=list(people), created_by=9, created_at=NOW)


def _leave(officer_id: int, first: date, last: date) -> DutyLeave:
    return DutyLeave(
        officer_id=officer_id, first_day=first, last_day=last, reason="", created_by=9, created_at=NOW
    )


def _hand_over(number: int, giver: int, taker: int, first: date, last: date) -> HandOver:
    return HandOver(
        id=number,
        from_officer_id=giver,
        to_officer_id=taker,
        first_day=first,
        last_day=last,
        note="",
        created_by=9,
        created_at=NOW,
    )


def _rota(
    *plans: RotaPlan,
    leaves: list[DutyLeave] | None = None,
    hand_overs: list[HandOver] | None = None,
    gone: set[int] | None = None,
) -> Rota:
    return Rota(plans, leaves or [], hand_overs or [], 7, lambda one: one not in (gone or set()))


def _weeks(rota: Rota, count: int) -> list[int | None]:
    return [rota.on(MONDAY + timedelta(weeks=number)).officer_id for number in range(count)]


def test_two_advisers_take_turns_by_the_week_without_end() -> None:
    rota = _rota(_plan(1, 2))

    assert _weeks(rota, 5) == [1, 2, 1, 2, 1]
    assert {duty.officer_id for duty in rota.week(MONDAY)} == {1}
    assert rota.on(MONDAY).because is Because.TURN
    assert rota.on(MONDAY + timedelta(weeks=520)).officer_id == 1


def test_before_the_first_plan_nobody_is_on_duty() -> None:
    duty = _rota(_plan(1, 2)).on(MONDAY - timedelta(days=1))

    assert (duty.officer_id, duty.because, duty.regular_id) == (None, Because.NOBODY, None)


def test_a_later_plan_leaves_the_weeks_before_it_as_they_were() -> None:
    rota = _rota(_plan(1, 2), _plan(3, starts_on=MONDAY + timedelta(weeks=2), number=2))

    assert _weeks(rota, 4) == [1, 2, 3, 3]


def test_the_newest_of_two_plans_for_one_week_counts() -> None:
    assert _rota(_plan(1), _plan(2, number=2)).on(MONDAY).officer_id == 2


def test_the_next_in_turn_stands_in_for_who_is_on_leave() -> None:
    rota = _rota(_plan(1, 2), leaves=[_leave(1, MONDAY, MONDAY + timedelta(days=1))])

    assert [duty.officer_id for duty in rota.week(MONDAY)] == [2, 2, 1, 1, 1, 1, 1]
    assert rota.on(MONDAY).because is Because.STANDS_IN
    assert rota.on(MONDAY).regular_id == 1


def test_with_everybody_on_leave_nobody_is_on_duty() -> None:
    rota = _rota(_plan(1, 2), leaves=[_leave(1, MONDAY, MONDAY), _leave(2, MONDAY, MONDAY)])

    duty = rota.on(MONDAY)
    assert (duty.officer_id, duty.because, duty.regular_id) == (None, Because.NOBODY, 1)


def test_a_closed_account_is_never_on_duty() -> None:
    assert _weeks(_rota(_plan(1, 2), gone={1}), 2) == [2, 2]


def test_days_handed_over_are_the_takers_and_only_those_of_the_givers_turn() -> None:
    rota = _rota(_plan(1, 2, 3), hand_overs=[_hand_over(1, 1, 3, MONDAY, MONDAY + timedelta(days=8))])

    week, next_week = rota.week(MONDAY), rota.week(MONDAY + timedelta(days=7))
    assert {duty.officer_id for duty in week} == {3}
    assert week[0].because is Because.HANDED_OVER
    assert {duty.officer_id for duty in next_week} == {2}


def test_a_taker_on_leave_gives_the_day_back_and_the_newest_agreement_counts() -> None:
    agreed = [_hand_over(1, 1, 2, MONDAY, MONDAY), _hand_over(2, 1, 3, MONDAY, MONDAY)]

    assert _rota(_plan(1, 2, 3), hand_overs=agreed).on(MONDAY).officer_id == 3
    away = [_leave(3, MONDAY, MONDAY)]
    assert _rota(_plan(1, 2, 3), hand_overs=agreed, leaves=away).on(MONDAY).officer_id == 2


@pytest.mark.parametrize(
    ("local", "day"),
    [
        ("2026-11-27T17:59+08:00", FRIDAY),
        ("2026-11-27T18:00+08:00", date(2026, 11, 30)),
        ("2026-11-28T09:00+08:00", date(2026, 11, 30)),
        # National Day lasts to the 7th.
        ("2026-10-01T09:00+08:00", date(2026, 10, 8)),
        # Nobody knows the holidays of that year yet: the day itself, rather than an error.
        ("2030-01-05T09:00+08:00", date(2030, 1, 5)),
    ],
)
def test_what_comes_in_outside_of_office_hours_is_the_next_working_days(local: str, day: date) -> None:
    assert next_duty_day(CALENDAR, datetime.fromisoformat(local)) == day


def test_weeks_begin_on_monday() -> None:
    assert monday_of(date(2026, 11, 29)) == MONDAY
