"""Deadlines on Chinese working days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.categories import DATA_FOLDER, read_yaml
from tickets.deadlines import SHANGHAI, WorkingCalendar
from tickets.errors import CalendarYearMissing
from tickets.models import Priority
from tickets.workflow import TicketKind

CALENDAR = WorkingCalendar.load()


@pytest.mark.parametrize(
    ("day", "is_working"),
    [
        (date(2026, 10, 1), False),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 10), True),  # a Saturday that is worked
        (date(2026, 9, 25), False),
        (date(2026, 11, 23), True),
        (date(2026, 11, 22), False),
    ],
)
def test_is_working_day_knows_holidays_and_days_worked_instead(day: date, is_working: bool) -> None:
    assert CALENDAR.is_working_day(day) is is_working


def test_a_year_without_data_is_refused() -> None:
    year = CALENDAR.last_year + 1

    with pytest.raises(CalendarYearMissing) as caught:
        CALENDAR.is_working_day(date(year, 1, 4))
    assert caught.value.year == year
    with pytest.raises(CalendarYearMissing):
        CALENDAR.due_times("complaint", "normal", datetime(year - 1, 12, 31, 3, tzinfo=UTC))


def test_a_year_can_be_added_by_data() -> None:
    year = CALENDAR.last_year + 1
    calendar = WorkingCalendar(
        read_yaml(DATA_FOLDER / "deadlines.yml"),
        {year: {"source": "测试", "holidays": [date(year, 1, 4)], "workdays": [date(year, 1, 9)]}},
    )

    assert not calendar.is_working_day(date(year, 1, 4))
    assert calendar.is_working_day(date(year, 1, 9))
    assert calendar.last_year == year


def test_due_times_skip_the_national_day_week() -> None:
    received = datetime(2026, 9, 30, 1, 0, tzinfo=UTC)

    due = CALENDAR.due_times(TicketKind.COMPLAINT, Priority.NORMAL, received)

    assert due.accept.astimezone(SHANGHAI) == datetime(2026, 10, 9, 18, 0, tzinfo=SHANGHAI)
    assert due.resolve.astimezone(SHANGHAI).date() == date(2026, 10, 20)


@pytest.mark.parametrize(
    ("received", "accept", "resolve"),
    [
        # 2026: off from 15 to 23 February; worked on Saturday the 14th and on Saturday the 28th.
        ("2026-02-13T10:00+08:00", "2026-02-24", "2026-03-05"),
        ("2026-02-14T23:00+08:00", "2026-02-25", "2026-03-06"),
        ("2026-02-17T10:00+08:00", "2026-02-25", "2026-03-06"),
        # 2025: off from 28 January to 4 February; worked on Sunday 26 January and Saturday 8 February.
        ("2025-01-24T10:00+08:00", "2025-01-27", "2025-02-13"),
    ],
)
def test_due_times_over_the_lunar_new_year(received: str, accept: str, resolve: str) -> None:
    due = CALENDAR.due_times("complaint", "normal", datetime.fromisoformat(received))

    days = [moment.astimezone(SHANGHAI).date().isoformat() for moment in (due.accept, due.resolve)]
    assert days == [accept, resolve]


def test_an_urgent_ticket_is_accepted_by_the_clock() -> None:
    received = datetime(2026, 10, 3, 20, 0, tzinfo=UTC)

    due = CALENDAR.due_times(TicketKind.HELP, Priority.URGENT, received)

    assert due.accept == datetime(2026, 10, 3, 22, 0, tzinfo=UTC)


def test_the_day_of_receipt_is_the_day_in_shanghai() -> None:
    late = datetime(2026, 11, 23, 15, 59, tzinfo=UTC)
    night = datetime(2026, 11, 23, 16, 1, tzinfo=UTC)

    first = CALENDAR.due_times("consultation", "normal", late).accept
    second = CALENDAR.due_times("consultation", "normal", night).accept

    assert (first.astimezone(SHANGHAI).day, second.astimezone(SHANGHAI).day) == (24, 25)


@pytest.mark.parametrize("kind", TicketKind)
@pytest.mark.parametrize("priority", Priority)
def test_every_kind_and_priority_has_a_policy_in_order(kind: TicketKind, priority: Priority) -> None:
    received = datetime(2026, 11, 23, 1, tzinfo=UTC)

    due = CALENDAR.due_times(kind, priority, received)

    assert received < due.accept <= due.first_reply <= due.resolve


def test_policies_without_a_last_line_are_refused() -> None:
    policy = read_yaml(DATA_FOLDER / "deadlines.yml")
    calendar = WorkingCalendar(policy | {"policies": policy["policies"][:1]}, {})

    with pytest.raises(ValueError, match="last line"):
        calendar.due_times("complaint", "normal", datetime(2026, 11, 23, tzinfo=UTC))


@given(st.dates(date(2024, 1, 1), date(2026, 6, 30)), st.integers(1, 60))
def test_counting_forward_and_back_agree(day: date, count: int) -> None:
    last = CALENDAR.add_working_days(day, count)

    assert CALENDAR.is_working_day(last)
    assert CALENDAR.working_days_between(day, last) == count
    assert CALENDAR.working_days_between(last, day) == -count


def test_working_hours_count_office_hours_only() -> None:
    monday_noon = datetime(2026, 11, 23, 11, 0, tzinfo=SHANGHAI)
    tuesday = datetime(2026, 11, 24, 9, 30, tzinfo=SHANGHAI)
    friday = datetime(2026, 11, 20, 17, 0, tzinfo=SHANGHAI)

    assert CALENDAR.hours_in_a_day == 7
    assert CALENDAR.working_hours_between(monday_noon, tuesday) == 1 + 3 + 1.5
    assert CALENDAR.working_hours_between(tuesday, monday_noon) == -5.5
    assert CALENDAR.working_hours_between(friday, monday_noon) == 1 + 3


def test_an_extension_adds_working_days() -> None:
    due_at = datetime(2026, 12, 7, 10, tzinfo=UTC)

    assert CALENDAR.extended(due_at).astimezone(SHANGHAI).date() == date(2026, 12, 21)
    assert CALENDAR.extensions_allowed == 1
