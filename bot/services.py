"""The parts that every edge shares, and the casework service bound to one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bot.texts import render_notice
from tickets.casework import Casework
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

Service = TypeVar("Service", bound=Casework)


@dataclass(frozen=True, slots=True)
class Services:
    """What the relay, the desk and the commands work with; wired once in `bot/app.py`."""

    database: Database
    photos: PhotoStore
    routing: Routing
    calendar: WorkingCalendar
    knowledge: KnowledgeBase

    vault: Vault

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
