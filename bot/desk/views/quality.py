"""Questions that the assistant did not serve well, by matter: close them, label them, or write a card."""

from __future__ import annotations

from aiohttp import web

from bot.desk.context import FORM, VISIT, audit, see_other, services
from bot.desk.errors import text_for
from bot.desk.render import page
from tickets import quality
from tickets.categories import CATEGORIES
from tickets.errors import BotError
from tickets.models import GapKind, GapOutcome

MAX_NOTE = 500
INTENTS = {
    "complaint": "反映问题",
    "legal_consult": "咨询法律",
    "other_department": "其他部门的事",
    "ticket_status": "查进度",
    "human": "找人工",
    "emergency": "紧急情况",
    "chitchat": "闲聊",
    "out_of_scope": "不在范围内",
}
WITH_CATEGORY = frozenset({"complaint", "legal_consult"})
DONE = {"closed": "已处理。", "labelled": "已标注，下次训练时用上。"}


async def groups(request: web.Request) -> web.StreamResponse:
    """The open groups, the largest first, and what was closed last."""
    asked = request.query.get("kind", "")
    kind = next((each for each in GapKind if each.value == asked), None)
    async with services(request).database.reading() as session:
        rows = await quality.open_groups(session, kind)
        closed = await quality.closed_groups(session)
    return page(
        request,
        "quality.html",
        rows=rows,
        closed=closed,
        kind=asked,
        kinds=list(GapKind),
        now=request[VISIT].now,
        notice=DONE.get(request.query.get("done", ""), ""),
    )


async def group(request: web.Request) -> web.StreamResponse:
    """One group with its messages."""
    return await _show(request)


async def _show(request: web.Request, problem: str = "", status: int = 200) -> web.StreamResponse:
    parts = services(request)
    async with parts.database.reading() as session:
        found = await quality.find_group(session, int(request.match_info["group_id"]))
        messages = await quality.messages_of(session, found.id)
    await parts.ready()
    answer = parts.knowledge.answer(found.title)
    return page(
        request,
        "quality_group.html",
        status=status,
        group=found,
        messages=messages,
        answer=answer,
        cards=parts.knowledge.cards,
        intents=INTENTS,
        categories=CATEGORIES,
        problem=problem,
        now=request[VISIT].now,
    )


async def dismiss(request: web.Request) -> web.StreamResponse:
    """Nothing to be done, with a reason."""
    visit, note = request[VISIT], request[FORM].text("note")[:MAX_NOTE]
    try:
        async with services(request).database.transaction() as session:
            await quality.close_group(
                session,
                int(request.match_info["group_id"]),
                GapOutcome.DISMISSED,
                officer_id=visit.officer.id,
                note=note,
                now=visit.now,
            )
    except BotError as error:
        return await _show(request, text_for(error), 409)
    raise see_other("/quality?done=closed")


async def label(request: web.Request) -> web.StreamResponse:
    """Say what the messages mean, for the next training."""
    visit, form = request[VISIT], request[FORM]
    intent, category = form.text("intent"), form.text("category") or None
    if intent not in INTENTS or (intent in WITH_CATEGORY) != (category in CATEGORIES):
        return await _show(request, "请选意图；反映问题和咨询法律还要选类别，其他的不选。", 422)
    try:
        async with services(request).database.transaction() as session:
            count = await quality.label_group(
                session,
                int(request.match_info["group_id"]),
                intent,
                category,
                officer_id=visit.officer.id,
                now=visit.now,
            )
            audit(request, session, "labelled", subject=request.match_info["group_id"], texts=count)
    except BotError as error:
        return await _show(request, text_for(error), 409)
    raise see_other("/quality?done=labelled")
