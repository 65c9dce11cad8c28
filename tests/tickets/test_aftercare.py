"""Urging, rating, reopening, calling back; and what the clock does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import (
    AFTER_PHOTO,
    CALENDAR,
    NOW,
    OFFICER,
    ROUTING,
    SUPERVISOR,
    make_conversation,
    make_service,
    make_ticket,
)
from tickets.aftercare import Aftercare, CallOutcome
from tickets.categories import DATA_FOLDER, read_yaml
from tickets.clock import run_clock
from tickets.database import Database
from tickets.deadlines import WorkingCalendar
from tickets.errors import (
    ActorNotAllowed,
    AlreadyRuled,
    NoteRequired,
    TicketNotFound,
    TooSoon,
    TransitionNotAllowed,
)
from tickets.facts import NOT_ACCEPTED, OVERDUE, WARNED
from tickets.models import Entry, EntryKind, Message, Ticket
from tickets.verification import verify
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
        await service.change_status(
            TICKET_NO, Status.RESOLVED, actor=OFFICER, note="又清了一次", photos=(AFTER_PHOTO,)
        )

        assert not await aftercare(session).rate(TICKET_NO, conversation_id=1, score=1, is_solved=False)
        assert [ticket.ticket_no for ticket in await aftercare(session).followups()] == [TICKET_NO]
        with pytest.raises(ActorNotAllowed):
            await aftercare(session).called_back(TICKET_NO, CallOutcome.SOLVED, "打过", actor=OFFICER)
        with pytest.raises(NoteRequired):
            await aftercare(session).called_back(TICKET_NO, CallOutcome.SOLVED, " ", actor=SUPERVISOR)
        await aftercare(session).called_back(TICKET_NO, CallOutcome.SOLVED, "已说明", actor=SUPERVISOR)
        assert await aftercare(session).followups() == []
        with pytest.raises(AlreadyRuled):
            await aftercare(session).called_back(TICKET_NO, CallOutcome.SOLVED, "再打", actor=SUPERVISOR)

    ticket = await state(database)
    assert (ticket.status, ticket.is_solved) == (Status.RESOLVED, True)


async def called(database: Database, days: int, outcome: CallOutcome) -> CallOutcome:
    async with database.transaction() as session:
        service = aftercare(session, NOW + timedelta(days=days))
        assert [ticket.ticket_no for ticket in await service.followups()] == [TICKET_NO]
        return await service.called_back(TICKET_NO, outcome, "打了电话", actor=SUPERVISOR)


async def waiting_for_a_call(database: Database) -> None:
    """Resolved, archived without a verdict; the citizen left a number."""
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        await make_ticket(session, Status.RESOLVED, conversation_id=conversation.id, contact="1")
    await tick(database, NOW + timedelta(days=8))


async def test_whoever_left_a_number_and_no_verdict_is_called(database: Database) -> None:
    await waiting_for_a_call(database)

    assert await called(database, 9, CallOutcome.SOLVED) is CallOutcome.SOLVED


async def test_whoever_is_not_reached_is_called_three_times_on_different_days(database: Database) -> None:
    await waiting_for_a_call(database)

    assert await called(database, 9, CallOutcome.UNREACHED) is CallOutcome.UNREACHED
    async with database.reading() as session:
        assert await aftercare(session, NOW + timedelta(days=9, hours=3)).followups() == []
    assert await called(database, 10, CallOutcome.UNREACHED) is CallOutcome.UNREACHED
    assert await called(database, 11, CallOutcome.UNREACHED) is CallOutcome.GIVEN_UP
    async with database.reading() as session:
        assert await aftercare(session, NOW + timedelta(days=99)).followups() == []


async def test_a_call_that_finds_nothing_solved_reopens_for_the_same_unit(database: Database) -> None:
    await waiting_for_a_call(database)

    await called(database, 9, CallOutcome.UNSOLVED)

    ticket = await state(database)
    assert (ticket.status, ticket.department, ticket.is_solved) == (
        Status.ASSIGNED,
        "squad_longtian",
        False,
    )
    async with database.reading() as session:
        assert await verify(session) == []


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
    async with database.reading() as session:
        escalated = sa.select(Entry.data).where(Entry.kind == EntryKind.ESCALATION).order_by(Entry.number)
        steps = [(data["step"], data["level"]) for data in await session.scalars(escalated)]
    assert steps == [("resolve", WARNED), ("resolve", OVERDUE)]


async def test_the_clock_notices_what_nobody_accepted_in_time(database: Database) -> None:
    await filed(database, Status.SUBMITTED)
    accept_due_at = (await state(database)).accept_due_at
    assert accept_due_at is not None

    assert await tick(database, accept_due_at - timedelta(minutes=1)) == 0
    assert await tick(database, accept_due_at + timedelta(minutes=1)) >= 1
    assert await tick(database, accept_due_at + timedelta(minutes=2)) == 0
    assert (await state(database)).late_steps & NOT_ACCEPTED


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


async def test_a_reopened_ticket_has_its_time_from_the_reopening_once_the_calendar_comes(
    database: Database,
) -> None:
    filed_at = datetime(CALENDAR.last_year, 11, 2, 2, tzinfo=UTC)
    late = datetime(CALENDAR.last_year, 12, 30, 2, tzinfo=UTC)
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        filed = await make_ticket(session, Status.CLOSED, now=filed_at, conversation_id=conversation.id)
        again = Aftercare(session, routing=ROUTING, calendar=CALENDAR, now=late)
        assert await again.rate(filed.ticket_no, conversation_id=conversation.id, score=1, is_solved=False)

    async def due_at() -> datetime | None:
        async with database.reading() as session:
            assert await verify(session) == []
            return await session.scalar(sa.select(Ticket.due_at))

    assert await due_at() is None
    calendar = WorkingCalendar(
        read_yaml(DATA_FOLDER / "deadlines.yml"), {CALENDAR.last_year + 1: {"source": "通知"}}
    )

    assert await tick(database, late + timedelta(hours=2), calendar) == 1

    assert await due_at() == calendar.due_times("complaint", "normal", late).resolve


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

    # Not accepted, not replied to, overdue: each ticket thrice.
    assert sum(done) == 36
    assert (await kinds(database)).count(EntryKind.ESCALATION) == 36
