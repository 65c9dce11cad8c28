"""A person answers: waiting, taking over, talking, handing back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import (
    AFTER_PHOTO,
    CALENDAR,
    NOW,
    ROUTING,
    SUPERVISOR,
    make_conversation,
    make_officer,
    make_service,
)
from tests.factories import make_ticket as factory_ticket
from tickets.database import Database
from tickets.desk_queries import Reach
from tickets.duplicates import Duplicates
from tickets.errors import (
    AfterPhotoRequired,
    AlreadyTalking,
    ConversationNotFound,
    NoteRequired,
    NotTalking,
    TicketMerged,
    TicketNotFound,
)
from tickets.live import LiveDesk
from tickets.live_models import LiveTalk
from tickets.live_queries import going_on, talk_file, talks, waiting
from tickets.models import Conversation, Entry, EntryKind, Message, Mode, Role, Ticket
from tickets.values import Actor
from tickets.verification import verify
from tickets.workflow import ActorKind, Status, TicketKind

MINUTE = timedelta(minutes=1)
# A Monday in Shanghai, 20:00.
EVENING = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def key_alone(key: str, params: dict[str, Any]) -> dict[str, Any]:
    """A notice that says which it is."""
    return {"kind": "text", "key": key, "text": key}


def desk(session: Any, now: datetime = NOW) -> LiveDesk:
    return LiveDesk(session, routing=ROUTING, calendar=CALENDAR, notice=key_alone, now=now)


async def make_ticket(session: Any, conversation: Conversation, **changes: Any) -> str:
    values = {"kind": "consultation", "category": "other", "conversation_id": conversation.id} | changes
    return (await factory_ticket(session, **values)).ticket_no


async def make_actor(session: Any, username: str = "lin", role: Role = Role.OFFICER) -> Actor:
    officer = await make_officer(session, username=username, department="intake", role=role)
    return Actor(ActorKind.OFFICER, str(officer.id), "林工", str(role), "intake")


async def said_keys(session: Any) -> list[str]:
    rows = await session.scalars(select(Message).order_by(Message.id))
    return [message.content["text"] for message in rows]


async def the_talk(session: Any) -> LiveTalk | None:
    found: LiveTalk | None = await session.scalar(select(LiveTalk).execution_options(populate_existing=True))
    return found


async def test_who_asks_waits_and_is_told_whether_the_office_is_open(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        ticket_no = await make_ticket(session, conversation)

        by_day = await desk(session, NOW + timedelta(hours=2)).ask(conversation.id, ticket_no)
        in_the_evening = desk(session, EVENING).attendance()
        talk = await the_talk(session)

    assert by_day.is_open
    assert talk is not None
    assert talk.waiting_since == NOW + timedelta(hours=2)
    # Tuesday, 08:00 in Shanghai.
    assert (in_the_evening.is_open, in_the_evening.opens_at) == (False, datetime(2026, 11, 24, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("at", "opens_at"),
    [
        (
            datetime(2026, 11, 23, 4, 30, tzinfo=UTC),
            datetime(2026, 11, 23, 7, 0, tzinfo=UTC),
        ),  # the noon break
        (
            datetime(2026, 11, 27, 10, 0, tzinfo=UTC),
            datetime(2026, 11, 30, 0, 0, tzinfo=UTC),
        ),  # Friday, 18:00
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), datetime(2026, 11, 23, 0, 0, tzinfo=UTC)),  # Monday, 08:00
    ],
)
def test_the_next_opening_is_in_office_hours(at: datetime, opens_at: datetime) -> None:
    assert CALENDAR.next_opening(at) == opens_at


async def test_the_one_who_has_waited_longest_stands_first(database: Database) -> None:
    async with database.transaction() as session:
        ids = []
        for number in range(3):
            conversation = await make_conversation(session, address=f"v{number}")
            ticket_no = await make_ticket(session, conversation)
            await desk(session, NOW - number * MINUTE).ask(conversation.id, ticket_no)
            ids.append(conversation.id)
        reach = Reach(99, "legal")
        rows = await talks(session, reach)
        count = await waiting(session, reach, NOW)
        elsewhere = await waiting(session, Reach(98, "squad_yuping"), NOW)

    assert [row.conversation_id for row in rows] == ids[::-1]
    assert (count.count, count.since) == (3, NOW - 2 * MINUTE)
    assert elsewhere.count == 0


async def test_taking_over_silences_the_assistant_and_handing_back_ends_it(database: Database) -> None:
    async with database.transaction() as session:
        actor = await make_actor(session)
        conversation = await make_conversation(session)
        ticket_no = await make_ticket(session, conversation)
        live = desk(session)
        await live.ask(conversation.id, ticket_no)
        await live.take_over(conversation.id, actor=actor, ticket_no=ticket_no)
        assert conversation.mode is Mode.OFFICER
        assert (await waiting(session, Reach(int(actor.id), "intake"), NOW)).count == 1
        await live.say(conversation.id, "您好", actor=actor)
        assert (await waiting(session, Reach(int(actor.id), "intake"), NOW)).count == 0
        await live.heard(conversation.id)
        assert (await waiting(session, Reach(int(actor.id), "intake"), NOW)).count == 1

        await live.hand_back(conversation.id, "周一去看", actor=actor)

        ticket = (await session.scalars(select(Ticket))).one()
        entry = (await session.scalars(select(Entry).where(Entry.kind == EntryKind.REPLY))).one()
        assert (conversation.mode, conversation.officer_id) == (Mode.ASSISTANT, None)
        assert await the_talk(session) is None
        assert await said_keys(session) == ["live_begun", "live_said", "live_ended"]
        assert (entry.text, ticket.first_replied_at, ticket.status) == ("周一去看", NOW, Status.SUBMITTED)


async def test_handing_back_can_resolve_the_ticket(database: Database) -> None:
    async with database.transaction() as session:
        actor = await make_actor(session)
        conversation = await make_conversation(session)
        ticket_no = await make_ticket(session, conversation)
        live = desk(session)
        await live.take_over(conversation.id, actor=actor, ticket_no=ticket_no)

        await live.hand_back(conversation.id, "不用登记", actor=actor, resolve=True)

        ticket = (await session.scalars(select(Ticket))).one()
        assert ticket.status is Status.RESOLVED
        assert await said_keys(session) == ["live_begun", "notice_status_resolved", "live_ended"]


async def test_a_street_matter_is_resolved_from_a_talk_with_a_photo_only(database: Database) -> None:
    async with database.transaction() as session:
        actor = await make_actor(session)
        conversation = await make_conversation(session)
        ticket_no = await make_ticket(session, conversation, kind="complaint", category="illegal_dumping")
        live = desk(session)
        await live.take_over(conversation.id, actor=actor, ticket_no=ticket_no)
        with pytest.raises(AfterPhotoRequired):
            async with session.begin_nested():
                await live.hand_back(conversation.id, "清了", actor=actor, resolve=True)
        await make_service(session).add_after_photos(ticket_no, [AFTER_PHOTO], actor=actor)
        await live.hand_back(conversation.id, "清了", actor=actor, resolve=True)

        assert (await session.scalars(select(Ticket.status))).one() is Status.RESOLVED
        assert await verify(session) == []


async def test_a_talk_about_a_ticket_that_rests_in_another_does_not_resolve_it(database: Database) -> None:
    async with database.transaction() as session:
        actor = await make_actor(session)
        conversation = await make_conversation(session)
        ticket_no = await make_ticket(session, conversation)
        other = await make_ticket(session, conversation)
        live = desk(session)
        await live.take_over(conversation.id, actor=actor, ticket_no=ticket_no)
        await live.bound(Duplicates).merge(ticket_no, other, actor=SUPERVISOR)
        with pytest.raises(TicketMerged):
            async with session.begin_nested():
                await live.hand_back(conversation.id, "不用登记", actor=actor, resolve=True)

        await live.hand_back(conversation.id, "不用登记", actor=actor)
        assert set(await session.scalars(select(Ticket.status))) == {Status.SUBMITTED}


async def test_words_are_not_lost_when_the_ticket_was_closed_meanwhile(database: Database) -> None:
    async with database.transaction() as session:
        actor = await make_actor(session)
        conversation = await make_conversation(session)
        ticket_no = await make_ticket(session, conversation)
        live = LiveDesk(session, routing=ROUTING, calendar=CALENDAR, now=NOW)
        await live.take_over(conversation.id, actor=actor, ticket_no=ticket_no)
        await make_service(session).withdraw(ticket_no, conversation_id=conversation.id)

        await live.hand_back(conversation.id, "不用登记", actor=actor, resolve=True)

        newest = (await session.scalars(select(Message).order_by(Message.id.desc()).limit(1))).one()
        assert newest.content["params"] == {"summary": "不用登记"}


async def test_what_happened_to_the_ticket_since_the_page_was_read_is_not_overwritten(
    postgresql_url: str,
) -> None:
    """The desk looks whose conversation it is before it locks anything; somebody is quicker."""
    database, other_process = Database(postgresql_url), Database(postgresql_url)
    async with database.transaction() as session:
        actor = await make_actor(session)
        conversation = await make_conversation(session)
        ticket_no = await make_ticket(session, conversation)
        await desk(session).take_over(conversation.id, actor=actor, ticket_no=ticket_no)
    async with database.transaction() as session:
        shown = (await session.scalars(select(Ticket))).one()
        async with other_process.transaction() as quicker:
            await make_service(quicker).change_status(ticket_no, Status.ACCEPTED, actor=SUPERVISOR)
        assert shown.status is Status.SUBMITTED

        await desk(session).hand_back(conversation.id, "不用登记", actor=actor)

    async with database.reading() as session:
        ticket = (await session.scalars(select(Ticket))).one()
        assert (ticket.status, ticket.entry_count) == (Status.ACCEPTED, 4)
        assert await verify(session) == []
    await database.close()
    await other_process.close()


async def test_only_the_officer_who_talks_may_talk(database: Database) -> None:
    async with database.transaction() as session:
        first, second = await make_actor(session), await make_actor(session, "wu")
        conversation = await make_conversation(session)
        live = desk(session)
        await live.take_over(conversation.id, actor=first)

        with pytest.raises(AlreadyTalking):
            await live.take_over(conversation.id, actor=second)
        with pytest.raises(NotTalking):
            await live.say(conversation.id, "您好", actor=second)
        with pytest.raises(NotTalking):
            await live.hand_back(conversation.id, "好", actor=second)
        with pytest.raises(NoteRequired):
            await live.hand_back(conversation.id, " ", actor=first)
        with pytest.raises(NoteRequired):
            await live.say(conversation.id, " ", actor=first)


async def test_a_colleague_relieves_whoever_leaves_a_citizen_waiting(database: Database) -> None:
    async with database.transaction() as session:
        first, second = await make_actor(session), await make_actor(session, "wu")
        conversation = await make_conversation(session)
        await desk(session).take_over(conversation.id, actor=first)
        await desk(session).heard(conversation.id)

        await desk(session, NOW + 6 * MINUTE).take_over(conversation.id, actor=second)

        assert conversation.officer_id == int(second.id)


async def test_a_supervisor_need_not_wait(database: Database) -> None:
    async with database.transaction() as session:
        first = await make_actor(session)
        head = await make_actor(session, "chen", Role.SUPERVISOR)
        conversation = await make_conversation(session)
        await desk(session).take_over(conversation.id, actor=first)

        await desk(session).take_over(conversation.id, actor=head)

        assert conversation.officer_id == int(head.id)


async def test_a_talk_about_another_conversations_ticket_is_refused(database: Database) -> None:
    async with database.transaction() as session:
        actor = await make_actor(session)
        conversation = await make_conversation(session)
        other = await make_ticket(session, await make_conversation(session, address="other"))

        with pytest.raises(TicketNotFound):
            await desk(session).take_over(conversation.id, actor=actor, ticket_no=other)


async def test_a_reply_on_the_ticket_ends_the_wait_and_so_does_its_end(database: Database) -> None:
    async with database.transaction() as session:
        for act in ("reply", "reject"):
            conversation = await make_conversation(session, address=act)
            ticket_no = await make_ticket(session, conversation)
            await desk(session).ask(conversation.id, ticket_no)
            service = make_service(session)
            if act == "reply":
                await service.reply(ticket_no, "已回复", actor=SUPERVISOR)
            else:
                await service.change_status(ticket_no, Status.REJECTED, actor=SUPERVISOR, note="不归我们")

            assert await the_talk(session) is None


async def test_who_writes_to_an_officer_in_the_evening_is_told_once(database: Database) -> None:
    async with database.transaction() as session:
        actor = await make_actor(session)
        conversation = await make_conversation(session)
        await desk(session).take_over(conversation.id, actor=actor)

        # The officer spoke a minute ago, though the office is closed at noon.
        assert await desk(session, NOW + MINUTE).heard(conversation.id) is None
        await desk(session, NOW + 2 * MINUTE).say(conversation.id, "请说", actor=actor)
        first = await desk(session, EVENING).heard(conversation.id)
        second = await desk(session, EVENING + MINUTE).heard(conversation.id)
        by_day = await desk(session, EVENING + timedelta(hours=13)).heard(conversation.id)

    assert first is not None
    assert first.opens_at == datetime(2026, 11, 24, 0, tzinfo=UTC)
    assert (second, by_day) == (None, None)


async def test_who_waits_long_is_told_once(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        ticket_no = await make_ticket(session, conversation)
        at = NOW + timedelta(hours=2)
        await desk(session, at).ask(conversation.id, ticket_no)

        told = [
            await desk(session, moment).tell_waiting(10)
            for moment in (at + 5 * MINUTE, at + 11 * MINUTE, at + 12 * MINUTE, EVENING)
        ]

    assert told == [0, 1, 0, 0]


async def test_who_waits_when_the_office_closes_is_told_when_it_opens(database: Database) -> None:
    async with database.transaction() as session:
        actor = await make_actor(session)
        conversation = await make_conversation(session)
        # 17:55 in China, five minutes before the end of the day.
        at = datetime(2026, 11, 23, 9, 55, tzinfo=UTC)
        await desk(session, at).take_over(conversation.id, actor=actor)
        await desk(session, at).heard(conversation.id)

        told = [await desk(session, at + minutes * MINUTE).tell_waiting(10) for minutes in (11, 12)]

        assert told == [1, 0]
        assert (await said_keys(session))[-1] == "live_closed"


async def test_a_talk_in_which_nobody_speaks_ends(database: Database) -> None:
    async with database.transaction() as session:
        actor = await make_actor(session)
        conversation = await make_conversation(session)
        await desk(session).take_over(conversation.id, actor=actor)
        await desk(session).say(conversation.id, "还在吗", actor=actor)

        ended = [await desk(session, NOW + minutes * MINUTE).end_silent(10) for minutes in (110, 121)]

        assert ended == [0, 1]
        assert conversation.mode is Mode.ASSISTANT


async def test_a_citizen_whom_nobody_answers_is_never_ended_silently(database: Database) -> None:
    async with database.transaction() as session:
        actor = await make_actor(session)
        conversation = await make_conversation(session)
        await desk(session).take_over(conversation.id, actor=actor)
        await desk(session).heard(conversation.id)

        assert await desk(session, NOW + timedelta(hours=20)).end_silent(10) == 0


async def test_a_unit_sees_only_its_own_part_of_a_conversation(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        for minutes, text in ((-300, "几小时前说的"), (-5, "刚才说的")):
            session.add(
                Message(
                    conversation_id=conversation.id,
                    sender="citizen",
                    content={"text": text},
                    created_at=NOW + minutes * MINUTE,
                )
            )
        await make_ticket(session, conversation)
        own = await talk_file(session, conversation.id, Reach(1, "legal"))
        everything = await talk_file(session, conversation.id, Reach(1, None, everything=True))

        assert [said.message.content["text"] for said in own.said] == ["刚才说的"]
        assert len(everything.said) == 2
        with pytest.raises(ConversationNotFound):
            await talk_file(session, conversation.id, Reach(1, "squad_yuping"))
        assert [one.id for one in await going_on(session, NOW)] == [conversation.id]


async def test_a_confidential_reporters_conversation_stays_closed_to_the_unit(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        await make_ticket(
            session, conversation, kind=TicketKind.CONSULTATION, reporter_mode="confidential", contact="1390"
        )

        with pytest.raises(ConversationNotFound):
            await talk_file(session, conversation.id, Reach(1, "legal"))
        assert await talks(session, Reach(1, "legal")) == []
