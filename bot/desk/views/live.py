"""Server-sent events: tells open pages which tickets changed, and how many citizens wait for a person.

The page decides what to do, so that nothing typed is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from bot.desk.context import VISIT, now, services
from bot.desk.permissions import Permission
from bot.desk.waits import is_late
from bot.desk.watch import WATCH, News
from tickets.live_queries import waiting
from tickets.models import OfficerSession, Ticket

HEARTBEAT_SECONDS = 20.0


async def events(request: web.Request) -> web.StreamResponse:
    """A stream of two events, both only of what the officer may see.

    `tickets`: `{"tickets": [{"no", "entries", "version"}]}` that changed.
    `waiting`: `{"count", "is_late"}` of citizens who wait for a person.
    """
    visit, database = request[VISIT], services(request).database
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    # The officer went to another page: nobody is there to write to.
    with request.config_dict[WATCH].page(database) as news, contextlib.suppress(ConnectionResetError):
        await response.prepare(request)
        await response.write(b"retry: 5000\n\n")
        told: dict[str, Any] = {}
        heard: News | None = News(talks_changed=True)
        while heard is not None and await still_signed_in(request):
            seen = [ticket for ticket in heard.tickets if visit.reach.covers(ticket)]
            if seen:
                await response.write(_event("tickets", {"tickets": _rows(seen)}))
            wait = await _waiting(request)
            if wait != told:
                await response.write(_event("waiting", wait))
            elif not seen:
                await response.write(b": still here\n\n")
            told = wait
            heard = await _next(news)
    return response


async def _next(news: asyncio.Queue[News | None]) -> News | None:
    """What happened, nothing after a while without news, None when the desk closes."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            return await news.get()
    except TimeoutError:
        return News()


async def _waiting(request: web.Request) -> dict[str, Any]:
    """Asked again at every beat: a wait becomes late by itself."""
    visit, parts = request[VISIT], services(request)
    if not visit.may(Permission.TALK):
        return {}
    moment = now(request)
    async with parts.database.reading() as session:
        found = await waiting(session, visit.reach, moment)
    late = found.since is not None and is_late(found.since, moment, parts.calendar)
    return {"count": found.count, "is_late": late}


def _rows(tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
    return [
        {"no": ticket.ticket_no, "entries": ticket.entry_count, "version": ticket.version}
        for ticket in tickets
    ]


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


async def still_signed_in(request: web.Request) -> bool:
    """Whether the session that opened the stream still stands."""
    moment = now(request)
    async with services(request).database.reading() as session:
        stored = await session.get(OfficerSession, request[VISIT].session.id)
    return stored is not None and stored.ended_at is None and stored.expires_at > moment
