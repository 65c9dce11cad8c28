"""The queue as a CSV or XLSX file."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from aiohttp import web

from bot import dates
from bot.desk.context import VISIT, audit, services
from bot.desk.queue_address import queue_filter
from bot.desk.spreadsheets import XLSX_TYPE, Sheet, csv_bytes, download, xlsx_bytes
from tickets.categories import CATEGORIES
from tickets.queries import TicketRow, queue
from tickets.routing import Routing

MAX_PAGES = 400
HEAD = (
    "工单编号",
    "类型",
    "状态",
    "诉求类别",
    "内容",
    "地点",
    "镇街",
    "承办单位",
    "经办人",
    "提交时间",
    "办结期限",
    "是否逾期",
)


async def export_csv(request: web.Request) -> web.StreamResponse:
    """What the queue page lists with the same filters, all pages of it, up to 12,000 lines."""
    sheet = await _sheet(request, "csv")
    content = await asyncio.to_thread(csv_bytes, sheet)
    return download(content, file_name(request, "csv"), "text/csv")


async def export_xlsx(request: web.Request) -> web.StreamResponse:
    """The same as a workbook."""
    sheet = await _sheet(request, "xlsx")
    content = await asyncio.to_thread(xlsx_bytes, [sheet])
    return download(content, file_name(request, "xlsx"), XLSX_TYPE)


def file_name(request: web.Request, ending: str, what: str = "tickets") -> str:
    """A name that tells when it was made."""
    return f"wenfa-{what}-{request[VISIT].now.astimezone(dates.CHINA):%Y%m%d-%H%M}.{ending}"


async def _sheet(request: web.Request, form: str) -> Sheet:
    visit, parts = request[VISIT], services(request)
    wanted = queue_filter(request.query, visit)
    rows: list[list[str]] = []
    number, has_next = 0, True
    async with parts.database.reading() as session:
        while has_next and number < MAX_PAGES:
            number += 1
            found = await queue(
                session, replace(wanted, page=number), visit.now, visit.reach, is_counted=False
            )
            rows += [_cells(row, parts.routing) for row in found.rows]
            has_next = found.has_next
    async with parts.database.transaction() as session:
        query = request.query_string[:200]
        audit(request, session, "export", subject="工单", query=query, form=form, rows=len(rows))
    return Sheet("工单", HEAD, rows)


def _cells(row: TicketRow, routing: Routing) -> list[str]:
    town = routing.town(row.town)
    return [
        row.ticket_no,
        row.kind.label,
        row.status.label,
        CATEGORIES[row.category].name if row.category in CATEGORIES else row.category,
        row.summary,
        row.place_text,
        town.name if town else "",
        routing.department(row.department).name,
        row.officer_name or "",
        _time(row.created_at),
        _time(row.due_at) if row.due_at else "",
        "是" if row.is_overdue else "",
    ]


def _time(at: datetime) -> str:
    return f"{at.astimezone(dates.CHINA):%Y-%m-%d %H:%M}"
