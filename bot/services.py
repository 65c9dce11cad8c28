"""The parts that every edge shares, and the casework service bound to one transaction."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import structlog

from bot.texts import render_notice
from tickets.casework import Casework
from tickets.powers import Powers
from tickets.retention import RetentionRules
from tickets.service import TicketService

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from knowledge_base.base import KnowledgeBase
    from tickets.database import Database
    from tickets.deadlines import WorkingCalendar
    from tickets.photos import PhotoStore
    from tickets.routing import Routing
    from tickets.vault import Vault

log = structlog.get_logger()

Service = TypeVar("Service", bound=Casework)


@dataclass(frozen=True, slots=True)
class Services:
    """What the relay, the desk and the commands work with; wired once in `bot/app.py`.

    Attributes:
        rules: the knowledge base, which is read while the first messages already come in.
    """

    database: Database
    photos: PhotoStore
    routing: Routing
    calendar: WorkingCalendar
    rules: Future[KnowledgeBase]

    vault: Vault
    powers: Powers = field(default_factory=Powers.load)
    retention: RetentionRules = field(default_factory=RetentionRules.load)

    @property
    def knowledge(self) -> KnowledgeBase:
        """The knowledge base; in the first seconds after a start this waits, so `await ready()` before."""
        return self.rules.result()

    async def ready(self) -> None:
        """Wait until everything is there.

        Raises: what reading the rules raised.
        """
        await asyncio.shield(asyncio.wrap_future(self.rules))

    def bound(self, kind: type[Service], session: AsyncSession, now: datetime) -> Service:
        """A casework service inside the transaction of `session`, at the moment `now` (aware UTC)."""
        return kind(
            session,
            routing=self.routing,
            calendar=self.calendar,
            notice=render_notice,
            now=now,
            vault=self.vault,
        )

    def tickets(self, session: AsyncSession, now: datetime) -> TicketService:
        """The service that most callers need."""
        return self.bound(TicketService, session, now)


async def read_photo(services: Services, sha256: str) -> bytes | None:
    """A photo to be served to somebody who may see it; None if it is gone or the store can't be reached."""
    try:
        return await asyncio.to_thread(services.photos.read, sha256)
    except FileNotFoundError:
        return None
    except OSError:
        log.exception("photo_not_read")
        return None


def read_already(knowledge: KnowledgeBase) -> Future[KnowledgeBase]:
    """A knowledge base that is there, in the form that `Services.rules` has."""
    future: Future[KnowledgeBase] = Future()
    future.set_result(knowledge)
    return future
