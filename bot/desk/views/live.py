"""Server-sent events: tells open pages which tickets changed.

The page decides what to do, so that nothing typed is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence

from aiohttp import web

from bot.desk.context import VISIT, now, services
from bot.desk.watch import WATCH
from tickets.models import OfficerSession, Ticket

HEARTBEAT_SECONDS = 20.0


async def events(request: web.Request) -> web.StreamResponse:
    """A stream of `{"tickets": [{"no", "entries", "version"}]}`, only of tickets that the officer may see."""
    visit, database = request[VISIT], services(request).database
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    # The officer went to another page: nobody is there to write to.
    with request.config_dict[WATCH].page(database) as news, contextlib.suppress(ConnectionResetError):
        await response.write(b"retry: 5000\n\n")
        while await _still_signed_in(request):
            changed = await _next(news)
            if changed is None:
                break
            seen = [ticket for ticket in changed if visit.reach.covers(ticket)]
            await response.write(_event(seen) if seen else b": still here\n\n")
    return response


async def _next(news: asyncio.Queue[Sequence[Ticket] | None]) -> Sequence[Ticket] | None:
    """What changed, [] after a while without news, None when the desk closes."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            return await news.get()
    except TimeoutError:
        return []


def _event(tickets: Sequence[Ticket]) -> bytes:
    rows = [
        {"no": ticket.ticket_no, "entries": ticket.entry_count, "version": ticket.version}
        for ticket in tickets
    ]
    return f"event: tickets\ndata: {json.dumps({'tickets': rows})}\n\n".encode()


async def _still_signed_in(request: web.Request) -> bool:
    moment = now(request)
    async with services(request).database.reading() as session:
        stored = await session.get(OfficerSession, request[VISIT].session.id)
    return stored is not None and stored.ended_at is None and stored.expires_at > moment
