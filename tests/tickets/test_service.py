"""What citizens and officers do with tickets."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.factories import (
    AFTER_PHOTO,
    NOW,
    OFFICER,
    ROUTING,
    SUPERVISOR,
    make_conversation,
    make_new_ticket,
    make_officer,
    make_service,
    make_ticket,
)
from tickets.database import Database
from tickets.errors import (
    ActorNotAllowed,
    AfterPhotoRequired,
    BotError,
    ConversationNotFound,
    HandBackNeeded,
    NoteRequired,
    OfficerNotFound,
    StaleVersion,
    TicketNotFound,
    TooManyPhotos,
    TransitionNotAllowed,
)
from tickets.models import Attachment, Entry, EntryKind, Message, OutboxItem, Purpose, Role, Sender, Ticket
from tickets.oversight import Oversight
from tickets.service import MAX_REPORT_PHOTOS
from tickets.values import Actor, Place, TicketView
from tickets.verification import verify
from tickets.workflow import ALLOWED, ActorKind, Status, TicketKind

LATER = NOW + timedelta(hours=3)
PHOTOS = tuple(f"{number:064x}" for number in range(12))


async def entries(database: Database) -> list[Entry]:
    async with database.reading() as session:
        assert await verify(session) == []
        return list(await session.scalars(sa.select(Entry).order_by(Entry.ticket_id, Entry.number)))


async def notices(database: Database) -> list[tuple[Sender, str, dict[str, Any]]]:
    async with database.reading() as session:
        messages = await session.scalars(
            sa.select(Message).join(OutboxItem, OutboxItem.message_id == Message.id).order_by(Message.id)
        )
        return [(message.sender, message.content["text"], message.content["params"]) for message in messages]


async def ticket_of(database: Database, ticket_no: str = "FQ20261123-0001") -> Ticket:
    async with database.reading() as session:
        return (await session.scalars(sa.select(Ticket).where(Ticket.ticket_no == ticket_no))).one()


@pytest.fixture
async def with_citizen(database: Database) -> Database:
    """Ticket 1 of conversation 1, which is in progress."""
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        await make_ticket(session, Status.IN_PROGRESS, conversation_id=conversation.id)
    return database


TICKET_NO = "FQ20261123-0001"


class TestFile:
    async def test_gives_number_owner_and_day(self, database: Database) -> None:
        async with database.transaction() as session:
            filed = await make_service(session).file(make_new_ticket())

        assert filed.ticket_no == TICKET_NO
        assert (filed.department_name, filed.department_is_sample) == ("龙田中队", True)
        assert filed.due_on == date(2026, 12, 7)
        assert len(filed.receipt_code) == 8

    async def test_keeps_what_was_said(self, database: Database) -> None:
        place = Place("石竹街道某某路公厕对面", latitude=25.72, longitude=119.38, datum="GCJ-02")
        async with database.transaction() as session:
            await make_service(session).file(
                make_new_ticket(
                    place=place, category="dog", categories=("noise_social", "dog", "nonsense"), photos=PHOTOS
                )
            )

        ticket = await ticket_of(database)
        assert (ticket.town, ticket.department) == ("shizhu", "squad_shizhu")
        assert ticket.categories == ["dog", "noise_social"]
        assert ticket.place is not None
        assert ticket.place["longitude"] == 119.38
        assert ticket.longitude == pytest.approx(119.3751, abs=1e-3)
        async with database.reading() as session:
            kept = await session.scalars(sa.select(Attachment.sha256).order_by(Attachment.id))
            assert tuple(kept) == PHOTOS[:9]
        [entry] = await entries(database)
        assert (entry.kind, entry.to_status, entry.text) == (
            EntryKind.SUBMITTED,
            Status.SUBMITTED,
            "路边倒了一车装修垃圾",
        )
        assert entry.data["assisting"] == ["police", "agriculture_bureau"]

    async def test_takes_a_category_nobody_knows_as_other(self, database: Database) -> None:
        async with database.transaction() as session:
            await make_service(session).file(make_new_ticket(category="ufo", place=None))

        ticket = await ticket_of(database)
        assert (ticket.category, ticket.department, ticket.town) == ("other", "intake", None)

    async def test_is_done_once_for_one_request_key(self, database: Database) -> None:
        new = make_new_ticket(request_key="flow-1")
        async with database.transaction() as session:
            first = await make_service(session).file(new)
        async with database.transaction() as session:
            second = await make_service(session, now=LATER).file(new)

        assert (second.ticket_no, second.receipt_code) == (first.ticket_no, "")
        assert len(await entries(database)) == 1

    async def test_never_fails_for_want_of_a_calendar(self, database: Database) -> None:
        new_year = datetime(2026, 12, 30, 4, tzinfo=UTC)
        async with database.transaction() as session:
            filed = await make_service(session, now=new_year).file(make_new_ticket())

        assert filed.due_on is None
        [entry] = await entries(database)
        assert entry.data["calendar_year_missing"] == 2027

    async def test_refuses_a_conversation_that_does_not_exist(self, database: Database) -> None:
        async with database.transaction() as session:
            with pytest.raises(ConversationNotFound):
                await make_service(session).file(make_new_ticket(conversation_id=9))

    async def test_numbers_days_in_shanghai(self, database: Database) -> None:
        async with database.transaction() as session:
            evening = await make_service(session, now=datetime(2026, 11, 23, 15, 59, tzinfo=UTC)).file(
                make_new_ticket()
            )
            night = await make_service(session, now=datetime(2026, 11, 23, 16, 1, tzinfo=UTC)).file(
                make_new_ticket()
            )

        assert [evening.ticket_no, night.ticket_no] == ["FQ20261123-0001", "FQ20261124-0001"]


class TestStatusFor:
    async def test_shows_the_ticket_to_its_conversation(self, with_citizen: Database) -> None:
        async with with_citizen.reading() as session:
            view = await make_service(session).status_for(TICKET_NO, conversation_id=1)

        assert (view.status, view.category_name, view.department_name) == (
            Status.IN_PROGRESS,
            "乱倒垃圾或建筑垃圾",
            "龙田中队",
        )
        assert [entry.label for entry in view.entries] == ["已提交", "已受理", "已转办", "办理中"]
        assert (view.is_open, view.may_reopen) == (True, False)

    async def test_shows_it_to_whoever_has_the_receipt_code(self, database: Database) -> None:
        async with database.transaction() as session:
            filed = await make_ticket(session)

        said = f" {filed.ticket_no.lower().replace('f', 'ｆ')} "
        code = f"{filed.receipt_code[:4]}-{filed.receipt_code[4:].lower()}"
        async with database.reading() as session:
            view = await make_service(session).status_for(said, receipt_code=code)
        assert view.ticket_no == filed.ticket_no

    @pytest.mark.parametrize(
        ("ticket_no", "conversation_id", "receipt_code"),
        [
            ("FQ20261123-0999", 1, None),
            ("", 1, None),
            ("\x00' OR 1=1 --", 1, None),
            (TICKET_NO, 2, None),
            (TICKET_NO, None, "AAAAAAAA"),
            (TICKET_NO, None, ""),
            (TICKET_NO, None, None),
        ],
    )
    async def test_refuses_everybody_else_in_the_same_way(
        self,
        with_citizen: Database,
        ticket_no: str,
        conversation_id: int | None,
        receipt_code: str | None,
    ) -> None:
        async with with_citizen.transaction() as session:
            await make_conversation(session, address="somebody else")

        async with with_citizen.reading() as session:
            with pytest.raises(TicketNotFound) as caught:
                await make_service(session).status_for(
                    ticket_no, conversation_id=conversation_id, receipt_code=receipt_code
                )
        assert (caught.value.code, caught.value.reply_key) == ("ticket_not_found", "error_ticket_not_found")

    async def test_hides_what_is_inner(self, with_citizen: Database) -> None:
        async with with_citizen.transaction() as session:
            service = make_service(session)
            await service.add_note(TICKET_NO, "此人多次举报", actor=OFFICER)
            await service.assign(TICKET_NO, department="squad_gaoshan", actor=SUPERVISOR, note="人手不够")
            await service.reply(TICKET_NO, "明天清理", actor=OFFICER)

        async with with_citizen.reading() as session:
            view = await make_service(session).status_for(TICKET_NO, conversation_id=1)
        shown = [entry.text for entry in view.entries]
        assert "此人多次举报" not in shown
        assert "人手不够" not in shown
        assert (view.entries[-1].label, view.entries[-1].text) == ("答复", "明天清理")

    async def test_lists_a_conversations_tickets_newest_first(self, with_citizen: Database) -> None:
        async with with_citizen.transaction() as session:
            await make_ticket(session, conversation_id=1)
            await make_ticket(session)

        async with with_citizen.reading() as session:
            found: list[TicketView] = await make_service(session).tickets_of(1)
        assert [view.ticket_no for view in found] == ["FQ20261123-0002", TICKET_NO]


class TestChangeStatus:
    async def test_tells_the_citizen_in_the_same_transaction(self, with_citizen: Database) -> None:
        async def crash_before_the_commit() -> None:
            async with with_citizen.transaction() as session:
                await make_service(session).change_status(
                    TICKET_NO, Status.RESOLVED, actor=OFFICER, note="已清", photos=(AFTER_PHOTO,)
                )
                raise RuntimeError("crash")

        before = await notices(with_citizen)
        with pytest.raises(RuntimeError):
            await crash_before_the_commit()
        assert await notices(with_citizen) == before
        assert (await ticket_of(with_citizen)).status is Status.IN_PROGRESS

        async with with_citizen.transaction() as session:
            await make_service(session, now=LATER).change_status(
                TICKET_NO, Status.RESOLVED, actor=OFFICER, note="垃圾已清走", photos=(AFTER_PHOTO,)
            )

        ticket = await ticket_of(with_citizen)
        assert (ticket.status, ticket.closed_at, ticket.is_open) == (Status.RESOLVED, LATER, False)
        sender, key, params = (await notices(with_citizen))[-1]
        assert (sender, key) == (Sender.ASSISTANT, "notice_status_resolved")
        assert params == {"ticket_no": TICKET_NO, "department": "龙田中队", "note": "垃圾已清走"}

    @pytest.mark.parametrize(
        ("old", "new"),
        [pair for pair in itertools.product(Status, Status) if pair[1] not in ALLOWED[pair[0]]],
    )
    async def test_refuses_what_the_table_has_not(self, sqlite_url: str, old: Status, new: Status) -> None:
        database = Database(sqlite_url)
        async with database.transaction() as session:
            filed = await make_ticket(session, old)
        async with database.transaction() as session:
            with pytest.raises(TransitionNotAllowed):
                await make_service(session).change_status(filed.ticket_no, new, actor=OFFICER, note="说明")

        assert (await ticket_of(database)).status is old
        await database.close()

    async def test_refuses_a_stale_version(self, with_citizen: Database) -> None:
        version = (await ticket_of(with_citizen)).version

        async def resolve() -> None:
            async with with_citizen.transaction() as session:
                await make_service(session).change_status(
                    TICKET_NO,
                    Status.RESOLVED,
                    actor=OFFICER,
                    note="好了",
                    expected_version=version,
                    photos=(AFTER_PHOTO,),
                )

        await resolve()
        with pytest.raises(StaleVersion) as caught:
            await resolve()
        assert (caught.value.expected, caught.value.found) == (version, version + 1)

    async def test_refuses_to_resolve_without_a_word(self, with_citizen: Database) -> None:
        async with with_citizen.transaction() as session:
            with pytest.raises(NoteRequired):
                await make_service(session).change_status(TICKET_NO, Status.RESOLVED, actor=OFFICER)

    async def test_asks_for_a_photo_of_the_place_afterwards_where_the_city_does(
        self, with_citizen: Database
    ) -> None:
        async def resolve(photos: tuple[str, ...]) -> None:
            async with with_citizen.transaction() as session:
                await make_service(session).change_status(
                    TICKET_NO, Status.RESOLVED, actor=OFFICER, note="已清走", photos=photos
                )

        with pytest.raises(AfterPhotoRequired):
            await resolve(())
        await resolve(PHOTOS[:1])

        assert (await ticket_of(with_citizen)).status is Status.RESOLVED
        async with with_citizen.reading() as session:
            attachment = (await session.scalars(sa.select(Attachment))).one()
        assert (attachment.sha256, attachment.purpose) == (PHOTOS[0], Purpose.AFTER)
        told = await notices(with_citizen)
        assert [key for _, key, _ in told[-2:]] == ["notice_after_photo", "notice_status_resolved"]

    async def test_a_photo_of_the_place_may_come_before_and_counts(self, with_citizen: Database) -> None:
        async with with_citizen.transaction() as session:
            service = make_service(session)
            await service.add_after_photos(TICKET_NO, PHOTOS[:1], actor=OFFICER)
            await service.add_after_photos(TICKET_NO, PHOTOS[:2], actor=OFFICER)
        before = await notices(with_citizen)
        async with with_citizen.transaction() as session:
            await make_service(session).change_status(
                TICKET_NO, Status.RESOLVED, actor=OFFICER, note="已清走"
            )

        async with with_citizen.reading() as session:
            view = await make_service(session).status_for(TICKET_NO, conversation_id=1)
            sent = sa.select(Message.content).where(Message.sender != Sender.CITIZEN).order_by(Message.id)
            contents = (await session.scalars(sent)).all()[len(before) :]
        assert view.after_photos == PHOTOS[:2]
        assert [content["params"].get("photo") for content in contents] == [*PHOTOS[:2], None]

    async def test_no_more_than_nine_photos_of_the_place(self, with_citizen: Database) -> None:
        many = tuple(f"{number:064d}" for number in range(10))
        async with with_citizen.transaction() as session:
            service = make_service(session)
            await service.add_after_photos(TICKET_NO, many[:8], actor=OFFICER)
            with pytest.raises(TooManyPhotos):
                await service.add_after_photos(TICKET_NO, many[8:], actor=OFFICER)

    def test_a_question_needs_no_photo(self) -> None:
        assert ROUTING.needs_after_photo(TicketKind.COMPLAINT, "illegal_dumping")
        assert not ROUTING.needs_after_photo(TicketKind.CONSULTATION, "illegal_dumping")
        assert not ROUTING.needs_after_photo(TicketKind.COMPLAINT, "noise_social")

    async def test_is_not_for_citizens(self, with_citizen: Database) -> None:
        async with with_citizen.transaction() as session:
            with pytest.raises(ActorNotAllowed):
                await make_service(session).change_status(TICKET_NO, Status.WITHDRAWN, actor=Actor.citizen(1))

    async def test_sending_back_is_an_inner_affair(self, database: Database) -> None:
        async with database.transaction() as session:
            conversation = await make_conversation(session)
            await make_ticket(session, Status.ASSIGNED, conversation_id=conversation.id)
        before = await notices(database)

        async with database.transaction() as session:
            await make_service(session).change_status(
                TICKET_NO, Status.ACCEPTED, actor=SUPERVISOR, note="不归我们"
            )

        assert await notices(database) == before
        assert (await entries(database))[-1].kind is EntryKind.HAND_BACK


class TestAssign:
    async def test_accepts_and_assigns_a_new_ticket_with_one_notice(self, database: Database) -> None:
        async with database.transaction() as session:
            conversation = await make_conversation(session)
            officer = await make_officer(session)
            await make_ticket(session, conversation_id=conversation.id)
            await make_service(session).assign(TICKET_NO, officer_id=officer.id, actor=OFFICER)

        ticket = await ticket_of(database)
        assert (ticket.status, ticket.officer_id) == (Status.ASSIGNED, officer.id)
        assert [key for _, key, _ in await notices(database)] == ["notice_status_assigned"]
        assert [(entry.from_status, entry.to_status) for entry in await entries(database)] == [
            (None, Status.SUBMITTED),
            (Status.SUBMITTED, Status.ACCEPTED),
            (Status.ACCEPTED, Status.ASSIGNED),
        ]

    async def test_to_another_department_drops_the_officer_and_tells_the_citizen(
        self, with_citizen: Database
    ) -> None:
        async with with_citizen.transaction() as session:
            officer = await make_officer(session)
            await make_service(session).assign(TICKET_NO, officer_id=officer.id, actor=OFFICER)
            await make_service(session).assign(TICKET_NO, department="squad_gaoshan", actor=SUPERVISOR)

        ticket = await ticket_of(with_citizen)
        assert (ticket.department, ticket.officer_id) == ("squad_gaoshan", None)
        _, key, params = (await notices(with_citizen))[-1]
        assert (key, params["department"]) == ("notice_status_assigned", "高山中队")

    async def test_to_a_colleague_says_nothing_to_the_citizen(self, with_citizen: Database) -> None:
        before = await notices(with_citizen)
        async with with_citizen.transaction() as session:
            officer = await make_officer(session)
            await make_service(session).assign(TICKET_NO, officer_id=officer.id, actor=OFFICER)

        assert await notices(with_citizen) == before

    @pytest.mark.parametrize("changes", [{"is_active": False}, {"department": "squad_gaoshan"}])
    async def test_refuses_an_officer_who_cannot_have_it(
        self, with_citizen: Database, changes: dict[str, Any]
    ) -> None:
        async with with_citizen.transaction() as session:
            officer = await make_officer(session, **changes)
            with pytest.raises(OfficerNotFound):
                await make_service(session).assign(TICKET_NO, officer_id=officer.id, actor=OFFICER)

    async def test_refuses_a_closed_ticket(self, database: Database) -> None:
        async with database.transaction() as session:
            await make_ticket(session, Status.CLOSED)
            with pytest.raises(TransitionNotAllowed):
                await make_service(session).assign(TICKET_NO, department="intake", actor=SUPERVISOR)

    async def test_to_another_department_is_not_for_everybody(self, with_citizen: Database) -> None:
        for role, department in (("officer", "squad_gaoshan"), ("", "squad_gaoshan")):
            async with with_citizen.transaction() as session:
                actor = Actor(ActorKind.OFFICER, "9", "某人", role=role)
                with pytest.raises(HandBackNeeded):
                    await make_service(session).assign(TICKET_NO, department=department, actor=actor)

        assert (await ticket_of(with_citizen)).department == "squad_longtian"

    async def test_a_citizen_has_no_way_into_the_bureaus_own_moves(self, with_citizen: Database) -> None:
        citizen = Actor.citizen(1)
        async with with_citizen.transaction() as session:
            service, oversight = make_service(session), make_service(session).bound(Oversight)
            for attempt in (
                service.change_status(TICKET_NO, Status.ACCEPTED, actor=citizen),
                service.assign(TICKET_NO, actor=citizen),
                service.reply(TICKET_NO, "好", actor=citizen),
                service.add_note(TICKET_NO, "好", actor=citizen),
                service.add_after_photos(TICKET_NO, ["a" * 64], actor=citizen),
                oversight.hand_back(TICKET_NO, "好", actor=citizen),
                oversight.apply_extension(TICKET_NO, "好", actor=citizen),
                oversight.supervise(TICKET_NO, "好", actor=citizen),
            ):
                with pytest.raises(ActorNotAllowed):
                    await attempt

    async def test_a_unit_gives_nothing_away_and_the_front_desk_all_that_lies_there(
        self, database: Database
    ) -> None:
        head = Actor(ActorKind.OFFICER, "7", "郑队长", Role.UNIT_HEAD, "squad_longtian")
        async with database.transaction() as session:
            await make_ticket(session)
            await make_ticket(session, category="other")
            with pytest.raises(HandBackNeeded):
                await make_service(session).assign(TICKET_NO, department="squad_gaoshan", actor=head)
            await make_service(session).assign(
                "FQ20261123-0002", department="squad_gaoshan", actor=replace(head, department="intake")
            )

        async with database.reading() as session:
            rows = await session.execute(sa.select(Ticket.ticket_no, Ticket.department).order_by(Ticket.id))
            assert [row[1] for row in rows] == ["squad_longtian", "squad_gaoshan"]

    async def test_refuses_another_authority(self, with_citizen: Database) -> None:
        async with with_citizen.transaction() as session:
            with pytest.raises(ActorNotAllowed):
                await make_service(session).assign(TICKET_NO, department="police", actor=SUPERVISOR)

    async def test_a_street_matter_that_also_accuses_officers_goes_to_supervision(
        self, database: Database
    ) -> None:
        async with database.transaction() as session:
            filed = await make_ticket(session, categories=("illegal_dumping", "officer_conduct"))

        assert filed.department_name == "督查科"
        ticket = await ticket_of(database)
        assert (ticket.category, ticket.categories) == (
            "officer_conduct",
            ["officer_conduct", "illegal_dumping"],
        )

    async def test_never_gives_a_complaint_about_officers_to_a_squad(self, database: Database) -> None:
        async with database.transaction() as session:
            filed = await make_ticket(session, category="officer_conduct")
            assert filed.department_name == "督查科"
            with pytest.raises(ActorNotAllowed):
                await make_service(session).assign(
                    filed.ticket_no, department="squad_longtian", actor=SUPERVISOR
                )

    async def test_takes_a_reopened_ticket_up_again(self, database: Database) -> None:
        async with database.transaction() as session:
            await make_ticket(session, Status.REOPENED)
            await make_service(session).assign(TICKET_NO, actor=OFFICER)

        assert (await ticket_of(database)).status is Status.ASSIGNED


class TestReplyAndNotes:
    async def test_reply_reaches_the_citizen_as_an_officers(self, with_citizen: Database) -> None:
        async with with_citizen.transaction() as session:
            await make_service(session, now=LATER).reply(TICKET_NO, "明天上午清理", actor=OFFICER)

        sender, key, params = (await notices(with_citizen))[-1]
        assert (sender, key, params["text"]) == (Sender.OFFICER, "notice_reply", "明天上午清理")
        ticket = await ticket_of(with_citizen)
        # The note with which it was accepted was an answer already.
        assert ticket.first_replied_at == NOW
        assert (await entries(with_citizen))[-1].kind is EntryKind.REPLY

    async def test_two_replies_at_once_are_one(self, with_citizen: Database) -> None:
        version = (await ticket_of(with_citizen)).version
        async with with_citizen.transaction() as session:
            await make_service(session).reply(TICKET_NO, "好", actor=OFFICER, expected_version=version)
        async with with_citizen.transaction() as session:
            with pytest.raises(StaleVersion):
                await make_service(session).reply(TICKET_NO, "好", actor=OFFICER, expected_version=version)

    async def test_empty_words_are_refused(self, with_citizen: Database) -> None:
        async with with_citizen.transaction() as session:
            with pytest.raises(NoteRequired):
                await make_service(session).reply(TICKET_NO, " \n", actor=OFFICER)
            with pytest.raises(NoteRequired):
                await make_service(session).add_note(TICKET_NO, "", actor=OFFICER)

    async def test_a_note_stays_inside(self, with_citizen: Database) -> None:
        before = await notices(with_citizen)
        async with with_citizen.transaction() as session:
            await make_service(session).add_note(TICKET_NO, "现场照片在档", actor=OFFICER)

        assert await notices(with_citizen) == before

    async def test_a_note_that_is_sent_twice_at_once_is_one(self, with_citizen: Database) -> None:
        for seconds in (0, 2, 600):
            async with with_citizen.transaction() as session:
                later = make_service(session, now=NOW + timedelta(seconds=seconds))
                await later.add_note(TICKET_NO, "现场照片在档", actor=OFFICER)

        async with with_citizen.reading() as session:
            notes = sa.select(sa.func.count()).where(Entry.kind == EntryKind.NOTE)
            assert await session.scalar(notes) == 2

    async def test_a_ticket_without_conversation_is_answered_in_its_history(self, database: Database) -> None:
        async with database.transaction() as session:
            await make_ticket(session)
            await make_service(session).reply(TICKET_NO, "已安排", actor=OFFICER)

        assert await notices(database) == []
        assert len(await entries(database)) == 2


class TestCitizen:
    async def test_an_answer_sets_a_waiting_ticket_going(self, with_citizen: Database) -> None:
        async with with_citizen.transaction() as session:
            await make_service(session).change_status(
                TICKET_NO, Status.AWAITING_CITIZEN, actor=OFFICER, note="请说明位置"
            )
        before = await notices(with_citizen)
        async with with_citizen.transaction() as session:
            await make_service(session).add_citizen_message(
                TICKET_NO, "在村口榕树下", conversation_id=1, photos=PHOTOS[:1]
            )

        assert (await ticket_of(with_citizen)).status is Status.IN_PROGRESS
        added, moved = (await entries(with_citizen))[-2:]
        assert (added.kind, added.text, added.data) == (
            EntryKind.CITIZEN_MESSAGE,
            "在村口榕树下",
            {"photos": [PHOTOS[0]]},
        )
        assert (moved.actor_kind, moved.to_status) == (ActorKind.CITIZEN, Status.IN_PROGRESS)
        assert await notices(with_citizen) == before

    async def test_more_words_leave_the_status_alone(self, with_citizen: Database) -> None:
        version = (await ticket_of(with_citizen)).version
        async with with_citizen.transaction() as session:
            await make_service(session).add_citizen_message(TICKET_NO, "今天又倒了", conversation_id=1)

        ticket = await ticket_of(with_citizen)
        assert (ticket.status, ticket.version) == (Status.IN_PROGRESS, version)

    async def test_more_words_to_a_closed_ticket_are_refused(self, database: Database) -> None:
        async with database.transaction() as session:
            conversation = await make_conversation(session)
            await make_ticket(session, Status.CLOSED, conversation_id=conversation.id)
            with pytest.raises(TransitionNotAllowed):
                await make_service(session).add_citizen_message(
                    TICKET_NO, "?", conversation_id=conversation.id
                )

    async def test_withdraws_what_is_theirs(self, with_citizen: Database) -> None:
        before = await notices(with_citizen)
        async with with_citizen.transaction() as session:
            await make_service(session).withdraw(TICKET_NO, conversation_id=1)

        assert (await ticket_of(with_citizen)).status is Status.WITHDRAWN
        # Whoever withdrew is answered in the same turn.
        assert await notices(with_citizen) == before

    @pytest.mark.parametrize("status", [one for one in Status if one is not Status.REOPENED])
    async def test_withdraws_from_where_the_table_lets_it(self, database: Database, status: Status) -> None:
        may = Status.WITHDRAWN in ALLOWED[status]
        async with database.transaction() as session:
            citizen = await make_conversation(session)
            filed = await make_ticket(session, status, conversation_id=citizen.id)
            service = make_service(session)
            if may:
                await service.withdraw(filed.ticket_no, conversation_id=citizen.id)
            else:
                with pytest.raises(TransitionNotAllowed):
                    await service.withdraw(filed.ticket_no, conversation_id=citizen.id)

        assert (await ticket_of(database)).status is (Status.WITHDRAWN if may else status)

    async def test_photos_are_kept_nine_at_once_and_not_without_end(self, with_citizen: Database) -> None:
        sent = [f"{number:064d}" for number in range(60)]
        async with with_citizen.transaction() as session:
            service = make_service(session)
            left_out = [
                await service.add_citizen_message(
                    TICKET_NO, "又来了", conversation_id=1, photos=sent[start : start + 10]
                )
                for start in range(0, 60, 10)
            ]

        assert left_out == [1, 1, 1, 1, 10, 10]
        async with with_citizen.reading() as session:
            kept = await session.scalar(sa.select(sa.func.count()).select_from(Attachment))
        assert kept == MAX_REPORT_PHOTOS

    @pytest.mark.parametrize("method", ["withdraw", "add_citizen_message"])
    async def test_nobody_touches_anothers_ticket(self, with_citizen: Database, method: str) -> None:
        async with with_citizen.transaction() as session:
            other = await make_conversation(session, address="somebody else")
            arguments = ["我来说"] if method == "add_citizen_message" else []
            with pytest.raises(TicketNotFound):
                await getattr(make_service(session), method)(TICKET_NO, *arguments, conversation_id=other.id)


def test_every_error_has_a_code_of_its_own() -> None:
    errors = BotError.__subclasses__()

    assert len({error.code for error in errors}) == len(errors)


def test_repr_shows_no_words_of_people() -> None:
    new = make_new_ticket(contact="13800000000", place=Place("王家门口", latitude=25.7, longitude=119.3))

    assert not {"13800000000", "王家门口", "25.7", "装修垃圾"} & set(repr(new).split("'"))
    assert "25.7" not in repr(new)
    assert "林工" not in repr(OFFICER)
