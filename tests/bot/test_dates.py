from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot import dates
from bot.desk.due import due_mark
from tests.factories import CALENDAR, NOW
from tickets.workflow import Status


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 11, 23, 6, 5, tzinfo=UTC), "11月23日 14:05"),
        (datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "11月24日 00:00"),
        (datetime(2025, 12, 31, 15, 59, tzinfo=UTC), "2025年12月31日 23:59"),
    ],
)
def test_moments_are_in_chinese_time(at: datetime, expected: str) -> None:
    assert dates.moment(at, date(2026, 11, 23)) == expected


def test_days_are_dates_or_moments() -> None:
    assert dates.day(date(2026, 1, 2), date(2026, 11, 23)) == "1月2日"
    assert dates.day(date(2027, 1, 2), date(2026, 11, 23)) == "2027年1月2日"


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ({"seconds": 59}, "刚刚"),
        ({"minutes": 5}, "5分钟前"),
        ({"hours": 3, "minutes": 59}, "3小时前"),
        ({"days": 2, "hours": 23}, "2天前"),
    ],
)
def test_spans_take_their_largest_unit(length: dict[str, float], expected: str) -> None:
    assert dates.ago(NOW - timedelta(**length), NOW) == expected


@pytest.mark.parametrize(
    ("due_at", "level", "text"),
    [
        (datetime(2026, 11, 21, 6, 5, tzinfo=UTC), "overdue", "逾期2天"),
        (NOW, "overdue", "逾期不到1分钟"),
        (NOW + timedelta(seconds=30), "soon", "还剩不到1分钟"),
        (NOW + timedelta(hours=2, minutes=40), "soon", "还剩1个工作时"),
        (datetime(2026, 11, 24, 2, 0, tzinfo=UTC), "soon", "还剩5个工作时"),
        (datetime(2026, 11, 27, 10, 0, tzinfo=UTC), "normal", "还剩4个工作日"),
        (datetime(2027, 2, 27, 10, 0, tzinfo=UTC), "normal", "还剩96天"),
        (None, "none", "无期限"),
    ],
)
def test_deadlines_are_told_in_working_time(due_at: datetime | None, level: str, text: str) -> None:
    mark = due_mark(Status.IN_PROGRESS, due_at, NOW, CALENDAR)

    assert (mark.level, mark.text) == (level, text)


def test_a_new_ticket_shows_the_time_to_accept_it() -> None:
    accept, resolve = NOW + timedelta(days=1, hours=1), NOW + timedelta(days=9)

    assert due_mark(Status.SUBMITTED, resolve, NOW, CALENDAR, accept).exact == "11月24日 15:05前受理"
    assert due_mark(Status.ACCEPTED, resolve, NOW, CALENDAR, accept).exact == "12月2日 14:05前办结"
    assert due_mark(Status.CLOSED, resolve, NOW, CALENDAR, accept).text == ""
