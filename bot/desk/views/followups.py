"""Whom to call back (回访), and what came of each call."""

from __future__ import annotations

from aiohttp import web

from bot.desk.context import FORM, VISIT, see_other, services, wake_outbox
from bot.desk.errors import TEXTS, text_for
from bot.desk.render import page
from bot.desk.views.ticket import REPORTER_LABELS
from tickets.aftercare import Aftercare, CallOutcome
from tickets.categories import CATEGORIES
from tickets.errors import BotError

MAX_NOTE_LENGTH = 500
OUTCOMES = {
    CallOutcome.SOLVED: "已解决",
    CallOutcome.UNSOLVED: "没解决，重新办理",
    CallOutcome.UNREACHED: "没有打通",
}
DONE = {
    CallOutcome.SOLVED: "已记录：诉求人说解决了。",
    CallOutcome.UNSOLVED: "已记录，工单已退回承办单位重新办理。",
    CallOutcome.UNREACHED: "已记录，明天会再出现在这里。",
    CallOutcome.GIVEN_UP: "已记录。三次没有打通，不再列出。",
}


async def followups(request: web.Request) -> web.StreamResponse:
    """The list, whoever has waited longest first."""
    done = request.query.get("done", "")
    return await _page(request, notice=DONE[CallOutcome(done)] if done in set(CallOutcome) else "")


async def _page(
    request: web.Request,
    *,
    notice: str = "",
    problem: str = "",
    draft: tuple[str, str] = ("", ""),
    status: int = 200,
) -> web.Response:
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        rows = await parts.bound(Aftercare, session, visit.now).followups()
    return page(
        request,
        "followups.html",
        status=status,
        rows=rows,
        outcomes=OUTCOMES,
        categories=CATEGORIES,
        reporters=REPORTER_LABELS,
        routing=parts.routing,
        now=visit.now,
        notice=notice,
        problem=problem,
        draft=draft,
    )


async def called_back(request: web.Request) -> web.StreamResponse:
    """What came of a call."""
    form, visit, ticket_no = request[FORM], request[VISIT], request.match_info["ticket_no"]
    note, outcome = form.text("note")[:MAX_NOTE_LENGTH], form.text("outcome")
    if outcome not in set(OUTCOMES):
        return await _page(request, problem=TEXTS["no_outcome"], draft=(ticket_no, note), status=409)
    try:
        async with services(request).database.transaction() as session:
            aftercare = services(request).bound(Aftercare, session, visit.now)
            came = await aftercare.called_back(ticket_no, CallOutcome(outcome), note, actor=visit.actor)
    except BotError as error:
        return await _page(request, problem=text_for(error), draft=(ticket_no, note), status=409)
    wake_outbox(request)
    raise see_other(f"/followups?done={came}")
