from __future__ import annotations

from datetime import date

import pytest

from actions.spoken_dates import DateInFuture, NoSuchDate, spoken_date

TODAY = date(2026, 11, 26)  # a Thursday


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("我11月3号收到处罚决定书，罚2000，没交", date(2026, 11, 3)),
        ("2026年11月3日收到的", date(2026, 11, 3)),
        ("25年11月3日", date(2025, 11, 3)),
        ("二〇二五年十一月三日收到", date(2025, 11, 3)),
        ("2026-11-03", date(2026, 11, 3)),
        ("2026/11/3", date(2026, 11, 3)),
        ("11.3收到罚单", date(2026, 11, 3)),
        ("十一月十三号", date(2026, 11, 13)),
        ("12月20号收到决定书", date(2025, 12, 20)),
        ("去年12月20号", date(2025, 12, 20)),
        ("2月29号", date(2024, 2, 29)),
        ("这个月3号", date(2026, 11, 3)),
        ("上个月30号收到", date(2026, 10, 30)),
        ("3号收到的", date(2026, 11, 3)),
        ("28号收到的", date(2026, 10, 28)),
        ("31号收到的", date(2026, 10, 31)),
        ("昨天收到", date(2026, 11, 25)),
        ("前天", date(2026, 11, 24)),
        ("大前天", date(2026, 11, 23)),
        ("今天刚拿到", date(2026, 11, 26)),
        ("三天前", date(2026, 11, 23)),
        ("两个星期前", date(2026, 11, 12)),
        ("三个月前", date(2026, 8, 26)),
        ("上周五", date(2026, 11, 20)),
        ("上上星期天", date(2026, 11, 15)),
        ("周一收到", date(2026, 11, 23)),
        ("周日收到", date(2026, 11, 22)),
    ],
)
def test_days_that_people_name(text: str, day: date) -> None:
    found = spoken_date(text, TODAY)

    assert found is not None
    assert found.day == day


@pytest.mark.parametrize("text", ["罚了2.5万", "罚2000元", "来得及复议吗", "", "在3号楼下", "城关路8号院"])
def test_words_that_name_no_day(text: str) -> None:
    assert spoken_date(text, TODAY) is None


@pytest.mark.parametrize(
    "text", ["2月30号", "2025年2月29日", "13月1号", "11月31日", "2026-02-30", "上个月31号上上", "45号收到"]
)
def test_days_that_no_calendar_has(text: str) -> None:
    with pytest.raises(NoSuchDate):
        spoken_date(text, date(2026, 12, 26) if text.startswith("上个月") else TODAY)


@pytest.mark.parametrize("text", ["2027年1月3号", "明天收到", "下周一", "2026年12月1日", "这个月30号"])
def test_days_that_are_still_to_come(text: str) -> None:
    with pytest.raises(DateInFuture):
        spoken_date(text, TODAY)
