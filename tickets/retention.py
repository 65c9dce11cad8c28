"""What isn't needed any more goes by itself: contact data first, then what was said, then a ticket's words.

Any number of processes may run it at once; each takes rows that no other has locked, a bounded number at a
time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, func, select

from tickets.categories import DATA_FOLDER, read_yaml
from tickets.facts import ERASED
from tickets.models import Conversation, EntryKind, Ticket
from tickets.privacy import Privacy
from tickets.values import Actor

REASON = "保存期限已到"
# What an erased conversation's address begins with.
_ERASED_ADDRESS = "erased-"


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """Days after which something goes; 0 keeps it."""

    contact_days: int
    conversation_days: int
    ticket_days: int

    @classmethod
    def load(cls, folder: Path = DATA_FOLDER) -> RetentionRules:
        """Read retention.yml; a city without one keeps everything.

        Raises: ValueError, for days that are no whole number of at least 0.
        """
        path = folder / "retention.yml"
        rows = read_yaml(path) if path.is_file() else {}
        days = {name: rows.get(name, 0) for name in cls.__slots__}
        for name, value in days.items():
            if type(value) is not int or value < 0:
                raise ValueError(f"retention.yml: {name} must be a number of days")
        return cls(**days)


@dataclass(frozen=True, slots=True)
class Retired:
    """How many of each went, or would go."""

    contacts: int
    conversations: int
    tickets: int

    def __bool__(self) -> bool:
        return bool(self.contacts or self.conversations or self.tickets)


class Retention(Privacy):
    """The rules, applied."""

    async def due(self, rules: RetentionRules) -> Retired:
        """How many would go now."""
        counts = []
        for table, conditions in (
            (Ticket.id, self._contacts(rules)),
            (Conversation.id, self._conversations(rules)),
            (Ticket.id, self._tickets(rules)),
        ):
            found = 0
            if conditions:
                found = await self.session.scalar(select(func.count(table)).where(*conditions)) or 0
            counts.append(found)
        return Retired(*counts)

    async def run(
        self, rules: RetentionRules, delete_photo: Callable[[str], None], limit: int = 50
    ) -> Retired:
        """Let go of what is due, at most `limit` of each sort; again until nothing went.

        Args:
            delete_photo: called for each photo that nothing needs any more; delete it after the commit.
        """
        return Retired(
            await self._drop_contacts(self._contacts(rules), limit),
            await self._drop_conversations(self._conversations(rules), limit, delete_photo),
            await self._drop_tickets(self._tickets(rules), limit, delete_photo),
        )

    def _before(self, days: int) -> datetime:
        return self.now - timedelta(days=days)

    def _contacts(self, rules: RetentionRules) -> list[ColumnElement[bool]]:
        if not rules.contact_days:
            return []
        return [Ticket.closed_at < self._before(rules.contact_days), Ticket.contact.is_not(None)]

    def _conversations(self, rules: RetentionRules) -> list[ColumnElement[bool]]:
        if not rules.conversation_days:
            return []
        is_open = select(Ticket.id).where(
            Ticket.conversation_id == Conversation.id, Ticket.closed_at.is_(None)
        )
        return [
            Conversation.updated_at < self._before(rules.conversation_days),
            Conversation.address.not_like(f"{_ERASED_ADDRESS}%"),
            ~is_open.exists(),
        ]

    def _tickets(self, rules: RetentionRules) -> list[ColumnElement[bool]]:
        if not rules.ticket_days:
            return []
        return [Ticket.closed_at < self._before(rules.ticket_days), Ticket.summary != ERASED]

    async def _take_tickets(self, conditions: list[ColumnElement[bool]], limit: int) -> list[Ticket]:
        if not conditions:
            return []
        wanted = select(Ticket).where(*conditions).order_by(Ticket.id).limit(limit)
        return list(await self.session.scalars(wanted.with_for_update(skip_locked=True)))

    async def _drop_contacts(self, conditions: list[ColumnElement[bool]], limit: int) -> int:
        tickets = await self._take_tickets(conditions, limit)
        for ticket in tickets:
            ticket.contact = None
            ticket.version += 1
            data = {"entries": [], "contact": True}
            await self.record(ticket, EntryKind.ERASURE, Actor.system(), REASON, data)
        return len(tickets)

    async def _drop_conversations(
        self, conditions: list[ColumnElement[bool]], limit: int, delete_photo: Callable[[str], None]
    ) -> int:
        if not conditions:
            return 0
        wanted = select(Conversation).where(*conditions).order_by(Conversation.id).limit(limit)
        rows = list(await self.session.scalars(wanted.with_for_update(skip_locked=True)))
        for conversation in rows:
            await self.erase_conversation(conversation, delete_photo)
        return len(rows)

    async def _drop_tickets(
        self, conditions: list[ColumnElement[bool]], limit: int, delete_photo: Callable[[str], None]
    ) -> int:
        tickets = await self._take_tickets(conditions, limit)
        for ticket in tickets:
            await self.erase_ticket(ticket, Actor.system(), REASON, delete_photo)
        return len(tickets)
