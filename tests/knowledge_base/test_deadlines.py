from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from icalendar import Calendar

from knowledge_base.deadlines import (
    OTHER_RULES,
    RULES,
    Case,
    as_ics,
    deadlines_of,
    surcharge,
)
from knowledge_base.numerals import quantities
from knowledge_base.statutes.library import StatuteLibrary

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("rule", [*RULES.values(), *OTHER_RULES])
def test_every_rule_is_what_its_article_says(rule: object, library: StatuteLibrary) -> None:
    article = library.article(rule.law, rule.article, TODAY)  # type: ignore[attr-defined]  # one of two unions

    assert article is not None
    assert rule.words in article.text  # type: ignore[attr-defined]
    said = {(q.value, q.unit) for q in quantities(rule.words)}  # type: ignore[attr-defined]
    if rule.days:  # type: ignore[attr-defined]
        assert said == {(rule.days, "日")}  # type: ignore[attr-defined]
    if rule.months:  # type: ignore[attr-defined]
        assert said == {(rule.months, "月")}  # type: ignore[attr-defined]


def test_days_after_a_penalty() -> None:
    found = {d.code: d.last_day for d in deadlines_of(Case(decided_on=date(2026, 3, 2)))}

    assert found == {
        "pay": date(2026, 3, 17),
        "reconsideration": date(2026, 5, 6),  # 5月1日 and the days off after it
        "suit": date(2026, 9, 2),
    }


def test_a_penalty_on_the_spot_goes_to_reconsideration_first() -> None:
    found = deadlines_of(Case(decided_on=date(2026, 3, 2), on_the_spot=True))

    assert [d.code for d in found] == ["pay", "reconsideration"]
    assert "先申请行政复议" in found[1].note


def test_a_suit_after_reconsideration_has_its_own_days() -> None:
    found = deadlines_of(Case(decided_on=date(2026, 3, 2), reconsidered_on=date(2026, 6, 1)))

    assert {d.code: d.last_day for d in found}["suit_after_reconsideration"] == date(2026, 6, 16)
    assert "suit" not in {d.code for d in found}


def test_a_hearing_is_asked_for_within_working_days() -> None:
    # 2026-09-28 is a Monday; 国庆 lies between, and Saturday 2026-10-10 is worked.
    (found,) = deadlines_of(Case(hearing_told_on=date(2026, 9, 28)))

    assert found.last_day == date(2026, 10, 10)
    assert found.is_certain


def test_holidays_that_are_not_published_are_told() -> None:
    (found,) = deadlines_of(Case(reconsidered_on=date(2030, 9, 20)))

    assert found.last_day == date(2030, 10, 7)
    assert not found.is_certain
    assert "还没有公布" in found.note


def test_six_months_end_on_the_last_day_of_a_shorter_month() -> None:
    found = {d.code: d.last_day for d in deadlines_of(Case(decided_on=date(2025, 8, 31)))}

    assert found["suit"] == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("days", "amount", "capped"),
    [
        (-3, "0.00", False),
        (0, "0.00", False),
        (1, "6.00", False),
        (33, "198.00", False),
        (34, "200", True),
        (400, "200", True),
    ],
)
def test_the_surcharge_never_exceeds_the_fine(days: int, amount: str, capped: bool) -> None:
    due = date(2026, 3, 17)

    found = surcharge(Decimal(200), due, date.fromordinal(due.toordinal() + days))

    assert (found.amount, found.is_capped) == (Decimal(amount), capped)


def test_days_in_court_are_not_counted() -> None:
    paused = [(date(2026, 3, 20), date(2026, 3, 29))]

    assert surcharge(Decimal(100), date(2026, 3, 17), date(2026, 3, 31), paused).days == 4


def test_a_negative_fine_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        surcharge(Decimal(-1), TODAY, TODAY)


def test_the_calendar_file_is_well_formed() -> None:
    made_at = datetime(2026, 11, 23, 2, tzinfo=UTC)
    days = deadlines_of(Case(decided_on=date(2026, 3, 2), on_the_spot=True))

    read = Calendar.from_ical(as_ics(days, made_at))

    events = list(read.walk("VEVENT"))
    assert [event["summary"] for event in events] == ["缴纳罚款的最后一天", "申请行政复议的最后一天"]
    assert events[0].start == date(2026, 3, 17)
    assert "第六十七条" in events[0]["description"]
    assert len({event["uid"] for event in events}) == 2
    # Nine in the morning, a week and a day before.
    reminders = [alarm["trigger"].dt for alarm in events[0].walk("VALARM")]
    assert reminders == [-timedelta(days=6, hours=15), -timedelta(hours=15)]


def test_a_last_day_on_a_holiday_says_how_it_was_counted() -> None:
    (found,) = (d for d in deadlines_of(Case(decided_on=date(2026, 3, 2))) if d.code == "reconsideration")

    assert (found.counted_to, found.last_day) == (date(2026, 5, 1), date(2026, 5, 6))
    assert "5月1日是放假" in found.note
