"""法制审核: the queue of answers, one answer beside the law that it cites, and the two ways out."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.dates import CHINA
from bot.desk.cited import cited_law
from bot.desk.context import FORM, VISIT, see_other, services, wake_outbox
from bot.desk.errors import text_for
from bot.desk.reach import ticket_within_reach
from bot.desk.render import page
from tickets.casework import find_ticket
from tickets.errors import ActorNotAllowed, BotError, DraftNotOpen
from tickets.legal_review import LegalReview
from tickets.models import DraftState

MAX_NOTE_LENGTH = 1000
DONE = {"approved": "已通过，答复已发给诉求人。", "returned": "已退回答复人修改，诉求人没有收到。"}


async def needs_review(request: web.Request, text: str) -> bool:
    """Whether these words as a reply to the ticket of this page must be reviewed first."""
    async with services(request).database.reading() as session:
        ticket = await find_ticket(session, request.match_info["ticket_no"])
    return bool(services(request).routing.consultations.reasons(ticket.kind, ticket.categories, text))


async def submit_for_review(request: web.Request, text: str) -> None:
    """Hand in the reply that was typed on the ticket's page.

    Raises: NotYourTicket; what `LegalReview.submit` raises.
    """
    visit, parts, form = request[VISIT], services(request), request[FORM]
    ticket_no = request.match_info["ticket_no"]
    async with parts.database.transaction() as session:
        await ticket_within_reach(request, session)
        await parts.bound(LegalReview, session, visit.now).submit(
            ticket_no,
            text,
            actor=visit.actor,
            resolves=form.text("resolves") == "1" or form.text("action") == "resolve",
            expected_version=form.number("version"),
        )


async def review_queue(request: web.Request) -> web.StreamResponse:
    """What waits for a review, oldest first."""
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        rows = await parts.bound(LegalReview, session, visit.now).queue()
    return page(
        request,
        "reviews.html",
        rows=rows,
        rules=parts.routing.consultations,
        now=visit.now,
        notice=DONE.get(request.query.get("done", ""), ""),
    )


async def review_page(request: web.Request) -> web.StreamResponse:
    """One answer with the question, the articles that it cites, and what was said before."""
    return await _show(request)


async def _show(
    request: web.Request, *, problem: str = "", typed: str = "", status: int = 200
) -> web.Response:
    visit, parts = request[VISIT], services(request)
    await parts.ready()
    async with parts.database.reading() as session:
        review = parts.bound(LegalReview, session, visit.now)
        try:
            row = await review.row(int(request.match_info["draft_id"]))
        except DraftNotOpen:
            raise web.HTTPNotFound from None
        earlier = [one for one in await review.drafts_of(row.ticket.id) if one.draft.id < row.draft.id]
        added = await review.said_since(row.draft)
    day = visit.now.astimezone(CHINA).date()
    is_open = row.draft.state is DraftState.PENDING
    is_author = visit.officer.id in {one.draft.author_id for one in (row, *earlier)}
    return page(
        request,
        "review.html",
        status=status,
        row=row,
        earlier=earlier,
        added=added,
        cited=await asyncio.to_thread(cited_law, parts.knowledge, row.draft.text, day),
        reasons=parts.routing.consultations.reason_names(row.draft.reasons),
        may_decide=is_open and not is_author,
        is_author=is_author,
        now=visit.now,
        problem=problem,
        typed=typed,
    )


async def decide(request: web.Request) -> web.StreamResponse:
    """Approve, or return with a reason."""
    visit, parts, form = request[VISIT], services(request), request[FORM]
    note, approves = form.text("note")[:MAX_NOTE_LENGTH], form.text("decision") == "approve"
    draft_id = int(request.match_info["draft_id"])
    try:
        async with parts.database.transaction() as session:
            review = parts.bound(LegalReview, session, visit.now)
            if approves:
                await review.approve(draft_id, actor=visit.actor, note=note)
            else:
                await review.send_back(draft_id, note, actor=visit.actor)
    except BotError as error:
        status = 403 if isinstance(error, ActorNotAllowed) else 409
        return await _show(request, problem=text_for(error), typed=note, status=status)
    wake_outbox(request)
    raise see_other(f"/reviews?done={'approved' if approves else 'returned'}")


async def withdraw(request: web.Request) -> web.StreamResponse:
    """The author takes an answer back."""
    visit, parts = request[VISIT], services(request)
    async with parts.database.transaction() as session:
        review = parts.bound(LegalReview, session, visit.now)
        draft_id = int(request.match_info["draft_id"])
        await review.withdraw(draft_id, actor=visit.actor)
        ticket_no = (await review.row(draft_id)).ticket.ticket_no
    raise see_other(f"/tickets/{ticket_no}?done=withdrawn")
