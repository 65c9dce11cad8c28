"""Which photos of a ticket anybody may see."""

from __future__ import annotations

from aiohttp import web

from bot.desk.context import FORM, VISIT, audit, see_other, services
from bot.desk.reach import ticket_within_reach
from tickets.publication import release_photo


async def release(request: web.Request) -> web.StreamResponse:
    """Show one photo to everybody, or take it back."""
    visit, is_public = request[VISIT], request[FORM].text("public") == "1"
    async with services(request).database.transaction() as session:
        ticket = await ticket_within_reach(request, session)
        sha256 = request.match_info["sha256"]
        if not await release_photo(session, ticket, sha256, visit.now if is_public else None):
            raise web.HTTPNotFound
        audit(request, session, "photo_released" if is_public else "photo_hidden", subject=ticket.ticket_no)
    raise see_other(f"/tickets/{ticket.ticket_no}?done={'released' if is_public else 'hidden'}")
