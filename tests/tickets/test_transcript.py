from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tests.schema import new_sqlite
from tickets import conversations, transcript
from tickets.database import Database
from tickets.models import Conversation

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[AsyncSession]:
    database = Database(new_sqlite(tmp_path / "wenfa.db"))
    async with database.transaction() as session:
        yield session
    await database.close()


async def conversation(session: AsyncSession, address: str = "a", count: int = 0) -> tuple[int, list[int]]:
    found = await conversations.open_conversation(session, "web", address, NOW)
    messages = [
        await conversations.receive(session, found, f"update-{number}", {"text": str(number)}, NOW)
        for number in range(count)
    ]
    return found.id, [message.id for message in messages if message]


async def test_conversation_id_at_opens_none(session: AsyncSession) -> None:
    known, _ = await conversation(session)

    assert await transcript.conversation_id_at(session, "web", "a") == known
    assert await transcript.conversation_id_at(session, "telegram", "a") is None
    assert await transcript.conversation_id_at(session, "web", "b") is None


async def test_history_gives_the_newest_in_order(session: AsyncSession) -> None:
    known, ids = await conversation(session, count=5)
    await conversation(session, "b", count=2)

    messages = await transcript.history(session, known, limit=3)

    assert [message.id for message in messages] == ids[2:]


async def test_history_after_gives_the_oldest_of_what_came_later(session: AsyncSession) -> None:
    known, ids = await conversation(session, count=5)

    assert [each.id for each in await transcript.history(session, known, after=ids[1], limit=2)] == ids[2:4]
    assert await transcript.history(session, known, after=ids[-1]) == []


async def test_history_before_gives_the_newest_of_what_came_earlier(session: AsyncSession) -> None:
    known, ids = await conversation(session, count=5)

    assert [each.id for each in await transcript.history(session, known, before=ids[3], limit=2)] == ids[1:3]
    between = await transcript.history(session, known, after=ids[0], before=ids[3])
    assert [each.id for each in between] == ids[1:3]


async def test_history_is_bounded_whatever_is_asked(session: AsyncSession) -> None:
    known, _ = await conversation(session, count=transcript.MAX_PAGE + 5)

    assert len(await transcript.history(session, known, limit=10_000)) == transcript.MAX_PAGE


async def test_message_id_of_an_update(session: AsyncSession) -> None:
    known, ids = await conversation(session, count=2)

    assert await transcript.message_id_of(session, known, "update-1") == ids[1]
    assert await transcript.message_id_of(session, known, "update-9") is None


async def test_has_photo_knows_only_the_conversations_own(session: AsyncSession) -> None:
    known, _ = await conversation(session, "a", count=1)
    other, _ = await conversation(session, "b")
    sender = await conversations.open_conversation(session, "web", "a", NOW)
    await conversations.receive(session, sender, "photo-1", {"photo": "abc"}, NOW)

    assert await transcript.has_photo(session, known, "abc")
    assert not await transcript.has_photo(session, other, "abc")
    assert not await transcript.has_photo(session, known, "abd")


async def test_mark_seen_never_goes_back_nor_past_the_last_message(session: AsyncSession) -> None:
    known, ids = await conversation(session, count=3)
    wanted = select(Conversation.seen_message_id).where(Conversation.id == known)

    seen = []
    for message_id in (0, ids[1], ids[0], ids[2] + 1000):
        await transcript.mark_seen(session, known, message_id)
        seen.append(await session.scalar(wanted))

    assert seen == [None, ids[1], ids[1], ids[2]]
