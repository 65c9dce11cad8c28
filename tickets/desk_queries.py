"""What the desk reads besides `tickets.queries`: whose tickets an officer may see, and all
that belongs to one ticket. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.casework import find_ticket
from tickets.categories import ABOUT_OFFICERS
from tickets.models import Attachment, Entry, Follower, Message, Officer, OutboxItem, Ticket
from tickets.search import facet
from tickets.workflow import TicketKind

# What was said before the report was filed and belongs to it.
BEFORE_FILING = timedelta(hours=2)
MAX_MESSAGES = 200


@dataclass(frozen=True, slots=True)
class Reach:
    """Which tickets an officer may see; those assigned to them are always among them.

    Attributes:
        department: the code of their own unit, or None.
        everything: all units' tickets.
        consultations: consultations of all units, besides their own unit's tickets.
    """

    officer_id: int
    department: str | None
    everything: bool = False
    consultations: bool = False

    def condition(self) -> ColumnElement[bool]:
        """The reach as a condition on `Ticket`."""
        return self.within(None)

    def within(
        self, department: str | None, officer_id: int | None = None, *, unowned: bool = False
    ) -> ColumnElement[bool]:
        """The reach as a condition for a list that is narrowed to a unit or an officer already: their own
        needs no further condition, and without one the database goes by the unit's index.

        Args:
            unowned: for a list of tickets that nobody has, none of which is one's own.
        """
        if self._holds(department, officer_id):
            return true()
        parts: list[ColumnElement[bool]] = [] if unowned else [Ticket.officer_id == self.officer_id]
        if self.department is not None:
            parts.append(Ticket.department == self.department)
        if self.consultations:
            parts.append(and_(Ticket.kind == TicketKind.CONSULTATION, Ticket.category.not_in(ABOUT_OFFICERS)))
        return or_(false(), *parts)

    def facets(self, department: str | None, officer_id: int | None) -> set[str]:
        """The same for the index of words: a ticket has one of these facets; empty, if it needs none."""
        if self._holds(department, officer_id):
            return set()
        unit = {facet("unit", self.department)} if self.department is not None else set()
        kind = {facet("kind", TicketKind.CONSULTATION)} if self.consultations else set()
        return {facet("officer", self.officer_id), *unit, *kind}

    def _holds(self, department: str | None, officer_id: int | None) -> bool:
        """Whether all of a unit's or an officer's tickets lie within the reach."""
        is_own_unit = department is not None and department == self.department
        return self.everything or is_own_unit or officer_id == self.officer_id

    def covers(self, ticket: Ticket) -> bool:
        """Whether one ticket lies within the reach."""
        return (
            self.everything
            or ticket.officer_id == self.officer_id
            or (self.department is not None and ticket.department == self.department)
            or (
                self.consultations
                and ticket.kind is TicketKind.CONSULTATION
                and ticket.category not in ABOUT_OFFICERS
            )
        )


@dataclass(frozen=True, slots=True)
class Said:
    """A message and, if we sent it, what became of it (None: it needed no delivery)."""

    message: Message
    outbox: OutboxItem | None


@dataclass(frozen=True, slots=True)
class TicketFile:
    """All that belongs to one ticket."""

    ticket: Ticket
    officer: Officer | None
    entries: Sequence[Entry]
    said: Sequence[Said]
    attachments: Sequence[Attachment]


async def ticket_file(session: AsyncSession, ticket_no: str) -> TicketFile:
    """A ticket with its history, conversation and photos. Whoever asks checks the reach.

    Raises: TicketNotFound.
    """
    ticket = await find_ticket(session, ticket_no)
    entries = await session.scalars(select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.number))
    attachments = await session.scalars(
        select(Attachment).where(Attachment.ticket_id == ticket.id).order_by(Attachment.id)
    )
    return TicketFile(
        ticket,
        await session.get(Officer, ticket.officer_id) if ticket.officer_id else None,
        entries.all(),
        await _said(session, ticket),
        attachments.all(),
    )


async def _said(session: AsyncSession, ticket: Ticket) -> list[Said]:
    """The conversation around a ticket: what names it, or names none and was said since shortly before."""
    if ticket.conversation_id is None:
        return []
    unnamed = [Message.ticket_id.is_(None), Message.created_at >= ticket.created_at - BEFORE_FILING]
    if walled := await walled_since(session, ticket.conversation_id, lambda one: one.id != ticket.id):
        unnamed.append(Message.created_at < walled)
    query = (
        select(Message, OutboxItem)
        .outerjoin(OutboxItem, OutboxItem.message_id == Message.id)
        .where(
            Message.conversation_id == ticket.conversation_id,
            or_(Message.ticket_id == ticket.id, and_(*unnamed)),
        )
        .order_by(Message.id.desc())
        .limit(MAX_MESSAGES)
    )
    rows = (await session.execute(query)).all()
    return [Said(row[0], row[1]) for row in reversed(rows)]


async def walled_since(
    session: AsyncSession, conversation_id: int, is_elsewhere: Callable[[Ticket], bool]
) -> datetime | None:
    """Since when a conversation may be about a complaint about officers that is handled elsewhere: what was
    said since then and names no ticket is for whoever handles that one. None, if there is none.
    """
    complaints = await session.scalars(
        select(Ticket).where(Ticket.conversation_id == conversation_id, Ticket.category.in_(ABOUT_OFFICERS))
    )
    begun = [one.created_at - BEFORE_FILING for one in complaints if is_elsewhere(one)]
    return min(begun, default=None)


async def has_photo(session: AsyncSession, ticket: Ticket, sha256: str) -> bool:
    """Whether the photo belongs to the ticket or to the conversation around it."""
    attached = await session.scalar(
        select(Attachment.id).where(Attachment.ticket_id == ticket.id, Attachment.sha256 == sha256).limit(1)
    )
    if attached is not None:
        return True
    return any(said.message.content.get("photo") == sha256 for said in await _said(session, ticket))


async def follower_count(session: AsyncSession, ticket_id: int) -> int:
    """How many citizens chose to be told where a ticket stands, besides those who reported it."""
    chose = select(func.count()).where(Follower.ticket_id == ticket_id, Follower.from_ticket_id.is_(None))
    return await session.scalar(chose) or 0


async def colleagues(session: AsyncSession, department: str) -> Sequence[Officer]:
    """Active officers whom a ticket of the department can be given to."""
    query = (
        select(Officer)
        .where(Officer.is_active, or_(Officer.department == department, Officer.department.is_(None)))
        .order_by(Officer.display_name)
    )
    return (await session.scalars(query)).all()
