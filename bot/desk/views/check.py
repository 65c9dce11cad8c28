"""One drawn ticket: the reviewer's marks, what the unit has put right, and whether that is enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.desk.context import FORM, VISIT, Visit, see_other, services
from bot.desk.errors import text_for
from bot.desk.forms import MAX_TEXT_LENGTH
from bot.desk.permissions import Scope
from bot.desk.render import page
from bot.desk.timeline import timeline
from bot.desk.views.ticket import photo_response, visible_said
from bot.services import read_photo
from tickets.categories import CATEGORIES
from tickets.check_models import CheckState
from tickets.checks import CheckRow, Checks
from tickets.desk_queries import has_photo, ticket_file
from tickets.errors import ActorNotAllowed, BotError

DONE = {
    "score": "检查结果已提交。",
    "recuse": "已回避，由下一位检查人员接手。",
    "rectify": "整改情况已提交，等待复核。",
    "confirm": "已复核。",
}

Work = Callable[[Checks, int], Awaitable[object]]


async def check_page(request: web.Request) -> web.StreamResponse:
    """For the reviewer, the unit, and those who see all."""
    return await _show(request, notice=DONE.get(request.query.get("done", ""), ""))


async def _row(request: web.Request, checks: Checks) -> CheckRow:
    """Raises: HTTPNotFound, also for those whom the check is no business of: they can't tell which."""
    rows = await checks.rows(check_id=_check_id(request))
    if not rows or not _may_see(request[VISIT], rows[0]):
        raise web.HTTPNotFound
    return rows[0]


def _may_see(visit: Visit, row: CheckRow) -> bool:
    return (
        visit.rights.scope is Scope.ALL
        or row.check.reviewer_id == visit.officer.id
        or row.check.department == visit.officer.department
    )


async def _show(
    request: web.Request, *, notice: str = "", problem: str = "", status: int = 200
) -> web.Response:
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        checks = parts.bound(Checks, session, visit.now)
        row = await _row(request, checks)
        file = await ticket_file(session, row.ticket.ticket_no)
    check, actor = row.check, visit.actor
    is_reviewer = check.reviewer_id == visit.officer.id
    is_unit = check.department == visit.officer.department
    category = CATEGORIES.get(row.ticket.category)
    return page(
        request,
        "check.html",
        status=status,
        row=row,
        check=check,
        moments=timeline(file.entries, visible_said(visit, file), parts.routing),
        photos=[one.sha256 for one in file.attachments],
        category_name=category.name if category else row.ticket.category,
        department=parts.routing.department(check.department),
        rules=parts.routing.checks,
        usual_due_day=checks.usual_due_day(),
        may_score=is_reviewer and check.state is CheckState.DRAWN,
        may_rectify=is_unit and check.state is CheckState.TO_RECTIFY and visit.may("work_tickets"),
        may_confirm=check.state is CheckState.RECTIFIED
        and not is_unit
        and (is_reviewer or actor.is_supervisor),
        sees_ticket=visit.reach.covers(row.ticket),
        typed=request[FORM].fields if request.method == "POST" else {},
        now=visit.now,
        notice=notice,
        problem=problem,
    )


async def photo(request: web.Request) -> web.StreamResponse:
    """A photo of the drawn ticket, which may lie outside of what the reviewer sees otherwise."""
    visit, parts, sha256 = request[VISIT], services(request), request.match_info["sha256"]
    async with parts.database.reading() as session:
        row = await _row(request, parts.bound(Checks, session, visit.now))
        if not await has_photo(session, row.ticket, sha256):
            raise web.HTTPNotFound
    return photo_response(await read_photo(parts, sha256))


async def score(request: web.Request) -> web.StreamResponse:
    """The reviewer's marks and findings."""
    form, actor = request[FORM], request[VISIT].actor
    marks = {one.code: form.number(f"mark_{one.code}") for one in services(request).routing.checks.criteria}

    async def work(checks: Checks, check_id: int) -> None:
        await checks.score(
            check_id,
            {code: mark for code, mark in marks.items() if mark is not None},
            form.text("findings")[:MAX_TEXT_LENGTH],
            actor=actor,
            must_rectify=form.text("must_rectify") == "1",
            due_on=form.day("due_on"),
        )

    return await _do(request, work, "score")


async def recuse(request: web.Request) -> web.StreamResponse:
    """The reviewer stands aside. After that the check is somebody else's, so back to the list."""
    actor, reason = request[VISIT].actor, request[FORM].text("reason")[:MAX_TEXT_LENGTH]

    async def work(checks: Checks, check_id: int) -> None:
        await checks.recuse(check_id, reason, actor=actor)

    return await _do(request, work, "recuse", to="/checks")


async def rectify(request: web.Request) -> web.StreamResponse:
    """The unit says what it has put right."""
    actor, text = request[VISIT].actor, request[FORM].text("text")[:MAX_TEXT_LENGTH]

    async def work(checks: Checks, check_id: int) -> None:
        await checks.rectify(check_id, text, actor=actor)

    return await _do(request, work, "rectify")


async def confirm(request: web.Request) -> web.StreamResponse:
    """Whether that is enough."""
    form, actor = request[FORM], request[VISIT].actor

    async def work(checks: Checks, check_id: int) -> None:
        note = form.text("note")[:MAX_TEXT_LENGTH]
        await checks.confirm(check_id, form.text("decision") == "accept", note, actor=actor)

    return await _do(request, work, "confirm")


async def _do(request: web.Request, work: Work, done: str, to: str = "") -> web.StreamResponse:
    parts, visit, check_id = services(request), request[VISIT], _check_id(request)
    try:
        async with parts.database.transaction() as session:
            checks = parts.bound(Checks, session, visit.now)
            await _row(request, checks)
            await work(checks, check_id)
    except BotError as error:
        status = 403 if isinstance(error, ActorNotAllowed) else 409
        return await _show(request, problem=text_for(error), status=status)
    raise see_other(to or f"/checks/{check_id}?done={done}")


def _check_id(request: web.Request) -> int:
    return int(request.match_info["check_id"])
