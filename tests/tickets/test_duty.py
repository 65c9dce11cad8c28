"""The rota in the database, and consultations that find their adviser."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import CALENDAR, NOW, ROUTING, make_officer, make_ticket
from tickets.clock import run_clock
from tickets.database import Database
from tickets.duty import DutyDesk
from tickets.errors import ActorNotAllowed, AwayThen, BotError, NotAnAdviser, NoteRequired, WrongPeriod
from tickets.models import Entry, EntryKind, Officer, Role, Ticket
from tickets.oversight import Oversight
from tickets.values import Actor
from tickets.verification import verify
from tickets.workflow import ActorKind, Status

MONDAY = date(2026, 11, 23)
SUNDAY = date(2026, 11, 29)
QUESTION = {"kind": "consultation", "category": "other", "summary": "老房子翻建听谁的", "place": None}


def desk(session: AsyncSession, **later: float) -> DutyDesk:
    return DutyDesk(session, routing=ROUTING, calendar=CALENDAR, now=NOW + timedelta(**later))


def actor(officer: Officer) -> Actor:
    return Actor(ActorKind.OFFICER, str(officer.id), officer.display_name, str(officer.role))


async def advisers(session: AsyncSession) -> tuple[Officer, Officer, Actor]:
    """Two advisers and a supervisor."""
    people = [
        await make_officer(session, username=name, role=Role.LEGAL_ADVISER, department="legal")
        for name in ("an", "bai")
    ]
    chief = await make_officer(session, username="chief", role=Role.SUPERVISOR, department=None)
    return people[0], people[1], actor(chief)


@pytest.fixture
async def planned(database: Database) -> tuple[Database, Actor]:
    """ "an" (1) and "bai" (2) take turns; "chief" (3) supervises."""
    async with database.transaction() as session:
        first, second, chief = await advisers(session)
        await desk(session).plan(MONDAY, [first.id, second.id], actor=chief)
    return database, chief


async def stored(database: Database, ticket_no: str) -> tuple[Ticket, list[Entry]]:
    async with database.reading() as session:
        assert await verify(session) == []
        ticket = (await session.scalars(select(Ticket).where(Ticket.ticket_no == ticket_no))).one()
        entries = await session.scalars(
            select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.number)
        )
        return ticket, list(entries)


async def test_a_consultation_goes_to_the_adviser_on_duty(planned: tuple[Database, Actor]) -> None:
    database, _ = planned
    async with database.transaction() as session:
        this_week = await make_ticket(session, **QUESTION)
        next_week = await make_ticket(session, now=NOW + timedelta(days=7), **QUESTION)
        complaint = await make_ticket(session)
        about_officer = await make_ticket(session, kind="consultation", category="officer_conduct")

    ticket, entries = await stored(database, this_week.ticket_no)
    assert (ticket.department, ticket.officer_id, this_week.department_name) == ("legal", 1, "法制科")
    assert entries[-1].kind is EntryKind.ASSIGNMENT
    assert entries[-1].data["duty"] == "2026-11-23"
    assert (await stored(database, next_week.ticket_no))[0].officer_id == 2
    assert (await stored(database, complaint.ticket_no))[0].officer_id is None
    # The routing data lets nobody but supervision have it.
    assert (await stored(database, about_officer.ticket_no))[0].department == "supervision"


async def test_with_nobody_on_duty_a_supervisor_sees_it_and_the_clock_gives_it_out_later(
    database: Database,
) -> None:
    async with database.transaction() as session:
        filed = await make_ticket(session, **QUESTION)

    ticket, entries = await stored(database, filed.ticket_no)
    assert (ticket.officer_id, ticket.supervised_at) == (None, NOW)
    assert (entries[-1].kind, entries[-1].data["because"]) == (EntryKind.ESCALATION, "nobody_on_duty")

    async def tick() -> int:
        async with database.transaction() as session:
            return await run_clock(session, NOW, routing=ROUTING, calendar=CALENDAR)

    assert await tick() == 0
    async with database.transaction() as session:
        first, second, chief = await advisers(session)
        await desk(session).plan(MONDAY, [second.id, first.id], actor=chief)
    assert await tick() == 1
    assert await tick() == 0
    assert (await stored(database, filed.ticket_no))[0].officer_id == 2


async def test_leave_moves_new_consultations_and_a_hand_over_the_old_ones_too(
    planned: tuple[Database, Actor],
) -> None:
    database, chief = planned
    async with database.transaction() as session:
        old = await make_ticket(session, **QUESTION)
        await desk(session).leave(1, MONDAY, MONDAY, "外出学习", actor=chief)
        new = await make_ticket(session, **QUESTION)

    assert (await stored(database, new.ticket_no))[0].officer_id == 2
    assert (await stored(database, old.ticket_no))[0].officer_id == 1
    async with database.transaction() as session:
        passed = await desk(session).hand_over(1, 2, MONDAY, SUNDAY, "等镇里的规划图", actor=chief)

    assert passed == 1
    ticket, entries = await stored(database, old.ticket_no)
    assert ticket.officer_id == 2
    assert entries[-1].text == "等镇里的规划图"


async def test_a_later_hand_over_begins_by_the_clock_and_only_once(planned: tuple[Database, Actor]) -> None:
    database, chief = planned
    async with database.transaction() as session:
        filed = await make_ticket(session, **QUESTION)
        tuesday = MONDAY + timedelta(days=1)
        assert await desk(session).hand_over(1, 2, tuesday, SUNDAY, "看附件", actor=chief) == 0
        assert await desk(session).catch_up(50) == 0
    async with database.transaction() as session:
        assert await desk(session, days=1).catch_up(50) == 1
        assert await desk(session, days=1).catch_up(50) == 0

    assert (await stored(database, filed.ticket_no))[0].officer_id == 2


async def test_nobody_takes_over_while_they_are_on_leave(planned: tuple[Database, Actor]) -> None:
    database, chief = planned
    tuesday, wednesday = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
    async with database.transaction() as session:
        filed = await make_ticket(session, **QUESTION)
        await desk(session).hand_over(1, 2, tuesday, SUNDAY, "看附件", actor=chief)
        await desk(session).leave(2, tuesday, tuesday, "病了", actor=chief)
        with pytest.raises(AwayThen):
            await desk(session).hand_over(1, 2, tuesday, SUNDAY, "看附件", actor=chief)
        assert await desk(session, days=1).catch_up(50) == 0
    assert (await stored(database, filed.ticket_no))[0].officer_id == 1
    async with database.transaction() as session:
        assert await desk(session, days=(wednesday - MONDAY).days).catch_up(50) == 1

    assert (await stored(database, filed.ticket_no))[0].officer_id == 2


async def test_with_both_advisers_on_leave_a_supervisor_sees_it_until_one_is_back(
    planned: tuple[Database, Actor],
) -> None:
    database, chief = planned
    async with database.transaction() as session:
        for adviser in (1, 2):
            await desk(session).leave(adviser, MONDAY, MONDAY, "培训", actor=chief)
        filed = await make_ticket(session, **QUESTION)

    ticket, entries = await stored(database, filed.ticket_no)
    assert (ticket.officer_id, ticket.supervised_at, ticket.department) == (None, NOW, "legal")
    assert entries[-1].kind is EntryKind.ESCALATION
    async with database.transaction() as session:
        assert await desk(session, hours=1).catch_up(50) == 0
        assert await desk(session, days=1).catch_up(50) == 1
    assert (await stored(database, filed.ticket_no))[0].officer_id == 1


async def test_what_makes_no_sense_is_refused(planned: tuple[Database, Actor]) -> None:
    database, chief = planned
    yesterday, far = MONDAY - timedelta(days=1), MONDAY + timedelta(days=900)
    async with database.transaction() as session:
        other = await make_officer(session)
        one = desk(session)
        refusals: list[tuple[type[BotError], object]] = [
            (WrongPeriod, one.leave(1, SUNDAY, MONDAY, "", actor=chief)),
            (WrongPeriod, one.leave(1, yesterday, yesterday, "", actor=chief)),
            (WrongPeriod, one.leave(1, MONDAY, far, "", actor=chief)),
            (NotAnAdviser, one.leave(other.id, MONDAY, MONDAY, "", actor=chief)),
            (NotAnAdviser, one.hand_over(1, 1, MONDAY, MONDAY, "x", actor=chief)),
            (NotAnAdviser, one.hand_over(1, other.id, MONDAY, MONDAY, "x", actor=chief)),
            (NoteRequired, one.hand_over(1, 2, MONDAY, MONDAY, " ", actor=chief)),
            (NotAnAdviser, one.plan(MONDAY, [], actor=chief)),
            (NotAnAdviser, one.plan(MONDAY, [1, other.id], actor=chief)),
            (WrongPeriod, one.plan(yesterday, [1], actor=chief)),
            (WrongPeriod, one.cancel_leave(99, actor=chief)),
        ]
        for error, call in refusals:
            with pytest.raises(error):
                await call  # type: ignore[misc]  # a coroutine


async def test_leave_is_taken_back_by_its_owner_or_a_supervisor(planned: tuple[Database, Actor]) -> None:
    database, chief = planned
    owner = Actor(ActorKind.OFFICER, "1", "an", "legal_adviser")
    async with database.transaction() as session:
        await desk(session).leave(1, MONDAY, SUNDAY, "", actor=owner)
        with pytest.raises(ActorNotAllowed):
            await desk(session).cancel_leave(1, actor=Actor(ActorKind.OFFICER, "2", "bai", "legal_adviser"))
        # After two days of it the rest is taken back; the two days stay.
        await desk(session, days=2).cancel_leave(1, actor=owner)
        rota = await desk(session).rota()
        assert [duty.officer_id for duty in rota.week(MONDAY)] == [2, 2, 1, 1, 1, 1, 1]

        await desk(session).hand_over(1, 2, MONDAY, SUNDAY, "x", actor=owner)
        await desk(session).cancel_hand_over(1, actor=chief, manages=True)
        leaves, hand_overs = await desk(session).upcoming()
    assert (len(leaves), len(hand_overs)) == (1, 0)


async def test_questions_about_a_units_own_service_go_to_that_unit(planned: tuple[Database, Actor]) -> None:
    database, _ = planned
    async with database.transaction() as session:
        filed = await make_ticket(session, **QUESTION | {"category": "gas_water", "summary": "怎么报停水"})
        of_law = await make_ticket(session, **QUESTION | {"category": "illegal_construction"})

    ticket, _ = await stored(database, filed.ticket_no)
    assert ticket.department == ROUTING.route("gas_water", None).code != "legal"
    assert (await stored(database, of_law.ticket_no))[0].department == "legal"


async def test_an_adviser_passes_a_question_on_and_its_unit_owns_it_from_then_on(
    planned: tuple[Database, Actor],
) -> None:
    database, chief = planned
    async with database.transaction() as session:
        filed = await make_ticket(session, **QUESTION)
    async with database.transaction() as session:
        owner, other = [actor(await session.get_one(Officer, number)) for number in (1, 2)]
        due_at = (await desk(session).find(filed.ticket_no)).due_at
        for who, department, reason, error in (
            (owner, "duty_squad", " ", NoteRequired),
            (owner, "legal", "归你们", ActorNotAllowed),
            (other, "duty_squad", "归你们", ActorNotAllowed),
            (chief, "duty_squad", "归你们", ActorNotAllowed),
        ):
            with pytest.raises(error):
                await desk(session).pass_on(filed.ticket_no, department, reason, actor=who)
        await desk(session).pass_on(filed.ticket_no, "duty_squad", "问的是清运时间", actor=owner)

    ticket, entries = await stored(database, filed.ticket_no)
    assert (ticket.department, ticket.officer_id, ticket.status) == ("duty_squad", None, Status.ASSIGNED)
    assert (ticket.due_at, ticket.hand_back_count) == (due_at, 1)
    assert (entries[-1].kind, entries[-1].text) == (EntryKind.ASSIGNMENT, "问的是清运时间")


async def test_a_question_handed_back_finds_an_adviser_and_the_next_time_the_supervisor(
    planned: tuple[Database, Actor],
) -> None:
    database, chief = planned
    async with database.transaction() as session:
        filed = await make_ticket(session, **QUESTION)
    async with database.transaction() as session:
        adviser = actor(await session.get_one(Officer, 1))
        squad = await make_officer(session, username="dan", department="duty_squad")
        await desk(session).pass_on(filed.ticket_no, "duty_squad", "归你们", actor=adviser)
    async with database.transaction() as session:
        oversight = desk(session).bound(Oversight)
        application = await oversight.hand_back(
            filed.ticket_no, "问的是法律", actor=actor(squad), wanted_department="legal"
        )
        owner = await desk(session).find(filed.ticket_no)
        assert owner.department == "duty_squad"
        await oversight.rule(application, True, actor=chief)

    ticket, _ = await stored(database, filed.ticket_no)
    # Two hand-backs: the head of a zone, or supervision where no town was said.
    assert (ticket.department, ticket.hand_back_count) == ("supervision", 2)


async def test_an_adviser_may_apply_for_a_hand_back_before_anything_was_begun(
    planned: tuple[Database, Actor],
) -> None:
    database, chief = planned
    async with database.transaction() as session:
        filed = await make_ticket(session, **QUESTION)
    async with database.transaction() as session:
        adviser = actor(await session.get_one(Officer, 1))
        oversight = desk(session).bound(Oversight)
        application = await oversight.hand_back(
            filed.ticket_no, "不是法律问题", actor=adviser, wanted_department="duty_squad"
        )
        await oversight.rule(application, True, actor=chief)

    ticket, entries = await stored(database, filed.ticket_no)
    assert (ticket.department, ticket.status) == ("duty_squad", Status.ASSIGNED)
    assert [entry.kind for entry in entries[-2:]] == [EntryKind.RULING, EntryKind.ASSIGNMENT]
