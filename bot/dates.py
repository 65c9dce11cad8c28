"""Dates and spans of time as people in China read them.

Moments come in as aware UTC and are shown in Chinese time.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from tickets.deadlines import WorkingCalendar

CHINA = ZoneInfo("Asia/Shanghai")
WEEKDAYS = "一二三四五六日"


def day(value: date | datetime, today: date | None = None) -> str:
    """ "11月23日", with the year when it isn't this one ("2025年11月23日")."""
    value = value.astimezone(CHINA).date() if isinstance(value, datetime) else value
    today = today or datetime.now(CHINA).date()
    year = "" if value.year == today.year else f"{value.year}年"
    return f"{year}{value.month}月{value.day}日"


def moment(at: datetime, today: date | None = None) -> str:
    """ "11月23日 14:05"."""
    local = at.astimezone(CHINA)
    return f"{day(local, today)} {local:%H:%M}"


def weekday(value: date) -> str:
    """ "星期一"."""
    return f"星期{WEEKDAYS[value.weekday()]}"


def span(length: timedelta) -> str:
    """A length of time in its largest sensible unit: "刚刚" below a minute, "5分钟", "3小时", "2天"."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return "刚刚"
    if minutes < 60:
        return f"{minutes}分钟"
    if minutes < 24 * 60:
        return f"{minutes // 60}小时"
    return f"{minutes // (24 * 60)}天"


def ago(at: datetime, now: datetime) -> str:
    """ "刚刚", "5分钟前", "3小时前", "2天前"."""
    text = span(now - at)
    return text if text == "刚刚" else f"{text}前"


def time_left(due_at: datetime, now: datetime, calendar: WorkingCalendar) -> str:
    """Time until `due_at` as officers count it: "还剩4个工作日", "还剩3个工作时", "还剩40分钟".

    Raises: CalendarYearMissing.
    """
    days = calendar.working_days_between(now.astimezone(CHINA).date(), due_at.astimezone(CHINA).date())
    if days >= 2:
        return f"还剩{days}个工作日"
    hours = calendar.working_hours_between(now, due_at)
    if hours >= 1:
        return f"还剩{int(hours)}个工作时"
    return f"还剩{span(due_at - now).replace('刚刚', '不到1分钟')}"
