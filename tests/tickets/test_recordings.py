"""Voice messages: bounded, sealed, of their own conversation and ticket only."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import CALENDAR, NOW, ROUTING, SUPERVISOR, make_conversation, make_service, make_ticket
from tickets.casework import find_ticket
from tickets.database import Database
from tickets.errors import ContactSealed, RecordingRejected
from tickets.models import Entry, EntryKind, Recording
from tickets.privacy import Privacy
from tickets.recordings import MAX_RECORDING_BYTES, keep_recording, recording_for
from tickets.vault import Vault

VAULT = Vault({"k": bytes(32)}, "k")
OGG = b"OggS" + bytes(range(200))


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """One transaction for the whole test."""
    async with database.transaction() as session:
        yield session


async def test_a_recording_is_heard_by_the_officers_of_its_ticket_only(session: AsyncSession) -> None:
    conversation = await make_conversation(session)
    sha256 = await keep_recording(session, VAULT, conversation.id, OGG, NOW)
    again = await keep_recording(session, VAULT, conversation.id, OGG, NOW)
    filed = await make_ticket(session, conversation_id=conversation.id, recordings=(sha256,))
    other = await make_ticket(session)

    heard = await recording_for(session, VAULT, await find_ticket(session, filed.ticket_no), sha256)
    elsewhere = await recording_for(session, VAULT, await find_ticket(session, other.ticket_no), sha256)

    assert again == sha256
    assert (heard.media_type, heard.content) == ("audio/ogg", OGG)
    assert elsewhere is None


async def test_a_recording_that_was_added_is_on_the_record(session: AsyncSession) -> None:
    conversation = await make_conversation(session)
    filed = await make_ticket(session, conversation_id=conversation.id)
    sha256 = await keep_recording(session, VAULT, conversation.id, b"#!AMR\n123", NOW)

    await make_service(session).add_citizen_message(
        filed.ticket_no, "", conversation_id=conversation.id, recordings=(sha256,)
    )

    ticket = await find_ticket(session, filed.ticket_no)
    row = await session.get(Recording, 1)
    entry = (await session.scalars(select(Entry).order_by(Entry.id.desc()).limit(1))).one()
    assert (row.ticket_id, row.media_type) == (ticket.id, "audio/amr")
    assert (entry.kind, entry.data["recordings"]) == (EntryKind.CITIZEN_MESSAGE, [sha256])


async def test_it_opens_in_no_other_conversation(session: AsyncSession) -> None:
    mine, theirs = await make_conversation(session), await make_conversation(session, address="b")
    filed = await make_ticket(session, conversation_id=theirs.id)
    sha256 = await keep_recording(session, VAULT, mine.id, OGG, NOW)
    row = await session.get(Recording, 1)
    row.conversation_id = theirs.id
    await session.flush()

    with pytest.raises(ContactSealed):
        await recording_for(session, VAULT, await find_ticket(session, filed.ticket_no), sha256)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"OggS" + bytes(MAX_RECORDING_BYTES), "too_large"), (b"<html>", "not_audio"), (b"", "not_audio")],
    ids=["too large", "a page", "empty"],
)
async def test_what_is_no_voice_message_is_refused(
    session: AsyncSession, content: bytes, reason: str
) -> None:
    conversation = await make_conversation(session)

    with pytest.raises(RecordingRejected) as caught:
        await keep_recording(session, VAULT, conversation.id, content, NOW)

    assert caught.value.reason == reason


async def test_what_is_erased_takes_its_recordings_with_it(session: AsyncSession) -> None:
    mine, theirs = await make_conversation(session), await make_conversation(session, address="b")
    for conversation in (mine, theirs):
        sha256 = await keep_recording(session, VAULT, conversation.id, OGG, NOW)
        await make_ticket(session, conversation_id=conversation.id, recordings=(sha256,))
    privacy = Privacy(session, routing=ROUTING, calendar=CALENDAR, now=NOW, vault=VAULT)

    await privacy.erase(mine.id, actor=SUPERVISOR, reason="申请", delete_photo=lambda sha256: None)

    left = (await session.scalars(select(Recording.conversation_id))).all()
    assert list(left) == [theirs.id]
