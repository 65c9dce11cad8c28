"""Data for tests: every argument optional, defaults dull and valid."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tickets.casework import plain_notice
from tickets.conversations import open_conversation
from tickets.deadlines import WorkingCalendar
from tickets.models import Conversation, Officer, Role
from tickets.powers import Powers
from tickets.routing import Routing
from tickets.service import TicketService
from tickets.values import Actor, FiledTicket, NewTicket, Place
from tickets.workflow import ActorKind, Status

NOW = datetime(2026, 11, 23, 6, 5, tzinfo=UTC)
ROUTING = Routing.load()
CALENDAR = WorkingCalendar.load()
POWERS = Powers.load()
OFFICER = Actor(ActorKind.OFFICER, "1", "林工", role=Role.OFFICER)
SUPERVISOR = Actor(ActorKind.OFFICER, "2", "陈督办", role=Role.SUPERVISOR)

# Of the place afterwards; street matters are resolved with one.
AFTER_PHOTO = "a" * 64

# One lawful way from submission to each status: moves with the actor who makes them.
_WAYS: dict[Status, tuple[Status, ...]] = {
    Status.SUBMITTED: (),
    Status.ACCEPTED: (Status.ACCEPTED,),
    Status.ASSIGNED: (Status.ACCEPTED, Status.ASSIGNED),
    Status.IN_PROGRESS: (Status.ACCEPTED, Status.ASSIGNED, Status.IN_PROGRESS),
    Status.AWAITING_CITIZEN: (
        Status.ACCEPTED,
        Status.ASSIGNED,
        Status.IN_PROGRESS,
        Status.AWAITING_CITIZEN,
    ),
    Status.RESOLVED: (Status.ACCEPTED, Status.RESOLVED),
    Status.CLOSED: (Status.ACCEPTED, Status.RESOLVED, Status.CLOSED),
    Status.REOPENED: (Status.ACCEPTED, Status.RESOLVED, Status.REOPENED),
    Status.REJECTED: (Status.REJECTED,),
}


def make_new_ticket(**changes: Any) -> NewTicket:
    """Somebody dumps building waste in 龙田."""
    values: dict[str, Any] = {
        "kind": "complaint",
        "category": "illegal_dumping",
        "summary": "路边倒了一车装修垃圾",
        "place": Place("龙田镇东华村村口"),
        "happened": "昨天晚上",
    }
    return NewTicket(**(values | changes))


def make_service(session: AsyncSession, **changes: Any) -> TicketService:
    """A ticket service on the real data."""
    values: dict[str, Any] = {
        "routing": ROUTING,
        "calendar": CALENDAR,
        "notice": plain_notice,
        "now": NOW,
    }
    return TicketService(session, **(values | changes))


async def make_conversation(
    session: AsyncSession, channel: str = "web", address: str = "visitor-1", now: datetime = NOW
) -> Conversation:
    """A conversation, made or found."""
    return await open_conversation(session, channel, address, now)


async def make_officer(session: AsyncSession, **changes: Any) -> Officer:
    """An officer of the squad of 龙田."""
    values: dict[str, Any] = {
        "username": "lin",
        "display_name": "林工",
        "password_hash": "unused",
        "role": Role.OFFICER,
        "department": "squad_longtian",
        "created_at": NOW,
    }
    officer = Officer(**(values | changes))
    session.add(officer)
    await session.flush()
    return officer


async def make_ticket(
    session: AsyncSession, status: Status | str = Status.SUBMITTED, now: datetime = NOW, **changes: Any
) -> FiledTicket:
    """A ticket in some status, brought there by lawful moves.

    Args:
        changes: fields of `NewTicket`.
    """
    service = make_service(session, now=now)
    filed = await service.file(make_new_ticket(**changes))
    if Status(status) is Status.WITHDRAWN:
        ticket = await service.find_for_change(filed.ticket_no)
        await service.move(ticket, Status.WITHDRAWN, Actor.citizen(None))
        return filed
    for step in _WAYS[Status(status)]:
        photos = (AFTER_PHOTO,) if step is Status.RESOLVED else ()
        await service.change_status(filed.ticket_no, step, actor=OFFICER, note="已经核实", photos=photos)
    return filed
