"""The day that somebody names in a message: "11月3号", "上周五", "三天前", "昨天".

A day of something that has happened lies in the past, so a day without its year is the last one that did.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from knowledge_base.numerals import chinese_to_int

_NUMERAL = "零〇一二两三四五六七八九十"
_N = rf"(?:\d{{1,3}}|[{_NUMERAL}]{{1,3}})"
_YEAR = r"(?P<year>(?:19|20)\d{2}|\d{2}(?=年)|[零〇一二三四五六七八九]{4}(?=年)|大前年|前年|去年|今年)"
_FULL = re.compile(rf"(?:{_YEAR}(?:年|[-./])?的?)?(?<![\d.])(?P<month>{_N})月份?(?P<day>{_N})[日号]?")
_NUMERIC = re.compile(rf"{_YEAR}[-./年](?P<month>\d{{1,2}})[-./月](?P<day>\d{{1,2}})(?!\d)")
# Without its year 11.3 is a day only where something follows that can't follow an amount.
_DOTTED = re.compile(
    r"(?<![\d.罚款了交缴是])(?P<year>)(?P<month>\d{1,2})[./-](?P<day>\d{1,2})(?=[日号]|收|拿|被|开|那天|送|签|$)"
)
_DAY_OF_MONTH = re.compile(rf"(?P<which>这个?月|本月|上个?月)\s*(?P<day>{_N})\s*[日号]")
_BARE_DAY = re.compile(rf"(?<![月\d{_NUMERAL}])(?P<day>{_N})\s*[日号](?![楼院门店公路线])")
_AGO = re.compile(rf"(?P<number>{_N})\s*(?P<unit>天|个?星期|周|个?月)(?:之?前|以前)")
_WEEKDAY = re.compile(r"(?P<which>上上|上|这|本|下下|下)?个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])")
_WORDS = {"大前天": 3, "前天": 2, "昨天": 1, "昨日": 1, "今天": 0, "今日": 0, "刚刚": 0, "刚才": 0}
_FUTURE_WORDS = re.compile(r"明天|后天|下个?(?:周|星期|月)|明年")
_YEARS_AGO = {"今年": 0, "去年": 1, "前年": 2, "大前年": 3}
_LETTERS = re.compile(r"[\s　]+")


class NoSuchDate(Exception):
    """The text names a day that no calendar has, such as 2月30日; the message is what was said."""


class DateInFuture(Exception):
    """The text names a day that is still to come; the message is what was said."""


@dataclass(frozen=True, slots=True)
class SpokenDate:
    """A day and the words that named it."""

    day: date
    words: str


def spoken_date(text: str, today: date) -> SpokenDate | None:
    """The first day that a text names; None if it names none.

    Raises: NoSuchDate, DateInFuture.
    """
    text = _LETTERS.sub("", text)
    for read in (_relative, _full, _of_month, _ago, _weekday, _bare):
        found = read(text, today)
        if found is not None:
            if found.day > today:
                raise DateInFuture(found.words)
            return found
    if match := _FUTURE_WORDS.search(text):
        raise DateInFuture(match[0])
    return None


def _relative(text: str, today: date) -> SpokenDate | None:
    for word, days in _WORDS.items():
        if word in text:
            return SpokenDate(today - timedelta(days=days), word)
    return None


def _full(text: str, today: date) -> SpokenDate | None:
    match = _NUMERIC.search(text) or _FULL.search(text) or _DOTTED.search(text)
    if match is None:
        return None
    month, day = _number(match["month"]), _number(match["day"])
    if match["year"]:
        return SpokenDate(_date(_year(match["year"], today), month, day, match[0]), match[0])
    if (month, day) == (2, 29):
        # The last year that had it.
        year = next(y for y in range(today.year, today.year - 9, -1) if _is_past_leap_day(y, today))
        return SpokenDate(date(year, 2, 29), match[0])
    this_year = _date(today.year, month, day, match[0])
    return SpokenDate(this_year if this_year <= today else this_year.replace(year=today.year - 1), match[0])


def _of_month(text: str, today: date) -> SpokenDate | None:
    match = _DAY_OF_MONTH.search(text)
    if match is None:
        return None
    first = today.replace(day=1)
    if match["which"].startswith("上"):
        first = (first - timedelta(days=1)).replace(day=1)
    return SpokenDate(_date(first.year, first.month, _number(match["day"]), match[0]), match[0])


def _bare(text: str, today: date) -> SpokenDate | None:
    """ "3号" is the last 3rd that there was."""
    match = _BARE_DAY.search(text)
    if match is None:
        return None
    number = _number(match["day"])
    if not 1 <= number <= 31:
        raise NoSuchDate(match[0])
    first = today.replace(day=1)
    for _ in range(3):
        try:
            found = first.replace(day=number)
        except ValueError:
            found = today + timedelta(days=1)
        if found <= today:
            return SpokenDate(found, match[0])
        first = (first - timedelta(days=1)).replace(day=1)
    raise NoSuchDate(match[0])


def _ago(text: str, today: date) -> SpokenDate | None:
    match = _AGO.search(text)
    if match is None:
        return None
    number = _number(match["number"])
    if "月" in match["unit"]:
        year, month = divmod(today.year * 12 + today.month - 1 - number, 12)
        day = min(today.day, (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day)
        return SpokenDate(date(year, month + 1, day), match[0])
    days = number if match["unit"] == "天" else 7 * number
    return SpokenDate(today - timedelta(days=days), match[0])


def _weekday(text: str, today: date) -> SpokenDate | None:
    match = _WEEKDAY.search(text)
    if match is None:
        return None
    index = "一二三四五六日".index(match["day"].replace("天", "日"))
    monday = today - timedelta(days=today.weekday())
    weeks = {"上上": 2, "上": 1, "下": -1, "下下": -2}.get(match["which"] or "", 0)
    found = monday + timedelta(days=index - 7 * weeks)
    if match["which"] is None and found > today:
        found -= timedelta(days=7)
    return SpokenDate(found, match[0])


def _date(year: int, month: int, day: int, words: str) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise NoSuchDate(words) from error


def _is_past_leap_day(year: int, today: date) -> bool:
    try:
        return date(year, 2, 29) <= today
    except ValueError:
        return False


def _year(words: str, today: date) -> int:
    if words in _YEARS_AGO:
        return today.year - _YEARS_AGO[words]
    return _number(words) + (2000 if len(words) == 2 else 0)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else chinese_to_int(text)
