"""Notices that tickets changed, whoever changed them and in whatever process, and tells the open pages."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from tickets.models import Entry, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tickets.database import Database

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 2.0
# A page that doesn't take its news for so long is told to look for itself.
MAX_WAITING = 100


class TicketWatch:
    """Looks at the history while pages are open: one small query every two seconds for all of them."""

    def __init__(self, every_seconds: float = LOOK_EVERY_SECONDS) -> None:
        self._every_seconds = every_seconds
        self._pages: set[asyncio.Queue[Sequence[Ticket] | None]] = set()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def page(self, database: Database) -> Iterator[asyncio.Queue[Sequence[Ticket] | None]]:
        """News for one open page: tickets that changed, or None when the desk closes."""
        news: asyncio.Queue[Sequence[Ticket] | None] = asyncio.Queue(MAX_WAITING)
        self._pages.add(news)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look(database))
        try:
            yield news
        finally:
            self._pages.discard(news)

    async def close(self) -> None:
        """Tell all pages that there will be no more news."""
        self._tell(None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self, database: Database) -> None:
        last: int | None = None
        while self._pages:
            try:
                last = await self._news_since(database, last)
            except (SQLAlchemyError, OSError):
                log.exception("desk.watch_failed")
            await asyncio.sleep(self._every_seconds)

    async def _news_since(self, database: Database, last: int | None) -> int:
        async with database.reading() as session:
            newest = await session.scalar(select(func.max(Entry.id))) or 0
            if last is not None and newest > last:
                changed = select(Entry.ticket_id).where(Entry.id > last).distinct()
                self._tell((await session.scalars(select(Ticket).where(Ticket.id.in_(changed)))).all())
        return newest

    def _tell(self, news: Sequence[Ticket] | None) -> None:
        for page in self._pages:
            if page.full():
                page.get_nowait()
            page.put_nowait(news)


WATCH: web.AppKey[TicketWatch] = web.AppKey("ticket_watch", TicketWatch)


async def close_watch(desk: web.Application) -> None:
    """Before the server waits for its connections: open event streams would hold it up."""
    await desk[WATCH].close()
