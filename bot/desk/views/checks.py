"""双随机: rounds of random checks, what waits for whom, and the published list."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from bot.dates import CHINA
from bot.desk.context import FORM, VISIT, audit, see_other, services
from bot.desk.errors import text_for
from bot.desk.render import page
from tickets.check_models import CheckState
from tickets.checks import Checks
from tickets.errors import BotError, CheckNotOpen

DONE = {
    "announced": "名单已公布。请在种子产生以后再来抽取。",
    "drawn": "已抽取，检查人员已能看到自己的任务。",
}
OF_REVIEWER = (CheckState.DRAWN, CheckState.RECTIFIED)
OF_UNIT = (CheckState.TO_RECTIFY, CheckState.RECTIFIED)


async def checks_page(request: web.Request) -> web.StreamResponse:
    """What the officer has to check, what their unit has to rectify, and all rounds."""
    return await _show(request, notice=DONE.get(request.query.get("done", ""), ""))


async def _show(
    request: web.Request, *, notice: str = "", problem: str = "", status: int = 200
) -> web.Response:
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        checks = parts.bound(Checks, session, visit.now)
        mine = await checks.rows(
            reviewer_id=visit.officer.id, states=(CheckState.DRAWN, CheckState.RECTIFIED)
        )
        unit = visit.officer.department
        of_unit = await checks.rows(department=unit, states=OF_UNIT) if unit else []
        rounds = await checks.rounds()
    today = visit.now.astimezone(CHINA).date()
    last_month = today.replace(day=1) - timedelta(days=1)
    return page(
        request,
        "checks.html",
        status=status,
        mine=mine,
        of_unit=of_unit,
        rounds=rounds,
        routing=parts.routing,
        today=today,
        typed=request[FORM].fields if request.method == "POST" else {},
        suggested=(last_month.replace(day=1), last_month),
        notice=notice,
        problem=problem,
    )


async def announce(request: web.Request) -> web.StreamResponse:
    """Freeze and publish a list."""
    form, visit, parts = request[FORM], request[VISIT], services(request)
    try:
        async with parts.database.transaction() as session:
            round_ = await parts.bound(Checks, session, visit.now).announce(
                form.text("title"),
                form.needed_day("first_day"),
                form.needed_day("last_day"),
                form.number("sample_size") or 0,
                actor=visit.actor,
            )
            audit(request, session, "check_announced", subject=round_.title, hash=round_.list_hash)
    except BotError as error:
        return await _show(request, problem=text_for(error), status=409)
    raise see_other(f"/checks/rounds/{round_.id}?done=announced")


async def round_page(request: web.Request) -> web.StreamResponse:
    """One round: its list, seed and draw, and how each check stands."""
    return await _round(request, notice=DONE.get(request.query.get("done", ""), ""))


async def _round(
    request: web.Request, *, notice: str = "", problem: str = "", status: int = 200
) -> web.Response:
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        checks = parts.bound(Checks, session, visit.now)
        try:
            round_ = await checks.round(_round_id(request))
        except CheckNotOpen:
            raise web.HTTPNotFound from None
        rows = await checks.rows(round_id=round_.id)
    scored = [row.check.score for row in rows if row.check.score is not None]
    today = visit.now.astimezone(CHINA).date()
    return page(
        request,
        "check_round.html",
        status=status,
        round=round_,
        rows=rows,
        routing=parts.routing,
        average=sum(scored) / len(scored) if scored else None,
        states=[(state.label, sum(row.check.state is state for row in rows)) for state in CheckState],
        may_draw_now=round_.seed is None and today > round_.announced_at.astimezone(CHINA).date(),
        today=today,
        rules=parts.routing.checks,
        typed=request[FORM].fields if request.method == "POST" else {},
        notice=notice,
        problem=problem,
    )


async def list_file(request: web.Request) -> web.StreamResponse:
    """The list as it was published; its `sha256sum` is the hash on the page."""
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        try:
            round_ = await parts.bound(Checks, session, visit.now).round(_round_id(request))
        except CheckNotOpen:
            raise web.HTTPNotFound from None
    headers = {"Content-Disposition": f'attachment; filename="wenfa-check-list-{round_.id}.txt"'}
    return web.Response(body=round_.list_text.encode(), content_type="text/plain", headers=headers)


async def draw(request: web.Request) -> web.StreamResponse:
    """Draw with a seed that has become known."""
    form, visit, parts = request[FORM], request[VISIT], services(request)
    round_id = _round_id(request)
    try:
        async with parts.database.transaction() as session:
            checks = parts.bound(Checks, session, visit.now)
            drawn = await checks.draw(
                round_id, form.text("seed")[:300], form.text("source")[:300], actor=visit.actor
            )
            audit(request, session, "check_drawn", subject=str(round_id), tickets=len(drawn))
    except BotError as error:
        return await _round(request, problem=text_for(error), status=409)
    raise see_other(f"/checks/rounds/{round_id}?done=drawn")


def _round_id(request: web.Request) -> int:
    return int(request.match_info["round_id"])
