"""The queue as a CSV file."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import datetime

from aiohttp import web

from bot import dates
from bot.desk.context import VISIT, audit, services
from bot.desk.queue_address import queue_filter
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
    visit, parts = request[VISIT], services(request)
    wanted = queue_filter(request.query, visit)
    # Begins with a byte order mark: spreadsheets take it for something else than UTF-8 otherwise.
    file = io.StringIO("\ufeff")
    file.seek(1)
    lines = csv.writer(file)
    lines.writerow(HEAD)
    number, has_next = 0, True
    async with parts.database.reading() as session:
        while has_next and number < MAX_PAGES:
            number += 1
            found = await queue(session, replace(wanted, page=number), visit.now, visit.reach.condition())
            lines.writerows(_cells(row, parts.routing) for row in found.rows)
            has_next = found.has_next
    async with parts.database.transaction() as session:
        audit(request, session, "export", subject="工单", query=request.query_string[:200], pages=number)
    name = f"wenfa-{visit.now.astimezone(dates.CHINA):%Y%m%d-%H%M}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(text=file.getvalue(), content_type="text/csv", headers=headers)


def _cells(row: TicketRow, routing: Routing) -> list[str]:
    town = routing.town(row.town)
    cells = [
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
    return [_harmless(cell) for cell in cells]


def _time(at: datetime) -> str:
    return f"{at.astimezone(dates.CHINA):%Y-%m-%d %H:%M}"


def _harmless(cell: str) -> str:
    """A citizen's words must not become a formula in a spreadsheet."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
