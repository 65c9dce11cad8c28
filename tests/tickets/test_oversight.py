"""Hand-backs, extensions and 督办."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import (
    CALENDAR,
    NOW,
    OFFICER,
    ROUTING,
    SUPERVISOR,
    make_conversation,
    make_officer,
    make_service,
    make_ticket,
)
from tickets.clock import run_clock
from tickets.database import Database
from tickets.duplicates import Duplicates
from tickets.errors import (
    ActorNotAllowed,
    AlreadyRuled,
    BotError,
    NoteRequired,
    RoutingError,
    StaleVersion,
    TransitionNotAllowed,
)
from tickets.facts import OVERDUE
from tickets.models import Application, Entry, EntryKind, Message, Ticket
from tickets.oversight import Oversight
from tickets.values import Actor
from tickets.verification import verify
from tickets.workflow import Status

TICKET_NO = "FQ20261123-0001"
REASON = "地点在高山镇，不归我们"


def oversight(session: AsyncSession) -> Oversight:
    return Oversight(session, routing=ROUTING, calendar=CALENDAR, now=NOW)


@pytest.fixture
async def assigned(database: Database) -> Database:
    """An assigned ticket of 龙田 whose citizen listens."""
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        await make_ticket(session, Status.ASSIGNED, conversation_id=conversation.id)
    return database


async def state(database: Database) -> Ticket:
    async with database.reading() as session:
        assert await verify(session) == []
        return (await session.scalars(sa.select(Ticket))).one()


async def refused(
    database: Database, error: type[BotError], method: str, *arguments: object, **named: object
) -> None:
    async def call() -> None:
        async with database.transaction() as session:
            await getattr(oversight(session), method)(*arguments, **named)

    with pytest.raises(error):
        await call()


async def test_a_hand_back_changes_nothing_until_it_is_ruled_on(assigned: Database) -> None:
    before = await state(assigned)

    async with assigned.transaction() as session:
        await oversight(session).hand_back(TICKET_NO, REASON, actor=OFFICER)

    ticket = await state(assigned)
    assert (ticket.status, ticket.department, ticket.due_at) == (
        Status.ASSIGNED,
        "squad_longtian",
        before.due_at,
    )
    assert ticket.hand_back_count == 1


async def test_an_approved_hand_back_goes_straight_to_the_next_owner(assigned: Database) -> None:
    async with assigned.transaction() as session:
        application = await oversight(session).hand_back(
            TICKET_NO, REASON, actor=OFFICER, wanted_department="squad_gaoshan"
        )
        await oversight(session).rule(application, True, actor=SUPERVISOR)

    ticket = await state(assigned)
    assert (ticket.status, ticket.department) == (Status.ASSIGNED, "squad_gaoshan")
    async with assigned.reading() as session:
        kinds = list(await session.scalars(sa.select(Entry.kind).order_by(Entry.number)))
        assert kinds[-3:] == [EntryKind.HAND_BACK, EntryKind.RULING, EntryKind.ASSIGNMENT]
        newest = (await session.scalars(sa.select(Message).order_by(Message.id.desc()))).first()
    assert newest is not None
    assert newest.content["params"]["department"] == "高山中队"
    # The citizen isn't shown why units disagree.
    assert REASON not in str(newest.content)


async def test_a_refused_hand_back_stays_where_it_is_and_says_why(assigned: Database) -> None:
    async with assigned.transaction() as session:
        application = await oversight(session).hand_back(TICKET_NO, REASON, actor=OFFICER)
    await refused(assigned, NoteRequired, "rule", application, False, actor=SUPERVISOR)

    async with assigned.transaction() as session:
        await oversight(session).rule(application, False, actor=SUPERVISOR, note="照片里就是龙田")

    assert (await state(assigned)).department == "squad_longtian"


async def test_after_two_hand_backs_the_zone_head_gets_it_and_keeps_it(assigned: Database) -> None:
    async with assigned.transaction() as session:
        for wanted in ("squad_gaoshan", "squad_sanshan"):
            application = await oversight(session).hand_back(
                TICKET_NO, REASON, actor=OFFICER, wanted_department=wanted
            )
            await oversight(session).rule(application, True, actor=SUPERVISOR, department=wanted)

    assert (await state(assigned)).department == "zone_longgao"
    await refused(assigned, ActorNotAllowed, "hand_back", TICKET_NO, REASON, actor=OFFICER)


async def test_a_category_corrected_to_conduct_takes_the_ticket_from_the_unit(assigned: Database) -> None:
    async with assigned.transaction() as session:
        officer = await make_officer(session)
        await make_service(session).assign(TICKET_NO, officer_id=officer.id, actor=OFFICER)
        await oversight(session).change_category(TICKET_NO, "officer_conduct", "说的是队员", actor=SUPERVISOR)

    ticket = await state(assigned)
    assert (ticket.category, ticket.department, ticket.officer_id) == ("officer_conduct", "supervision", None)
    async with assigned.transaction() as session:
        await oversight(session).change_category(TICKET_NO, "dog", "说的是狗", actor=SUPERVISOR)
    ticket = await state(assigned)
    assert (ticket.categories, ticket.department) == (["dog", "illegal_dumping"], "supervision")


@pytest.mark.parametrize(
    ("category", "note", "actor", "error"),
    [
        ("dog", "说的是狗", OFFICER, ActorNotAllowed),
        ("dog", " ", SUPERVISOR, NoteRequired),
        ("cat", "说的是猫", SUPERVISOR, RoutingError),
    ],
)
async def test_only_supervisors_correct_a_category_and_say_why(
    assigned: Database, category: str, note: str, actor: Actor, error: type[BotError]
) -> None:
    await refused(assigned, error, "change_category", TICKET_NO, category, note, actor=actor)

    assert (await state(assigned)).category == "illegal_dumping"


async def test_a_ticket_never_lands_with_somebody_who_must_not_have_it(assigned: Database) -> None:
    async with assigned.transaction() as session:
        application = await oversight(session).hand_back(
            TICKET_NO, REASON, actor=OFFICER, wanted_department="police"
        )
        await oversight(session).rule(application, True, actor=SUPERVISOR)

    assert (await state(assigned)).department == "duty_squad"


async def test_only_supervisors_rule_and_only_once(assigned: Database) -> None:
    async with assigned.transaction() as session:
        application = await oversight(session).hand_back(TICKET_NO, REASON, actor=OFFICER)
    await refused(assigned, ActorNotAllowed, "rule", application, True, actor=OFFICER)
    await refused(assigned, ActorNotAllowed, "supervise", TICKET_NO, "盯紧", actor=OFFICER)
    await refused(assigned, AlreadyRuled, "hand_back", TICKET_NO, REASON, actor=OFFICER)

    async with assigned.transaction() as session:
        await oversight(session).rule(application, True, actor=SUPERVISOR)

    await refused(assigned, AlreadyRuled, "rule", application, True, actor=SUPERVISOR)
    await refused(assigned, AlreadyRuled, "rule", 999, True, actor=SUPERVISOR)


async def test_what_is_begun_or_not_assigned_cannot_be_handed_back(database: Database) -> None:
    async with database.transaction() as session:
        await make_ticket(session, Status.IN_PROGRESS)

    await refused(database, TransitionNotAllowed, "hand_back", TICKET_NO, REASON, actor=OFFICER)


async def test_a_hand_back_says_why(assigned: Database) -> None:
    await refused(assigned, NoteRequired, "hand_back", TICKET_NO, "  ", actor=OFFICER)
    assert (await state(assigned)).hand_back_count == 0


async def test_an_approved_extension_moves_the_deadline_once(assigned: Database) -> None:
    before = await state(assigned)
    async with assigned.transaction() as session:
        application = await oversight(session).apply_extension(TICKET_NO, "要做鉴定", actor=OFFICER)
        await oversight(session).rule(application, True, actor=SUPERVISOR, note="同意")

    ticket = await state(assigned)
    assert before.due_at is not None
    assert ticket.due_at == CALENDAR.extended(before.due_at)
    async with assigned.reading() as session:
        newest = (await session.scalars(sa.select(Message).order_by(Message.id.desc()))).first()
    assert newest is not None
    assert (newest.content["text"], newest.content["params"]["due_on"]) == ("notice_extended", "12月21日")
    await refused(assigned, AlreadyRuled, "apply_extension", TICKET_NO, "还要", actor=OFFICER)


async def test_a_refused_extension_leaves_the_deadline_and_may_be_asked_for_again(assigned: Database) -> None:
    before = await state(assigned)
    async with assigned.transaction() as session:
        first = await oversight(session).apply_extension(TICKET_NO, "忙", actor=OFFICER)
        await oversight(session).rule(first, False, actor=SUPERVISOR, note="不是理由")
        assert (await make_service(session).find(TICKET_NO)).due_at == before.due_at
        second = await oversight(session).apply_extension(TICKET_NO, "要做鉴定", actor=OFFICER)
        await oversight(session).rule(second, True, actor=SUPERVISOR)

    assert (await state(assigned)).extension_count == 1


async def test_an_extension_granted_after_the_deadline_is_warned_of_anew(assigned: Database) -> None:
    due_at = (await state(assigned)).due_at
    assert due_at is not None
    async with assigned.transaction() as session:
        application = await oversight(session).apply_extension(TICKET_NO, "要做鉴定", actor=OFFICER)
        await run_clock(session, due_at + timedelta(hours=1), routing=ROUTING, calendar=CALENDAR)
        assert (await make_service(session).find(TICKET_NO)).escalation_level == OVERDUE
        await oversight(session).rule(application, True, actor=SUPERVISOR)
        ticket = await make_service(session).find(TICKET_NO)
        assert (ticket.due_at, ticket.escalation_level) == (CALENDAR.extended(due_at), 0)
        late = CALENDAR.extended(due_at) + timedelta(hours=1)
        await run_clock(session, late, routing=ROUTING, calendar=CALENDAR)

    assert (await state(assigned)).escalation_level == OVERDUE


async def test_what_nobody_ruled_on_is_void_once_the_ticket_is_closed(assigned: Database) -> None:
    async with assigned.transaction() as session:
        application = await oversight(session).apply_extension(TICKET_NO, "要做鉴定", actor=OFFICER)
        await make_service(session).withdraw(TICKET_NO, conversation_id=1)

        assert await oversight(session).open_applications() == []
        found = await session.get_one(Application, application)
        assert (found.is_approved, found.ruled_by) == (False, "system")
    await refused(assigned, AlreadyRuled, "rule", application, True, actor=SUPERVISOR)
    assert (await state(assigned)).extension_count == 0


async def test_an_application_of_before_is_not_agreed_to_once_the_ticket_is_closed(
    assigned: Database,
) -> None:
    async with assigned.transaction() as session:
        application = await oversight(session).apply_extension(TICKET_NO, "要做鉴定", actor=OFFICER)
        await make_service(session).withdraw(TICKET_NO, conversation_id=1)
        # As versions left it that let nothing lapse.
        (await session.get_one(Application, application)).ruled_at = None
    await refused(assigned, TransitionNotAllowed, "rule", application, True, actor=SUPERVISOR)


async def test_applications_of_a_ticket_that_rests_wait_until_it_is_split_off(assigned: Database) -> None:
    async with assigned.transaction() as session:
        other = await make_ticket(session)
        await oversight(session).apply_extension(TICKET_NO, "要做鉴定", actor=OFFICER)
        duplicates = oversight(session).bound(Duplicates)
        await duplicates.merge(TICKET_NO, other.ticket_no, actor=SUPERVISOR)
        assert await oversight(session).open_applications() == []
        await duplicates.split(TICKET_NO, actor=SUPERVISOR)
        assert len(await oversight(session).open_applications()) == 1


async def test_two_supervisors_at_once_rule_once(assigned: Database, other_process: Database) -> None:
    async with assigned.transaction() as session:
        application = await oversight(session).apply_extension(TICKET_NO, "要做鉴定", actor=OFFICER)

    async def rule(process: Database, approve: bool) -> bool:
        try:
            async with process.transaction() as session:
                await oversight(session).rule(application, approve, actor=SUPERVISOR, note="看过")
        except AlreadyRuled:
            return False
        return True

    ruled = await asyncio.gather(rule(assigned, True), rule(other_process, False))

    assert sorted(ruled) == [False, True]
    await state(assigned)


async def test_two_officers_at_once_do_not_overwrite_one_another(
    assigned: Database, other_process: Database
) -> None:
    version = (await state(assigned)).version

    async def move(process: Database, new: Status, note: str) -> str:
        try:
            async with process.transaction() as session:
                await make_service(session).change_status(
                    TICKET_NO, new, actor=SUPERVISOR, note=note, expected_version=version
                )
        except StaleVersion:
            return ""
        return note

    done = await asyncio.gather(
        move(assigned, Status.IN_PROGRESS, "我去"), move(other_process, Status.ACCEPTED, "退回")
    )

    assert sorted(map(bool, done)) == [False, True]
    assert (await state(assigned)).version == version + 1


async def test_closed_tickets_get_no_extension_and_no_supervision(database: Database) -> None:
    async with database.transaction() as session:
        await make_ticket(session, Status.CLOSED)

    await refused(database, TransitionNotAllowed, "apply_extension", TICKET_NO, "?", actor=OFFICER)
    await refused(database, TransitionNotAllowed, "supervise", TICKET_NO, "盯紧", actor=SUPERVISOR)


async def test_supervise_marks_the_ticket(assigned: Database) -> None:
    async with assigned.transaction() as session:
        await oversight(session).supervise(TICKET_NO, "三天内办结", actor=SUPERVISOR)

    assert (await state(assigned)).supervised_at == NOW


async def test_open_applications_wait_in_order(assigned: Database) -> None:
    async with assigned.transaction() as session:
        first = await oversight(session).hand_back(TICKET_NO, REASON, actor=OFFICER)
        second = await oversight(session).apply_extension(TICKET_NO, "人手不够", actor=OFFICER)
        waiting = await oversight(session).open_applications()
        assert [(application.id, ticket.ticket_no) for application, ticket in waiting] == [
            (first, TICKET_NO),
            (second, TICKET_NO),
        ]
        await oversight(session).rule(first, True, actor=SUPERVISOR)
        assert len(await oversight(session).open_applications()) == 1
        await make_service(session).withdraw(TICKET_NO, conversation_id=1)
        assert await oversight(session).open_applications() == []


async def test_officers_replace_each_others_view_only_with_the_newest_version(assigned: Database) -> None:
    version = (await state(assigned)).version
    async with assigned.transaction() as session:
        await oversight(session).hand_back(TICKET_NO, REASON, actor=OFFICER)

    async with assigned.transaction() as session:
        with pytest.raises(BotError, match="expected version"):
            await make_service(session, now=NOW + timedelta(minutes=1)).change_status(
                TICKET_NO, Status.IN_PROGRESS, actor=OFFICER, expected_version=version
            )
