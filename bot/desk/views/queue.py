"""The queue: what is to be done, the most pressing first."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from bot.desk.context import ROOT, VISIT, Visit, services
from bot.desk.due import due_mark
from bot.desk.permissions import Permission
from bot.desk.render import page
from bot.desk.views.ticket import DONE
from tickets.categories import CATEGORIES
from tickets.queries import QueueFilter, View, counts, queue

VIEW_LABELS = {
    View.MINE: "我的",
    View.UNIT: "本单位",
    View.UNASSIGNED: "未分配",
    View.DUE_SOON: "即将到期",
    View.OVERDUE: "已逾期",
    View.AWAITING_CITIZEN: "待补充",
    View.OPEN: "全部在办",
    View.CLOSED: "已办结",
}
EMPTY = {
    View.MINE: ("没有待办工单，辛苦了", "可以到“未分配”里看看有没有要接手的。"),
    View.UNIT: ("本单位没有在办工单", "新工单转来时会出现在这里。"),
    View.UNASSIGNED: ("没有等人接手的工单", "每张工单都有人在办。"),
    View.DUE_SOON: ("24小时内没有到期的工单", "节奏不错。"),
    View.OVERDUE: ("没有逾期工单", "都在期限之内，辛苦了。"),
    View.AWAITING_CITIZEN: ("没有在等诉求人补充的工单", ""),
    View.OPEN: ("没有在办工单", "诉求人提交后会马上出现在这里。"),
    View.CLOSED: ("还没有办结的工单", ""),
}


async def queue_page(request: web.Request) -> web.StreamResponse:
    """One queue with its filters."""
    visit, parts = request[VISIT], services(request)
    wanted = queue_filter(request)
    async with parts.database.reading() as session:
        found = await queue(session, wanted, visit.now, visit.reach.condition())
        numbers = await counts(session, visit.officer, visit.now, visit.reach.condition())
    is_filtered = bool(wanted.category or wanted.town or wanted.text)
    return page(
        request,
        "queue.html",
        wanted=wanted,
        found=found,
        views=[
            (view, label, numbers.get(view)) for view, label in VIEW_LABELS.items() if _offered(view, request)
        ],
        view_label=VIEW_LABELS[View(wanted.view)],
        empty=("没有符合条件的工单", "换个条件，或清除筛选。") if is_filtered else EMPTY[View(wanted.view)],
        is_filtered=is_filtered,
        categories=CATEGORIES,
        towns=parts.routing.towns(),
        routing=parts.routing,
        due_marks={
            row.ticket_no: due_mark(row.status, row.due_at, visit.now, parts.calendar) for row in found.rows
        },
        now=visit.now,
        notice=DONE.get(request.query.get("done", ""), ""),
        link=lambda **changes: queue_link(wanted, **changes),
        export_link=queue_link(wanted, page="").replace(f"{ROOT}/?", f"{ROOT}/export.csv?"),
        may_export=visit.may(Permission.EXPORT),
    )


def _offered(view: View, request: web.Request) -> bool:
    return view is not View.UNIT or request[VISIT].officer.department is not None


def queue_filter(request: web.Request) -> QueueFilter:
    """What the query of the address asks for; what makes no sense is as if it weren't there."""
    query, visit = request.query, request[VISIT]
    asked = query.get("view", "")
    view = View(asked) if asked in VIEW_LABELS else _first_view(visit)
    page_number = query.get("page", "1")
    return QueueFilter(
        view=view,
        category=query.get("category", "")[:40],
        town=query.get("town", "")[:40],
        officer_id=visit.officer.id if view is View.MINE else None,
        department=visit.officer.department if view is View.UNIT else None,
        text=query.get("text", "").strip()[:100],
        page=int(page_number)
        if page_number.isascii() and page_number.isdigit() and len(page_number) < 6
        else 1,
    )


def _first_view(visit: Visit) -> View:
    return View.UNIT if visit.officer.department else View.OPEN


def queue_link(wanted: QueueFilter, **changes: object) -> str:
    """The address of a queue with some fields changed; a change of view or filter begins at page 1."""
    values = {
        "view": str(wanted.view),
        "category": wanted.category or "",
        "town": wanted.town or "",
        "text": wanted.text,
        "page": "",
        **{name: str(value) for name, value in changes.items()},
    }
    return f"{ROOT}/?{urlencode({name: value for name, value in values.items() if value})}"
