"""What isn't kept any longer goes, and what is still needed stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.factories import AFTER_PHOTO, CALENDAR, NOW, ROUTING, make_conversation, make_ticket
from tickets.conversations import receive
from tickets.database import Database
from tickets.facts import ERASED
from tickets.models import Conversation, Entry, EntryKind, Message, Ticket
from tickets.retention import Retention, RetentionRules, Retired
from tickets.search import Wanted, alternatives, find
from tickets.verification import verify
from tickets.workflow import Status

RULES = RetentionRules(contact_days=30, conversation_days=60, ticket_days=90)
PHOTO = "b" * 64


@pytest.fixture
async def closed(database: Database) -> Database:
    """One ticket resolved, one still open, each in a conversation with a photo; somebody who only talked."""
    async with database.transaction() as session:
        for address, status in (("a", Status.RESOLVED), ("b", Status.SUBMITTED)):
            conversation = await make_conversation(session, address=address)
            await receive(session, conversation, "u", {"text": "垃圾", "photo": PHOTO}, NOW)
            await make_ticket(
                session, status, conversation_id=conversation.id, contact="138", photos=(PHOTO,)
            )
        alone = await make_conversation(session, address="c")
        await receive(session, alone, "u", {"text": "你好", "photo": "c" * 64}, NOW)
    return database


async def after(database: Database, days: int, rules: RetentionRules = RULES) -> tuple[Retired, list[str]]:
    gone: list[str] = []
    async with database.transaction() as session:
        retention = Retention(session, routing=ROUTING, calendar=CALENDAR, now=NOW + timedelta(days=days))
        due = await retention.due(rules)
        retired = await retention.run(rules, gone.append)
    assert due == retired
    async with database.reading() as session:
        assert await verify(session) == []
    return retired, gone


async def tickets(database: Database) -> list[Ticket]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(Ticket).order_by(Ticket.id)))


async def test_first_the_number_goes_and_leaves_a_tombstone(closed: Database) -> None:
    assert await after(closed, 29) == (Retired(0, 0, 0), [])
    assert await after(closed, 31) == (Retired(1, 0, 0), [])

    first, second = await tickets(closed)
    assert (first.contact, second.contact) == (None, "138")
    assert first.summary != ERASED
    async with closed.reading() as session:
        tombstone = sa.select(Entry.data).where(Entry.kind == EntryKind.ERASURE)
        assert (await session.scalars(tombstone)).one() == {"entries": [], "contact": True}


async def test_then_what_was_said_but_not_while_a_ticket_is_open(closed: Database) -> None:
    retired, gone = await after(closed, 61)

    assert retired == Retired(1, 2, 0)
    # The other photo is still a ticket's.
    assert gone == ["c" * 64]
    async with closed.reading() as session:
        said = (
            await session.scalars(sa.select(Message).where(Message.sender == "citizen").order_by(Message.id))
        ).all()
        addresses = (await session.scalars(sa.select(Conversation.address).order_by(Conversation.id))).all()
    assert [message.content["text"] for message in said] == [ERASED, "垃圾", ERASED]
    assert addresses == ["erased-1", "b", "erased-3"]


async def test_at_last_the_words_of_a_ticket(closed: Database) -> None:
    await after(closed, 61)
    retired, gone = await after(closed, 91)

    # The photo that it shares with the other ticket stays.
    assert (retired, gone) == (Retired(0, 0, 1), [AFTER_PHOTO])
    first, second = await tickets(closed)
    assert (first.summary, first.place, first.status) == (ERASED, None, Status.RESOLVED)
    assert second.summary != ERASED
    async with closed.reading() as session:
        assert await find(session, sa.select(Ticket.id), Wanted(alternatives("垃圾")), 10) == [(2,)]
    assert await after(closed, 92) == (Retired(0, 0, 0), [])


async def test_nothing_goes_where_the_city_keeps_everything(closed: Database) -> None:
    assert await after(closed, 99_999 // 30, RetentionRules(0, 0, 0)) == (Retired(0, 0, 0), [])


def test_the_rules_are_data_and_checked(tmp_path: Path) -> None:
    assert RetentionRules.load().contact_days == 730
    assert RetentionRules.load(tmp_path) == RetentionRules(0, 0, 0)
    for days in ("-1", "1.5", "ja", "true"):
        (tmp_path / "retention.yml").write_text(f"contact_days: {days}", encoding="utf-8")
        with pytest.raises(ValueError, match="contact_days"):
            RetentionRules.load(tmp_path)
