"""The days that count after a penalty: pay, ask for a hearing, ask for reconsideration, sue; and the
surcharge.

Every period is one of a statute (`RULES`); a test holds each number against the article it comes from.
Periods begin on
the day after the event, and one that ends on a day off ends on the next working day.
"""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import chinese_calendar
from icalendar import Alarm, Calendar, Event


@dataclass(frozen=True, slots=True)
class Rule:
    """A period and the article that sets it; `words` are those of the article."""

    law: str
    article: str
    words: str
    days: int = 0
    months: int = 0
    working_days: bool = False


RULES = {
    "pay": Rule("行政处罚法", "第六十七条", "十五日内", days=15),
    "hearing": Rule("行政处罚法", "第六十四条", "五日内提出", days=5, working_days=True),
    "reconsideration": Rule("行政复议法", "第二十条", "六十日内", days=60),
    "suit": Rule("行政诉讼法", "第四十六条", "六个月内", months=6),
    "suit_after_reconsideration": Rule("行政诉讼法", "第四十五条", "十五日内", days=15),
}
# 每日按罚款数额的百分之三加处罚款，加处罚款的数额不得超出罚款的数额
SURCHARGE = Rule("行政处罚法", "第七十二条", "百分之三")
_DAILY = Decimal("0.03")
# Nine in the morning a week and a day before: all-day events begin at midnight.
_REMINDED_BEFORE = (timedelta(days=6, hours=15), timedelta(hours=15))
# 对当场作出的行政处罚决定不服，应当先申请行政复议
RECONSIDERATION_FIRST = Rule("行政复议法", "第二十三条", "当场作出的行政处罚决定")
# What else has to be known about the days; a test holds the words against the articles.
EITHER_WAY = Rule("行政诉讼法", "第四十四条", "也可以直接向人民法院提起诉讼")
NOT_STOPPED = Rule("行政处罚法", "第七十三条", "行政处罚不停止执行")
SURCHARGE_PAUSED = Rule("行政处罚法", "第七十三条", "期间不予计算")
INSTALMENTS = Rule("行政处罚法", "第六十六条", "暂缓或者分期缴纳")
DEFENCE = Rule("行政处罚法", "第四十五条", "有权进行陈述和申辩")
NOT_TOLD = Rule("行政复议法", "第二十条", "最长不得超过一年")
LATE_SUIT = Rule("行政诉讼法", "第四十八条", "可以申请延长期限")
DAY_OFF = Rule("民事诉讼法", "第八十五条", "以法定休假日后的第一日为期间届满的日期")
WORKING_DAYS = Rule("行政处罚法", "第八十五条", "指工作日")
OTHER_RULES = (
    *(SURCHARGE, RECONSIDERATION_FIRST, EITHER_WAY, NOT_STOPPED, SURCHARGE_PAUSED, INSTALMENTS),
    *(DEFENCE, NOT_TOLD, LATE_SUIT, DAY_OFF, WORKING_DAYS),
)

_TITLES = {
    "pay": "缴纳罚款的最后一天",
    "hearing": "要求听证的最后一天",
    "reconsideration": "申请行政复议的最后一天",
    "suit": "向法院起诉的最后一天",
    "suit_after_reconsideration": "收到复议决定后起诉的最后一天",
}


@dataclass(frozen=True, slots=True)
class Case:
    """What happened, as far as it has.

    Attributes:
        decided_on: the day the decision on the penalty was received.
        on_the_spot: the decision was made on the spot, so reconsideration comes before a suit.
        hearing_told_on: the day the person was told that a hearing may be asked for.
        reconsidered_on: the day the decision on reconsideration was received.
        fine: in yuan.
    """

    decided_on: date | None = None
    on_the_spot: bool = False
    hearing_told_on: date | None = None
    reconsidered_on: date | None = None
    fine: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """A last day, with the rule it comes from.

    Attributes:
        is_certain: False when the holidays of that year are not published yet, so that only weekends were
            heeded.
        note: what has to be known about it, in Chinese; "" if nothing.
        counted_to: where counting alone ends; earlier than `last_day` if that is a day off.
    """

    code: str
    title: str
    last_day: date
    rule: Rule
    is_certain: bool = True
    note: str = ""
    counted_to: date | None = None


@dataclass(frozen=True, slots=True)
class Surcharge:
    """What was added to a fine for paying late."""

    days: int
    amount: Decimal
    is_capped: bool


def deadlines_of(case: Case) -> list[Deadline]:
    """The last days that a case has, soonest first."""
    found: list[Deadline] = []
    if case.hearing_told_on:
        found.append(_deadline("hearing", case.hearing_told_on))
    if case.decided_on:
        found.append(_deadline("pay", case.decided_on))
        first = "当场处罚要先申请行政复议，对复议决定不服才能起诉。" if case.on_the_spot else ""
        found.append(_deadline("reconsideration", case.decided_on, first))
        if not case.on_the_spot and case.reconsidered_on is None:
            found.append(
                _deadline("suit", case.decided_on, "直接起诉的期限；申请了复议的，按收到复议决定之日另算。")
            )
    if case.reconsidered_on:
        found.append(_deadline("suit_after_reconsideration", case.reconsidered_on))
    return sorted(found, key=lambda deadline: deadline.last_day)


def surcharge(
    fine: Decimal, last_day_to_pay: date, today: date, paused: Sequence[tuple[date, date]] = ()
) -> Surcharge:
    """What is added by `today` if nothing was paid: three per cent a day, never more than the fine itself.

    Args:
        paused: reconsiderations and suits, each from its first day to its last: these days are not counted.
    """
    if fine < 0:
        raise ValueError("a fine is not negative")
    late = (last_day_to_pay + timedelta(days=n) for n in range(1, max((today - last_day_to_pay).days, 0) + 1))
    days = sum(not any(begin <= day <= end for begin, end in paused) for day in late)
    amount = (fine * _DAILY * days).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return Surcharge(days, min(amount, fine), amount >= fine and days > 0)


def as_ics(deadlines: Iterable[Deadline], made_at: datetime) -> bytes:
    """The days as an iCalendar file: all-day events that remind at nine in the morning a week and a day
    before.

    Args:
        made_at: aware; the moment that the file says it was made.
    """
    calendar_file = Calendar()
    calendar_file.add("prodid", "-//Wenfa//deadlines//ZH")
    calendar_file.add("version", "2.0")
    for deadline in deadlines:
        key = f"{deadline.code}{deadline.last_day.isoformat()}"
        event = Event()
        event.add("uid", f"{hashlib.sha256(key.encode()).hexdigest()[:24]}@wenfa")
        event.add("dtstamp", made_at.astimezone(UTC))
        event.add("dtstart", deadline.last_day)
        event.add("dtend", deadline.last_day + timedelta(days=1))
        event.add("summary", deadline.title)
        event.add("description", f"依据《{deadline.rule.law}》{deadline.rule.article}。{deadline.note}")
        event.add("transp", "TRANSPARENT")
        for before in _REMINDED_BEFORE:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", deadline.title)
            alarm.add("trigger", -before)
            event.add_component(alarm)
        calendar_file.add_component(event)
    content: bytes = calendar_file.to_ical()
    return content


def _deadline(code: str, begun: date, note: str = "") -> Deadline:
    rule = RULES[code]
    end = None
    if rule.working_days:
        last, certain = _working_days_after(begun, rule.days)
    else:
        end = _months_after(begun, rule.months) if rule.months else begun + timedelta(days=rule.days)
        last, certain = _not_on_a_day_off(end)
        if end != last:
            note += f"算到{end.month}月{end.day}日是放假，顺延到下一个工作日，最好提早办。"
    if not certain:
        note += f"{last.year}年的放假安排还没有公布，最后一天可能变动，请提早办。"
    return Deadline(code, _TITLES[code], last, rule, certain, note, end)


def _working_days_after(begun: date, days: int) -> tuple[date, bool]:
    day, certain = begun, True
    while days:
        day += timedelta(days=1)
        works, known = _works(day)
        certain = certain and known
        days -= works
    return day, certain


def _not_on_a_day_off(day: date) -> tuple[date, bool]:
    certain = True
    while True:
        works, known = _works(day)
        certain = certain and known
        if works:
            return day, certain
        day += timedelta(days=1)


def _months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last where that month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _works(day: date) -> tuple[bool, bool]:
    """Whether people work on a day, and whether the holidays of its year are known."""
    try:
        return bool(chinese_calendar.is_workday(day)), True
    except NotImplementedError:
        return day.weekday() < 5, False
