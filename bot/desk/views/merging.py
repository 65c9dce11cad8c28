"""Reports of the same matter: what is alike, merging, splitting. And the case file of one ticket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.desk.context import FORM, VISIT, audit, see_other, services, wake_outbox
from bot.desk.errors import NotYourTicket, text_for
from bot.desk.reach import ticket_within_reach
from bot.desk.render import page
from bot.desk.views.ticket import show_ticket
from bot.texts import words_for_file
from tickets.casefile import build_case_file
from tickets.categories import CATEGORIES
from tickets.duplicates import Duplicates
from tickets.errors import BotError, TicketNotFound

Work = Callable[[Duplicates, str], Awaitable[None]]


async def merge_page(request: web.Request) -> web.StreamResponse:
    """Open tickets that seem to be of the same matter, to merge this one into."""
    return await _merge_page(request)


async def _merge_page(request: web.Request, *, problem: str = "", status: int = 200) -> web.Response:
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        ticket = await ticket_within_reach(request, session)
        duplicates = parts.bound(Duplicates, session, visit.now)
        found = await duplicates.similar_to(ticket, visit.reach.condition())
    return page(
        request,
        "merge.html",
        status=status,
        ticket=ticket,
        found=found,
        categories=CATEGORIES,
        routing=parts.routing,
        now=visit.now,
        wanted=request[FORM].text("target")[:30] if FORM in request else "",
        problem=problem,
    )


async def similar_part(request: web.Request) -> web.StreamResponse:
    """The part of a ticket's page that names open tickets of the same matter."""
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        ticket = await ticket_within_reach(request, session)
        found = await parts.bound(Duplicates, session, visit.now).similar_to(ticket, visit.reach.condition())
    return page(request, "_similar.html", ticket=ticket, found=found, now=visit.now)


async def merge(request: web.Request) -> web.StreamResponse:
    """Let the ticket rest in another one, which this officer may see, too."""
    target_no = request[FORM].text("target")[:30]
    actor = request[VISIT].actor
    try:
        async with services(request).database.transaction() as session:
            source = await ticket_within_reach(request, session)
            target = await ticket_within_reach(request, session, target_no)
            duplicates = services(request).bound(Duplicates, session, request[VISIT].now)
            await duplicates.merge(source.ticket_no, target.ticket_no, actor=actor)
    except BotError as error:
        return await _merge_page(request, problem=text_for(error), status=409)
    wake_outbox(request)
    raise see_other(f"/tickets/{target.ticket_no}?done=merged")


async def split(request: web.Request) -> web.StreamResponse:
    """Take the ticket out of the one that it was merged into."""
    try:
        async with services(request).database.transaction() as session:
            ticket = await ticket_within_reach(request, session)
            duplicates = services(request).bound(Duplicates, session, request[VISIT].now)
            await duplicates.split(ticket.ticket_no, actor=request[VISIT].actor)
    except (TicketNotFound, NotYourTicket):
        raise
    except BotError as error:
        return await show_ticket(request, problem=text_for(error), status=409)
    wake_outbox(request)
    raise see_other(f"/tickets/{ticket.ticket_no}?done=split")


async def case_file(request: web.Request) -> web.StreamResponse:
    """The ticket with all that belongs to it as a ZIP; who took it stands in the audit log."""
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        ticket = await ticket_within_reach(request, session)
        content = await build_case_file(
            session,
            ticket.ticket_no,
            photos=parts.photos,
            routing=parts.routing,
            now=visit.now,
            words=words_for_file,
            vault=parts.vault,
        )
    async with parts.database.transaction() as session:
        audit(request, session, "case_file", subject=ticket.ticket_no)
    headers = {
        "Content-Disposition": f'attachment; filename="{ticket.ticket_no}.zip"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=content, content_type="application/zip", headers=headers)
