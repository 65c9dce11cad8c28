"""The queue: what is to be done, the most pressing first; and the views of it that an officer has saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.context import FORM, ROOT, VISIT, Visit, see_other, services
from bot.desk.due import due_mark
from bot.desk.errors import text_for
from bot.desk.permissions import Permission, Scope
from bot.desk.queue_address import VIEW_LABELS, is_filtered, queue_filter, queue_link, queue_query
from bot.desk.render import page
from bot.desk.views.ticket import DONE
from tickets.categories import CATEGORIES
from tickets.desk_queries import colleagues
from tickets.errors import BotError
from tickets.queries import Page, QueueFilter, View, count, counts, queue
from tickets.saved_views import drop_view, save_view, saved_views
from tickets.service import may_give_away
from tickets.workflow import CLOSED_STATUSES, Status, TicketKind

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
VIEW_DONE = {
    "view-saved": "视图已保存，在左边“我的视图”里。",
    "view-dropped": "视图已删除。",
    "second-factor": "动态验证码已开通，下次登录时要用。欢迎！",
}


async def queue_page(request: web.Request) -> web.StreamResponse:
    """One queue with its filters."""
    done = request.query.get("done", "")
    return await show_queue(
        request, queue_filter(request.query, request[VISIT]), notice=DONE.get(done) or VIEW_DONE.get(done, "")
    )


async def show_queue(
    request: web.Request,
    wanted: QueueFilter,
    *,
    notice: str = "",
    problem: str = "",
    note: str = "",
    status: int = 200,
) -> web.Response:
    """Render the queue, also in answer to an act on some of its tickets.

    Args:
        note: what was typed for the act, if it is to be kept.
    """
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        numbers = await counts(session, visit.officer, visit.now, visit.reach)
        is_counted = is_filtered(wanted) or wanted.view not in numbers
        found = await queue(session, wanted, visit.now, visit.reach, is_counted=is_counted)
        own = await _own_views(session, visit)
        people = await colleagues(session, visit.officer.department) if visit.officer.department else []
    narrowed = is_filtered(wanted)
    return page(
        request,
        "queue.html",
        status=status,
        wanted=wanted,
        found=found,
        total=found.total if is_counted else numbers[View(wanted.view)],
        views=[
            (view, label, numbers.get(view)) for view, label in VIEW_LABELS.items() if _offered(view, visit)
        ],
        own_views=own,
        view_label=VIEW_LABELS[View(wanted.view)],
        empty=("没有符合条件的工单", "换个条件，或清除筛选。") if narrowed else EMPTY[View(wanted.view)],
        is_filtered=narrowed,
        categories=CATEGORIES,
        towns=parts.routing.towns(),
        routing=parts.routing,
        due_marks=_due_marks(found, visit, parts),
        now=visit.now,
        notice=notice,
        problem=problem,
        note=note,
        link=lambda **changes: queue_link(wanted, **changes),
        query=queue_query(wanted, page=wanted.page if wanted.page > 1 else ""),
        clear_link=queue_link(QueueFilter(wanted.view)),
        export_link=f"{ROOT}/export.csv?{queue_query(wanted)}",
        may_export=visit.may(Permission.EXPORT),
        **_choices(visit, wanted, parts, people),
    )


def _choices(visit: Visit, wanted: QueueFilter, parts: Any, people: Any) -> dict[str, Any]:
    """What the filters and the acts on several tickets offer."""
    may_work = visit.may(Permission.WORK_TICKETS) and wanted.view is not View.CLOSED
    sees_others = visit.rights.scope is not Scope.OWN_DEPARTMENT
    is_closed = wanted.view is View.CLOSED
    return {
        "statuses": [status for status in Status if (status in CLOSED_STATUSES) is is_closed],
        "kinds": list(TicketKind),
        "departments": parts.routing.departments() if sees_others and wanted.view is not View.UNIT else [],
        "may_bulk": may_work,
        "people": people if may_work else [],
        "bulk_departments": _bulk_departments(visit, parts),
    }


def _bulk_departments(visit: Visit, parts: Any) -> Any:
    """Units that several tickets can be given to at once, by whoever needs no ruling for it."""
    may = may_give_away(parts.routing, visit.officer.department, visit.actor)
    return parts.routing.departments() if may else []


def _due_marks(found: Page, visit: Visit, parts: Any) -> dict[str, Any]:
    return {row.ticket_no: due_mark(row.status, row.due_at, visit.now, parts.calendar) for row in found.rows}


async def _own_views(session: AsyncSession, visit: Visit) -> Sequence[dict[str, Any]]:
    """The officer's saved views with their counts; a search by words isn't counted, because that is slow."""
    own = []
    for view in await saved_views(session, visit.officer.id):
        wanted = replace(queue_filter(dict(parse_qsl(view.query)), visit), page=1)
        number = None
        if not wanted.text:
            number = await count(session, wanted, visit.now, visit.reach)
        own.append({"id": view.id, "name": view.name, "href": f"{ROOT}/?{view.query}", "count": number})
    return own


def _offered(view: View, visit: Visit) -> bool:
    return view is not View.UNIT or visit.officer.department is not None


async def save(request: web.Request) -> web.StreamResponse:
    """Give the present filters a name."""
    visit, form = request[VISIT], request[FORM]
    wanted = replace(queue_filter(dict(parse_qsl(form.text("query"))), visit), page=1)
    query = queue_query(wanted)
    try:
        async with services(request).database.transaction() as session:
            await save_view(session, visit.officer.id, form.text("name"), query, visit.now)
    except BotError as error:
        return await show_queue(request, wanted, problem=text_for(error), status=409)
    raise see_other(f"/?{query}&done=view-saved")


async def drop(request: web.Request) -> web.StreamResponse:
    """Forget a saved view."""
    async with services(request).database.transaction() as session:
        await drop_view(session, request[VISIT].officer.id, request[FORM].number("view_id") or 0)
    raise see_other("/?done=view-dropped")
