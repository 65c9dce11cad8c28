"""What a question says besides its matter: the day it is about, the law it quotes, whether it follows
another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from knowledge_base.citations import CitationFinder, Mention
from knowledge_base.numerals import chinese_to_int
from knowledge_base.words import simplified

_NUMERAL = "一二三四五六七八九十"
_MONTH = rf"(\d{{1,2}}|[{_NUMERAL}]{{1,2}})月(?:份|底|初|中旬)?"
_YEARS_AGO = {"今年": 0, "去年": 1, "上年": 1, "前年": 2, "大前年": 3}
_RELATIVE = re.compile(rf"(大前年|前年|去年|上年|今年)(?:的)?(?:{_MONTH})?")
_ABSOLUTE = re.compile(rf"(?<!\d)((?:19|20)\d{{2}})(?:年|[-./])(?:{_MONTH}|(\d{{1,2}})(?=[-./]))?")
_CALENDAR_DAY = re.compile(
    rf"(?<![\d{_NUMERAL}])(?:((?:19|20)\d{{2}})年)?(\d{{1,2}}|十[一二]?|[一二三四五六七八九])月"
    r"(\d{1,2}|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])[日号]"
)
_LEAP_YEAR = 2024
_LAST_MONTH = re.compile(r"上个?月")
# After these a date is that of a law, or the beginning of something that lasts, not the day of a deed.
_DATE_OF_A_LAW = re.compile(
    r"^(?:\d{1,2}[日号])?(?:起|以后|之后|后|开始|新|版|修订|修正|修改|施行|实施|的?(?:新|老|旧)?(?:法|规定|条例|办法))"
)
# Only deeds have a day whose law matters; a house that was built in 2010 is judged by today's rules on what
# to do.
_DEED = re.compile(
    r"罚|处罚|拘留|被抓|被查|立案|决定书|扣|拘|发生|咬|砸|打|吵|倒|烧|偷|停|开的单|事故|案|处理"
)
# Words around the name of an article that only ask what it says.
_FILLERS = re.compile(r"是什么|怎么说的?|怎么规定|说的?|内容|规定|全文|原文|请问|我想知道|[\W《》的]")
# A few characters over and over say nothing.
_FEW, _OVER_AND_OVER = 3, 12


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the engine works with it.

    Attributes:
        text: in Simplified characters.
        day: the day whose law applies.
        day_is_named: the question itself names that day, and it is not today.
        mentions: statutes and articles that it names.
        no_such_day: a day that it names and no calendar has (2月30日); "" if there is none.
    """

    text: str
    day: date
    day_is_named: bool
    mentions: tuple[Mention, ...]
    no_such_day: str = ""


def read_question(text: str, asked_on: date, citations: CitationFinder) -> Question:
    """Take a question apart."""
    plain = simplified(text).strip()
    mentions, missing = tuple(citations.find(plain)), impossible_day(plain)
    named = None if missing else named_day(_without_laws(plain, mentions), asked_on)
    day = named if named is not None and named < asked_on else asked_on
    return Question(plain, day, day != asked_on, mentions, missing)


def impossible_day(text: str) -> str:
    """The first day that a text writes and no calendar has, as it is written; "" if there is none."""
    for match in _CALENDAR_DAY.finditer(text):
        year, month, day = match[1] or str(_LEAP_YEAR), _number(match[2]), _number(match[3])
        try:
            date(int(year), month, day)
        except ValueError:
            return match[0]
    return ""


def named_day(text: str, today: date) -> date | None:
    """The day of a deed that a text names; the middle of the month or year if it says no more; None if it
    names none.

    Days that do not exist (二月三十日, 13月) are passed over.
    """
    if not _DEED.search(text):
        return None
    for match in _ABSOLUTE.finditer(text):
        if not _DATE_OF_A_LAW.match(text[match.end() :]):
            return _day(int(match[1]), match[2] or match[3])
    for match in _RELATIVE.finditer(text):
        if not _DATE_OF_A_LAW.match(text[match.end() :]) and (match[1] != "今年" or match[2]):
            return _day(today.year - _YEARS_AGO[match[1]], match[2])
    if _LAST_MONTH.search(text):
        year, month = (today.year, today.month - 1) if today.month > 1 else (today.year - 1, 12)
        return date(year, month, 15)
    return None


def without_days(text: str) -> str:
    """A question without the days that it names, which say nothing about its matter."""
    return _CALENDAR_DAY.sub("", text) or text


def says_nothing(text: str) -> bool:
    """Whether a text is a few characters over and over."""
    return len(text) > _OVER_AND_OVER and len(set(text)) <= _FEW


def words_beside(text: str, mentions: Iterable[Mention]) -> str:
    """What a question says besides the articles that it names."""
    text = text.replace("中华人民共和国", "")
    for mention in mentions:
        text = text.replace(mention.said, "")
    return _FILLERS.sub("", text)


def _day(year: int, month: str | None) -> date | None:
    if not month:
        return date(year, 7, 1)
    number = _number(month)
    return date(year, number, 15) if 1 <= number <= 12 else None


def _without_laws(text: str, mentions: Iterable[Mention]) -> str:
    """A text without the laws that it names and the year of each: 2017年的复议法 is no day of a deed."""
    for mention in mentions:
        text = re.sub(rf"(?:(?:19|20)\d{{2}}年?(?:版|修订|修正)?的?《?)?{re.escape(mention.said)}", "", text)
    return text


def _number(text: str) -> int:
    return int(text) if text.isdigit() else chinese_to_int(text)
