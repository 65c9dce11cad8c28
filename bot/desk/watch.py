"""Notices that tickets changed, whoever changed them and in whatever process, and tells the open pages."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from tickets.live_models import LiveTalk
from tickets.models import Entry, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from tickets.database import Database

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 2.0
# Changes with every talk that begins, is taken, answered or ends.
_TALKS = select(
    func.count(),
    func.count(LiveTalk.officer_id),
    func.count(LiveTalk.waiting_since),
    func.max(LiveTalk.id),
    func.max(LiveTalk.waiting_since),
    func.min(LiveTalk.waiting_since),
)
# A page that doesn't take its news for so long is told to look for itself.
MAX_WAITING = 100


@dataclass(frozen=True, slots=True)
class News:
    """What happened since the last look.

    Attributes:
        tickets: that changed.
        talks_changed: whether somebody began to wait for a person, was taken or answered.
    """

    tickets: Sequence[Ticket] = ()
    talks_changed: bool = False


class TicketWatch:
    """Looks while pages are open: two small queries every two seconds for all of them."""

    def __init__(self, every_seconds: float = LOOK_EVERY_SECONDS) -> None:
        self._every_seconds = every_seconds
        self._pages: set[asyncio.Queue[News | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()

    @contextmanager
    def page(self, database: Database) -> Iterator[asyncio.Queue[News | None]]:
        """News for one open page, or None when the desk closes."""
        news: asyncio.Queue[News | None] = asyncio.Queue(MAX_WAITING)
        self._pages.add(news)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look(database))
        try:
            yield news
        finally:
            self._pages.discard(news)

    async def rest(self, seconds: float) -> bool:
        """Sleep between two looks of a page's own; False when the desk closes."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), seconds)
        return not self._closed.is_set()

    async def close(self) -> None:
        """Tell all pages that there will be no more news."""
        self._closed.set()
        self._tell(None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self, database: Database) -> None:
        last: int | None = None
        talks: tuple[object, ...] | None = None
        while self._pages:
            try:
                async with database.reading() as session:
                    newest = await session.scalar(select(func.max(Entry.id))) or 0
                    now_talks = tuple((await session.execute(_TALKS)).one())
                    tickets = await self._changed(session, last, newest)
                talks_changed = talks is not None and now_talks != talks
                last, talks = newest, now_talks
                if tickets or talks_changed:
                    self._tell(News(tickets, talks_changed))
            except (SQLAlchemyError, OSError):
                log.exception("desk.watch_failed")
            await asyncio.sleep(self._every_seconds)

    @staticmethod
    async def _changed(session: AsyncSession, last: int | None, newest: int) -> Sequence[Ticket]:
        if last is None or newest <= last:
            return ()
        changed = select(Entry.ticket_id).where(Entry.id > last).distinct()
        return (await session.scalars(select(Ticket).where(Ticket.id.in_(changed)))).all()

    def _tell(self, news: News | None) -> None:
        for page in self._pages:
            if page.full():
                page.get_nowait()
            page.put_nowait(news)


WATCH: web.AppKey[TicketWatch] = web.AppKey("ticket_watch", TicketWatch)


async def close_watch(desk: web.Application) -> None:
    """Before the server waits for its connections: open event streams would hold it up."""
    await desk[WATCH].close()
