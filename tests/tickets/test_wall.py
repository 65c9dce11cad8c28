"""A complaint about an officer never reaches their unit, also where the same citizen has a matter with it."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.factories import (
    CALENDAR,
    NOW,
    OFFICER,
    ROUTING,
    SUPERVISOR,
    make_conversation,
    make_service,
    make_ticket,
)
from tickets.casefile import build_case_file
from tickets.checks import Checks, Period
from tickets.conversation_search import find_messages
from tickets.conversations import receive
from tickets.database import Database
from tickets.desk_queries import Reach, has_photo, ticket_file
from tickets.duplicates import Duplicates
from tickets.errors import ActorNotAllowed, ConversationNotFound
from tickets.live import LiveDesk
from tickets.live_queries import talk_file, talks
from tickets.models import Ticket, TicketKind
from tickets.oversight import Oversight
from tickets.photos import PhotoStore
from tickets.queries import QueueFilter, queue
from tickets.recordings import keep_recording, recording_for
from tickets.staff_chat import claim_ticket
from tickets.values import Place
from tickets.vault import Vault
from tickets.workflow import Status

STREET, CONDUCT, QUESTION = "FQ20261123-0001", "FQ20261124-0001", "FQ20261123-0002"
UNIT = Reach(5, "squad_longtian")
ADVISER = Reach(6, "legal", consultations=True)
SUPERVISION = Reach(7, "supervision")
WORDS = "龙田中队的人收了好处费"
PHOTO = "c" * 64
VAULT = Vault({"k1": b"1" * 32}, "k1")
THERE = Place("龙田镇东华村村口", town="longtian")


@pytest.fixture
async def both(database: Database) -> Database:
    """Somebody reported dumping in 龙田; a day later they accuse the squad, in writing, photo and voice."""
    later = NOW + timedelta(days=1)
    async with database.transaction() as session:
        citizen = await make_conversation(session)
        await receive(session, citizen, "1", {"text": "东华村村口倒了一车装修垃圾"}, NOW)
        await make_ticket(session, Status.IN_PROGRESS, conversation_id=citizen.id, place=THERE)
        await receive(session, citizen, "2", {"text": WORDS, "photo": PHOTO}, later)
        voice = await keep_recording(session, VAULT, citizen.id, b"OggS" + WORDS.encode(), later)
        await make_ticket(
            session,
            now=later,
            conversation_id=citizen.id,
            category="officer_conduct",
            summary=WORDS,
            place=THERE,
            photos=(PHOTO,),
            recordings=(voice,),
        )
        live = make_service(session, now=later).bound(LiveDesk)
        await live.ask(citizen.id, CONDUCT)
        await receive(session, citizen, "3", {"text": f"{WORDS}，怎么还没有人来"}, later)
    return database


@pytest.mark.parametrize(("reach", "sees"), [(UNIT, False), (SUPERVISION, True)], ids=["unit", "supervision"])
async def test_the_unit_reads_neither_ticket_nor_words(both: Database, reach: Reach, sees: bool) -> None:
    async with both.reading() as session:
        tickets = {row.ticket_no: row for row in await session.scalars(sa.select(Ticket))}
        own = STREET if reach is UNIT else CONDUCT
        listed = await queue(session, QueueFilter(), NOW, reach)
        found = await queue(session, QueueFilter(text="好处费"), NOW, reach)
        hits = await find_messages(session, "好处费", reach)
        file = await ticket_file(session, own)
        talk = await talk_file(session, file.ticket.conversation_id or 0, reach)

        assert [row.ticket_no for row in listed.rows] == [own]
        assert [row.ticket_no for row in found.rows] == ([CONDUCT] if sees else [])
        assert bool(hits) == sees
        assert any(WORDS in str(one.message.content) for one in file.said) == sees
        assert any(WORDS in str(one.message.content) for one in talk.said) == sees
        assert [ticket.ticket_no for ticket in talk.tickets] == [own]
        assert bool(await talks(session, reach)) == sees
        assert await has_photo(session, tickets[own], PHOTO) == sees
        voice = (file.entries[0].data.get("recordings") or ["0" * 64])[0]
        assert (await recording_for(session, VAULT, tickets[own], voice) is not None) == sees


async def test_the_units_case_file_has_no_word_of_it(both: Database, tmp_path: Path) -> None:
    async with both.reading() as session:
        content = await build_case_file(
            session, STREET, photos=PhotoStore(tmp_path), routing=ROUTING, now=NOW, vault=VAULT
        )

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not [name for name in archive.namelist() if WORDS.encode() in archive.read(name)]


async def test_neither_likeness_nor_merging_nor_handing_back_leads_there(both: Database) -> None:
    async with both.transaction() as session:
        duplicates = Duplicates(session, routing=ROUTING, calendar=CALENDAR, now=NOW)
        street = await make_service(session).find(STREET)
        assert await duplicates.similar_to(street, UNIT.condition()) == []
        for source, target in ((STREET, CONDUCT), (CONDUCT, STREET)):
            with pytest.raises(ActorNotAllowed):
                await duplicates.merge(source, target, actor=OFFICER)
        oversight = make_service(session).bound(Oversight)
        await oversight.hand_back(CONDUCT, "请中队自查", actor=OFFICER, wanted_department="squad_longtian")
        ((application, _),) = await oversight.open_applications()
        await oversight.rule(application.id, True, actor=SUPERVISOR, department="squad_longtian")

    async with both.reading() as session:
        assert (await make_service(session).find(CONDUCT)).department == "supervision"


async def test_a_question_about_conduct_is_not_for_the_advisers(both: Database) -> None:
    async with both.transaction() as session:
        other = await make_conversation(session, address="other")
        await make_ticket(
            session, kind=TicketKind.CONSULTATION, category="officer_conduct", conversation_id=other.id
        )

    async with both.reading() as session:
        listed = await queue(session, QueueFilter(), NOW, ADVISER)
        assert list(listed.rows) == []
        assert not ADVISER.covers(await make_service(session).find(QUESTION))
        with pytest.raises(ConversationNotFound):
            await talk_file(session, other.id, ADVISER)


async def test_it_becomes_no_topic_of_the_staff_group(both: Database) -> None:
    async with both.transaction() as session:
        oversight = make_service(session).bound(Oversight)
        for number in (CONDUCT, STREET):
            await oversight.supervise(number, "三天内办结", actor=SUPERVISOR)
        claimed = [await claim_ticket(session, -100, NOW), await claim_ticket(session, -100, NOW)]

    assert [ticket and ticket.ticket_no for ticket in claimed] == [STREET, None]


async def test_random_checks_leave_it_out(database: Database) -> None:
    async with database.transaction() as session:
        await make_ticket(session, Status.CLOSED)
        await make_ticket(session, Status.CLOSED, category="officer_conduct")
        checks = make_service(session).bound(Checks)
        drawn_from = await checks._candidates(Period(NOW.date(), NOW.date()))

    assert [one.ticket_no for one in drawn_from] == [STREET]
