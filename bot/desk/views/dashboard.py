"""The dashboard: load, promptness, the three rates and what people report, in pictures, and as files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from aiohttp import web

from bot.dates import CHINA
from bot.desk.charts import bars, columns, ring, share_bars
from bot.desk.context import ROOT, VISIT, audit, services
from bot.desk.permissions import Permission, Scope
from bot.desk.render import page
from bot.desk.spreadsheets import XLSX_TYPE, Cell, Sheet, csv_bytes, download, xlsx_bytes
from bot.desk.views.export import file_name
from tickets.categories import CATEGORIES
from tickets.models import Ticket
from tickets.routing import Department
from tickets.statistics import MAX_DAYS, Figures, Period, Tally, figures

PERIODS = (7, 30, 90, 365)
DEFAULT_DAYS = 30
# More columns than this are too thin to be told apart: then a column is a week.
MAX_COLUMNS = 100
HEAD = (
    "在办",
    "逾期",
    "新收",
    "应首次回复",
    "按期首次回复",
    "响应率",
    "应办结",
    "按期办结",
    "按期办结率",
    "评价数",
    "解决",
    "解决率",
    "满意",
    "满意率",
    "平均分",
    "重新办理",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; `problem` says what of it made no sense."""

    period: Period
    days: int | None
    department: str
    problem: str = ""

    def query(self, **changes: str) -> str:
        """The address with some fields changed."""
        values = {
            "since": "" if self.days else self.period.first.isoformat(),
            "until": "" if self.days else self.period.last.isoformat(),
            "days": str(self.days or ""),
            "department": self.department,
            **changes,
        }
        return urlencode({name: value for name, value in values.items() if value})


async def dashboard(request: web.Request) -> web.StreamResponse:
    """Figures of a period over the tickets that the officer may see, of one unit if asked."""
    visit, parts = request[VISIT], services(request)
    asked = _asked(request)
    found = await _figures(request, asked)
    names = _names(request)
    days, weekly = _columns(found)
    total = found.total
    units, categories = found.units, found.categories
    return page(
        request,
        "dashboard.html",
        figures=found,
        asked=asked,
        periods=PERIODS,
        names=names,
        departments=_offered(request, parts.routing.departments()),
        dashboard_url=f"{ROOT}/dashboard",
        may_export=visit.may(Permission.EXPORT),
        today=visit.now.astimezone(CHINA).date(),
        rings=[
            ring("响应率", total.replies_in_time, total.replies),
            ring("解决率", total.solved, total.rated),
            ring("满意率", total.satisfied, total.rated),
        ],
        load_bars=bars([(names[one.code], one.open, one.overdue) for one in units if one.open]),
        promptness=share_bars([(names[one.code], one.response_rate, one.in_time_rate) for one in units]),
        verdicts=share_bars([(names[one.code], one.solved_rate, one.satisfaction_rate) for one in units]),
        score_bars=bars([(f"{score}分", found.scores[score - 1], 0) for score in range(5, 0, -1)]),
        reopened_units=bars([(names[one.code], one.reopened, 0) for one in units if one.reopened]),
        reopened_categories=bars([(names[one.code], one.reopened, 0) for one in categories if one.reopened]),
        category_bars=bars([(names[one.code], one.filed, 0) for one in _most_filed(categories)]),
        day_columns=columns(days),
        weekly=weekly,
    )


def _most_filed(categories: Sequence[Tally]) -> list[Tally]:
    return sorted((one for one in categories if one.filed), key=lambda one: (-one.filed, one.code))


def _columns(found: Figures) -> tuple[Sequence[tuple[date, int]], bool]:
    """Days, or weeks by their first day where days would be too many."""
    if len(found.days) <= MAX_COLUMNS:
        return found.days, False
    weeks: dict[date, int] = {}
    for day, number in found.days:
        monday = day - timedelta(days=day.weekday())
        weeks[monday] = weeks.get(monday, 0) + number
    return tuple(weeks.items()), True


async def dashboard_csv(request: web.Request) -> web.StreamResponse:
    """Units, categories and the total as one table."""
    sheets = await _sheets(request, "csv")
    rows = [(sheet.name, *row) for sheet in sheets[:3] for row in sheet.rows]
    content = await asyncio.to_thread(csv_bytes, Sheet("统计", ("范围", "名称", *HEAD), rows))
    return download(content, file_name(request, "csv", "figures"), "text/csv")


async def dashboard_xlsx(request: web.Request) -> web.StreamResponse:
    """A workbook: total, units, categories, days."""
    content = await asyncio.to_thread(xlsx_bytes, await _sheets(request, "xlsx"))
    return download(content, file_name(request, "xlsx", "figures"), XLSX_TYPE)


async def _sheets(request: web.Request, form: str) -> list[Sheet]:
    asked = _asked(request)
    found, names = await _figures(request, asked), _names(request)
    async with services(request).database.transaction() as session:
        audit(request, session, "export", subject="统计", query=asked.query(), form=form)
    first, last = asked.period.first.isoformat(), asked.period.last.isoformat()
    return [
        Sheet("汇总", ("时段", *HEAD), [(f"{first}至{last}", *_cells(found.total))]),
        Sheet("承办单位", ("承办单位", *HEAD), [(names[one.code], *_cells(one)) for one in found.units]),
        Sheet("诉求类别", ("诉求类别", *HEAD), [(names[one.code], *_cells(one)) for one in found.categories]),
        Sheet("每天新收", ("日期", "新收"), [(day.isoformat(), number) for day, number in found.days]),
    ]


def _cells(tally: Tally) -> tuple[Cell, ...]:
    average = tally.average_score
    return (
        tally.open,
        tally.overdue,
        tally.filed,
        tally.replies,
        tally.replies_in_time,
        tally.response_rate,
        tally.endings,
        tally.endings_in_time,
        tally.in_time_rate,
        tally.rated,
        tally.solved,
        tally.solved_rate,
        tally.satisfied,
        tally.satisfaction_rate,
        None if average is None else f"{average:.2f}",
        tally.reopened,
    )


async def _figures(request: web.Request, asked: Asked) -> Figures:
    visit = request[VISIT]
    scope = visit.reach.condition()
    if asked.department:
        scope &= Ticket.department == asked.department
    async with services(request).database.reading() as session:
        return await figures(session, scope, visit.now, asked.period)


def _names(request: web.Request) -> dict[str, str]:
    """Words for units and categories, also for codes that the data doesn't have any more."""
    names = {one.code: one.name for one in services(request).routing.departments()}
    names |= {code: category.name for code, category in CATEGORIES.items()}
    return _OrCode(names)


class _OrCode(dict[str, str]):
    def __missing__(self, code: str) -> str:
        return code


def _offered(request: web.Request, departments: Sequence[Department]) -> list[Department]:
    """Units to choose from: all that own tickets, for those who see all of them."""
    if request[VISIT].rights.scope is not Scope.ALL:
        return []
    return [one for one in departments if one.kind != "outside"]


def _asked(request: web.Request) -> Asked:
    visit, query = request[VISIT], request.query
    today = visit.now.astimezone(CHINA).date()
    known = {one.code for one in services(request).routing.departments()}
    department = query.get("department", "") if query.get("department", "") in known else ""
    if query.get("since") or query.get("until"):
        period = _period(query.get("since", ""), query.get("until", ""), today)
        if period is not None:
            return Asked(period, None, department)
        problem = "起止日期不对：开始不能晚于结束，最长两年。下面是近30天。"
        return Asked(Period.until(today, DEFAULT_DAYS), DEFAULT_DAYS, department, problem)
    wanted = query.get("days", "")
    days = int(wanted) if wanted in {str(period) for period in PERIODS} else DEFAULT_DAYS
    return Asked(Period.until(today, days), days, department)


def _period(since: str, until: str, today: date) -> Period | None:
    try:
        first = date.fromisoformat(since)
        last = date.fromisoformat(until) if until else today
    except ValueError:
        return None
    is_sensible = first.year >= 2000 and first <= last and last.year <= today.year + 1
    return Period(first, last) if is_sensible and (last - first).days < MAX_DAYS else None
