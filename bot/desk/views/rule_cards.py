"""Rule cards at the desk: write or mend one, see what would change, have it reviewed, let it speak."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot import desk_cards
from bot.desk.card_form import LINES, content_of, fields_of
from bot.desk.card_topics import topic_choices
from bot.desk.context import FORM, VISIT, Visit, audit, see_other, services
from bot.desk.errors import text_for
from bot.desk.permissions import Permission
from bot.desk.render import page
from knowledge_base.cards import JURISDICTIONS
from knowledge_base.models import RuleCard
from tickets import card_drafts, quality
from tickets.categories import CATEGORIES
from tickets.errors import BotError
from tickets.models import CardDraft, DraftStatus

MAX_NOTE = 500
DONE = {
    "saved": "已保存。",
    "submitted": "已送审核。",
    "published": "已发布，几秒后开始使用。",
    "returned": "已退回起草人。",
    "withdrawn": "已撤下。",
}

Step = Callable[[AsyncSession, int, Visit, str], Awaitable[None]]


async def cards(request: web.Request) -> web.StreamResponse:
    """The drafts, and the cards that speak, to be found by words."""
    parts = services(request)
    asked = request.query.get("q", "").strip()[:40]
    async with parts.database.reading() as session:
        rows = await card_drafts.drafts(session)
    await parts.ready()
    found = [card for card in parts.knowledge.cards.values() if asked and asked in card.title][:30]
    return page(
        request,
        "rule_cards.html",
        rows=rows,
        found=found,
        asked=asked,
        total=len(parts.knowledge.cards),
        now=request[VISIT].now,
        notice=DONE.get(request.query.get("done", ""), ""),
    )


async def new_card(request: web.Request) -> web.StreamResponse:
    """An empty form, or one with a card to be mended or the questions of a group in it."""
    content = await _beginning(request)
    return await _form(request, fields_of(content), group_id=request.query.get("group", ""))


async def _beginning(request: web.Request) -> dict[str, Any]:
    parts, today = services(request), request[VISIT].now.date().isoformat()
    await parts.ready()
    if card := parts.knowledge.cards.get(request.query.get("card", "")):
        return _as_content(card) | {"reviewed_on": today}
    content: dict[str, Any] = {"jurisdiction": "全国", "reviewed_on": today, "valid_from": today}
    group = request.query.get("group", "")
    if group.isdigit():
        async with parts.database.reading() as session:
            messages = await quality.messages_of(session, int(group))
        content["questions"] = list(dict.fromkeys(message.text for message in messages))[:20]
    return content


async def create(request: web.Request) -> web.StreamResponse:
    """Keep a new draft."""
    visit, form = request[VISIT], request[FORM]
    content, group_id = content_of(form), form.text("group")
    try:
        content |= _not_in_the_form(services(request).knowledge.cards.get(content["id"]))
        desk_cards.read_card(content)
        async with services(request).database.transaction() as session:
            draft = await card_drafts.start(
                session,
                content,
                author_id=visit.officer.id,
                group_id=int(group_id) if group_id.isdigit() else None,
                now=visit.now,
            )
            audit(request, session, "card_draft", subject=draft.card_id)
    except (ValueError, BotError) as error:
        return await _form(request, fields_of(content), group_id=group_id, problem=_words(error), status=422)
    raise see_other(f"/rule-cards/{draft.id}?done=saved")


async def draft_page(request: web.Request) -> web.StreamResponse:
    """One draft: the form while it may be changed, what the check says, what would change."""
    return await _show(request)


async def save(request: web.Request) -> web.StreamResponse:
    """Put the form's content into the draft."""
    visit, form = request[VISIT], request[FORM]
    content = content_of(form)
    try:
        async with services(request).database.transaction() as session:
            draft = await card_drafts.find_draft(session, _draft_id(request))
            content = {**draft.content, **content, "id": draft.card_id}
            desk_cards.read_card(content)
            await card_drafts.save(
                session, draft.id, content, version=form.number("version") or 0, now=visit.now
            )
    except (ValueError, BotError) as error:
        return await _show(request, _words(error), 422, fields=fields_of(content))
    raise see_other(f"/rule-cards/{draft.id}?done=saved")


async def submit(request: web.Request) -> web.StreamResponse:
    """Hand it to legal review, if the check finds nothing."""

    async def step(session: AsyncSession, draft_id: int, visit: Visit, note: str) -> None:
        await card_drafts.submit(session, draft_id, now=visit.now)

    return await _take(request, step, "submitted", checked=True)


async def publish(request: web.Request) -> web.StreamResponse:
    """Let it speak, if the check still finds nothing; never by its author."""

    async def step(session: AsyncSession, draft_id: int, visit: Visit, note: str) -> None:
        await card_drafts.publish(session, draft_id, reviewer_id=visit.officer.id, note=note, now=visit.now)

    return await _take(request, step, "published", checked=True)


async def send_back(request: web.Request) -> web.StreamResponse:
    """Return it to its author with a reason."""

    async def step(session: AsyncSession, draft_id: int, visit: Visit, note: str) -> None:
        await card_drafts.send_back(session, draft_id, reviewer_id=visit.officer.id, note=note, now=visit.now)

    return await _take(request, step, "returned")


async def withdraw(request: web.Request) -> web.StreamResponse:
    """Give it up, or silence it."""

    async def step(session: AsyncSession, draft_id: int, visit: Visit, note: str) -> None:
        await card_drafts.withdraw(session, draft_id, note=note, now=visit.now)

    return await _take(request, step, "withdrawn")


async def _take(request: web.Request, step: Step, done: str, *, checked: bool = False) -> web.StreamResponse:
    parts, visit = services(request), request[VISIT]
    draft_id, note = _draft_id(request), request[FORM].text("note")[:MAX_NOTE]
    if checked and await _problems(request, draft_id):
        return await _show(request, "检查没有通过，请先改好下面列出的问题。", 409)
    try:
        async with parts.database.transaction() as session:
            await step(session, draft_id, visit, note)
            draft = await card_drafts.find_draft(session, draft_id)
            audit(request, session, f"card_{done}", subject=draft.card_id)
    except (ValueError, BotError) as error:
        return await _show(request, _words(error), 409)
    if done in {"published", "withdrawn"}:
        await desk_cards.refresh(parts)
    raise see_other(f"/rule-cards/{draft_id}?done={done}")


async def _problems(request: web.Request, draft_id: int) -> list[str]:
    """What the check says, outside any transaction: it takes a moment."""
    parts = services(request)
    await parts.ready()
    async with parts.database.reading() as session:
        draft = await card_drafts.find_draft(session, draft_id)
    return await asyncio.to_thread(desk_cards.problems_of, parts, desk_cards.read_card(draft.content))


async def _show(
    request: web.Request, problem: str = "", status: int = 200, fields: dict[str, str] | None = None
) -> web.StreamResponse:
    parts = services(request)
    async with parts.database.reading() as session:
        draft = await card_drafts.find_draft(session, _draft_id(request))
        messages = await quality.messages_of(session, draft.group_id) if draft.group_id else []
    await parts.ready()
    card = desk_cards.read_card(draft.content)
    reasons = await asyncio.to_thread(desk_cards.problems_of, parts, card)
    is_compared = "compare" in request.query
    changes = (
        await asyncio.to_thread(parts.knowledge.regression, card, [gap.text for gap in messages])
        if is_compared
        else []
    )
    return await _form(
        request,
        fields or fields_of(draft.content),
        draft=draft,
        problem=problem,
        status=status,
        reasons=reasons,
        changes=changes,
        is_compared=is_compared,
    )


async def _form(
    request: web.Request,
    fields: dict[str, str],
    *,
    draft: CardDraft | None = None,
    group_id: str = "",
    problem: str = "",
    status: int = 200,
    **more: Any,
) -> web.StreamResponse:
    parts, visit = services(request), request[VISIT]
    await parts.ready()
    may_review = visit.may(Permission.REVIEW_CARDS) and draft is not None
    return page(
        request,
        "rule_card.html",
        status=status,
        fields=fields,
        draft=draft,
        group_id=group_id,
        problem=problem,
        line_fields=LINES,
        topics=topic_choices(card.topic for card in parts.knowledge.cards.values()),
        categories=[("", "无"), *((code, category.name) for code, category in CATEGORIES.items())],
        jurisdictions=[(name, name) for name in JURISDICTIONS],
        is_editable=visit.may(Permission.EDIT_CARDS) and (draft is None or draft.status is DraftStatus.DRAFT),
        is_reviewable=may_review and draft is not None and draft.author_id != visit.officer.id,
        notice=DONE.get(request.query.get("done", ""), ""),
        **({"reasons": [], "changes": [], "is_compared": False} | more),
    )


def _as_content(card: RuleCard) -> dict[str, Any]:
    names = ("id", "title", "topic", "category", "answer", "jurisdiction", "authority", "local_gap")
    content: dict[str, Any] = {name: getattr(card, name) for name in names}
    for name in LINES:
        content[name] = list(getattr(card, name))
    content["cites"] = [
        {"law": cite.law, "article": cite.article, "facts": list(cite.facts)} for cite in card.cites
    ]
    day: date = card.valid_from
    return content | {"valid_from": day.isoformat()}


def _not_in_the_form(card: RuleCard | None) -> dict[str, Any]:
    """What a card that is mended keeps as it is."""
    if card is None:
        return {}
    until = card.valid_until.isoformat() if card.valid_until else None
    superseded = [
        {"law": old.law, "article": old.article, "says": old.says, "since": old.since.isoformat()}
        for old in card.superseded
    ]
    return {"kind": card.kind, "valid_until": until, "superseded": superseded}


def _draft_id(request: web.Request) -> int:
    return int(request.match_info["draft_id"])


def _words(error: ValueError | BotError) -> str:
    return text_for(error) if isinstance(error, BotError) else f"有一项没填对：{error}"
