"""The clock of the casework: warns, escalates and closes what is due, in any number of processes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.relay import utc_now
from bot.texts import render_notice
from tickets.clock import run_clock
from tickets.files import expire_files
from tickets.live import LiveDesk
from tickets.paper_drafts import expire_drafts
from tickets.retention import Retention, Retired
from tickets.shared_values import expire_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.services import Services

log = structlog.get_logger()

PAUSE_SECONDS = 60.0
LIVE_AT_ONCE = 50


async def tick(services: Services) -> int:
    """Do all that is due now. Returns how many tickets and live talks were touched."""
    async with services.database.transaction() as session:
        await expire_files(session, utc_now())
        await expire_drafts(session, utc_now())
        await expire_values(session, utc_now())
    touched = 0
    while True:
        async with services.database.transaction() as session:
            done = await run_clock(
                session,
                utc_now(),
                routing=services.routing,
                calendar=services.calendar,
                notice=render_notice,
            )
            live = services.bound(LiveDesk, session, utc_now())
            done += await live.tell_waiting(LIVE_AT_ONCE) + await live.end_silent(LIVE_AT_ONCE)
        touched += done
        if not done:
            return touched


async def retire(services: Services) -> Retired:
    """Let go of some of what isn't kept any longer. Returns what went."""
    gone: list[str] = []
    async with services.database.transaction() as session:
        retention = services.bound(Retention, session, utc_now())
        retired = await retention.run(services.retention, gone.append)
    # Only now is it certain that the rows are gone.
    for sha256 in gone:
        await asyncio.to_thread(services.photos.delete, sha256)
    if retired:
        log.info(
            "retired",
            contacts=retired.contacts,
            conversations=retired.conversations,
            tickets=retired.tickets,
            photos=len(gone),
        )
    return retired


async def keep_ticking(services: Services, on_notices: Callable[[], None]) -> None:
    """Tick until cancelled; a failure is logged and the next tick tries again."""
    while True:
        try:
            if await tick(services):
                on_notices()
            await retire(services)
        except Exception:
            log.exception("clock_failed")
        await asyncio.sleep(PAUSE_SECONDS)
