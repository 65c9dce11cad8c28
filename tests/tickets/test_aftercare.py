"""Urging, rating, reopening, calling back; and what the clock does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import CALENDAR, NOW, OFFICER, ROUTING, make_conversation, make_service, make_ticket
from tickets.aftercare import Aftercare
from tickets.categories import DATA_FOLDER, read_yaml
from tickets.clock import OVERDUE, WARNED, run_clock
from tickets.database import Database
from tickets.deadlines import WorkingCalendar
from tickets.errors import TicketNotFound, TooSoon, TransitionNotAllowed
from tickets.history import verify
from tickets.models import Entry, EntryKind, Message, Ticket
from tickets.workflow import Status

TICKET_NO = "FQ20261123-0001"


def aftercare(session: AsyncSession, now: datetime = NOW) -> Aftercare:
    return Aftercare(session, routing=ROUTING, calendar=CALENDAR, now=now)


async def filed(database: Database, status: Status) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        await make_ticket(session, status, conversation_id=conversation.id)


async def state(database: Database) -> Ticket:
    async with database.reading() as session:
        assert await verify(session) == []
        return (await session.scalars(sa.select(Ticket).where(Ticket.ticket_no == TICKET_NO))).one()


async def kinds(database: Database) -> list[EntryKind]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(Entry.kind).order_by(Entry.ticket_id, Entry.number)))


async def tick(database: Database, now: datetime, calendar: WorkingCalendar = CALENDAR) -> int:
    async with database.transaction() as session:
        return await run_clock(session, now, routing=ROUTING, calendar=calendar)


async def test_urging_is_counted_and_possible_once_a_day(database: Database) -> None:
    await filed(database, Status.ASSIGNED)

    async with database.transaction() as session:
        assert await aftercare(session).urge(TICKET_NO, conversation_id=1) == 1
        with pytest.raises(TooSoon) as caught:
            await aftercare(session, NOW + timedelta(hours=23)).urge(TICKET_NO, conversation_id=1)
        assert caught.value.again_at == NOW + timedelta(hours=24)
        assert await aftercare(session, NOW + timedelta(hours=24)).urge(TICKET_NO, conversation_id=1) == 2

    assert (await kinds(database))[-2:] == [EntryKind.URGE, EntryKind.URGE]


async def test_only_open_tickets_of_ones_own_are_urged(database: Database) -> None:
    await filed(database, Status.CLOSED)

    async with database.transaction() as session:
        other = await make_conversation(session, address="somebody else")
        with pytest.raises(TransitionNotAllowed):
            await aftercare(session).urge(TICKET_NO, conversation_id=1)
        with pytest.raises(TicketNotFound):
            await aftercare(session).urge(TICKET_NO, conversation_id=other.id)


async def test_a_content_citizen_leaves_the_ticket_closed(database: Database) -> None:
    await filed(database, Status.RESOLVED)

    async with database.transaction() as session:
        reopened = await aftercare(session).rate(TICKET_NO, conversation_id=1, score=9, is_solved=True)

    ticket = await state(database)
    assert (reopened, ticket.status, ticket.rating) == (False, Status.RESOLVED, 5)


async def test_not_solved_reopens_once_for_the_same_unit_under_supervision(database: Database) -> None:
    await filed(database, Status.RESOLVED)
    later = NOW + timedelta(days=3)

    async with database.transaction() as session:
        assert await aftercare(session, later).rate(
            TICKET_NO, conversation_id=1, score=1, is_solved=False, reason="垃圾还在"
        )

    ticket = await state(database)
    assert (ticket.status, ticket.department) == (Status.ASSIGNED, "squad_longtian")
    assert (ticket.supervised_at, ticket.reopened_count, ticket.closed_at) == (later, 1, None)
    assert ticket.due_at is not None
    assert ticket.due_at > later
    async with database.reading() as session:
        newest = (await session.scalars(sa.select(Message).order_by(Message.id.desc()))).first()
    assert newest is not None
    assert newest.content["text"] == "notice_status_reopened"


async def test_not_solved_again_puts_the_citizen_on_the_call_list(database: Database) -> None:
    await filed(database, Status.RESOLVED)
    async with database.transaction() as session:
        await aftercare(session).rate(TICKET_NO, conversation_id=1, score=1, is_solved=False)
        service = make_service(session)
        await service.change_status(TICKET_NO, Status.IN_PROGRESS, actor=OFFICER)
        await service.change_status(TICKET_NO, Status.RESOLVED, actor=OFFICER, note="又清了一次")

        assert not await aftercare(session).rate(TICKET_NO, conversation_id=1, score=1, is_solved=False)
        assert [ticket.ticket_no for ticket in await aftercare(session).followups()] == [TICKET_NO]
        await aftercare(session).called_back(TICKET_NO, "已电话说明", actor=OFFICER)
        assert await aftercare(session).followups() == []

    assert (await state(database)).status is Status.RESOLVED


async def test_what_is_open_cannot_be_rated(database: Database) -> None:
    await filed(database, Status.IN_PROGRESS)

    async with database.transaction() as session:
        with pytest.raises(TransitionNotAllowed):
            await aftercare(session).rate(TICKET_NO, conversation_id=1, score=5, is_solved=True)


async def test_the_clock_warns_before_and_after_a_deadline_once_each(database: Database) -> None:
    await filed(database, Status.ASSIGNED)
    due_at = (await state(database)).due_at
    assert due_at is not None

    assert await tick(database, due_at - timedelta(hours=25)) == 0
    assert [await tick(database, due_at - timedelta(hours=23)) for _ in range(2)] == [1, 0]
    assert (await state(database)).escalation_level == WARNED
    overdue = due_at + timedelta(minutes=1)
    assert [await tick(database, overdue) for _ in range(2)] == [1, 0]
    ticket = await state(database)
    assert (ticket.escalation_level, ticket.supervised_at) == (OVERDUE, overdue)


async def test_the_clock_closes_what_nobody_answers_or_contradicts(database: Database) -> None:
    await filed(database, Status.AWAITING_CITIZEN)
    async with database.transaction() as session:
        await make_ticket(session, Status.RESOLVED)

    await tick(database, NOW + timedelta(days=6))
    assert (await state(database)).status is Status.AWAITING_CITIZEN
    await tick(database, NOW + timedelta(days=8))
    await tick(database, NOW + timedelta(days=24))

    async with database.reading() as session:
        assert set(await session.scalars(sa.select(Ticket.status))) == {Status.CLOSED}
        assert await verify(session) == []


async def test_deadlines_are_filled_in_when_the_calendar_comes(database: Database) -> None:
    late = datetime(CALENDAR.last_year, 12, 30, 2, tzinfo=UTC)
    async with database.transaction() as session:
        await make_ticket(session, now=late)
    assert await tick(database, late + timedelta(hours=1)) == 0

    calendar = WorkingCalendar(
        read_yaml(DATA_FOLDER / "deadlines.yml"), {CALENDAR.last_year + 1: {"source": "通知"}}
    )
    assert await tick(database, late + timedelta(hours=2), calendar) == 1

    async with database.reading() as session:
        ticket = (await session.scalars(sa.select(Ticket))).one()
    assert ticket.due_at == calendar.due_times("complaint", "normal", late).resolve


async def test_clocks_of_several_processes_do_each_thing_once(
    database: Database, other_process: Database
) -> None:
    async with database.transaction() as session:
        for _ in range(12):
            await make_ticket(session)
    later = NOW + timedelta(days=20)

    async def run(process: Database) -> int:
        async with process.transaction() as session:
            return await run_clock(session, later, routing=ROUTING, calendar=CALENDAR, limit=4)

    done = await asyncio.gather(*(run((database, other_process)[number % 2]) for number in range(6)))

    assert sum(done) == 12
    assert (await kinds(database)).count(EntryKind.ESCALATION) == 12
