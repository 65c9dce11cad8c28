"""Messages come in once, go out through the outbox, and none is forgotten after a crash."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import NOW, make_conversation
from tickets.conversations import (
    begin_turn,
    lock,
    mark_handled,
    open_conversation,
    post,
    receive,
    recent,
    unhandled,
)
from tickets.database import Database
from tickets.errors import ConversationNotFound
from tickets.models import Conversation, Message, OutboxItem, Sender


async def test_one_address_is_one_conversation(database: Database, other_process: Database) -> None:
    async def meet(number: int) -> int:
        async with (database, other_process)[number % 2].transaction() as session:
            return (await open_conversation(session, "telegram", "42", NOW)).id

    assert len(set(await asyncio.gather(*(meet(number) for number in range(8))))) == 1


async def test_the_same_update_twice_is_one_message(database: Database, other_process: Database) -> None:
    async def deliver(number: int) -> bool:
        async with (database, other_process)[number % 2].transaction() as session:
            conversation = await make_conversation(session)
            return await receive(session, conversation, "u-1", {"text": "有人倒垃圾"}, NOW) is not None

    assert sorted(await asyncio.gather(*(deliver(number) for number in range(6)))) == [False] * 5 + [True]
    async with database.reading() as session:
        assert [message.update_id for message in await unhandled(session)] == ["u-1"]


async def test_the_same_update_id_in_another_conversation_is_another_message(database: Database) -> None:
    async with database.transaction() as session:
        for address in ("a", "b"):
            conversation = await make_conversation(session, address=address)
            assert await receive(session, conversation, "1", {"text": "你好"}, NOW) is not None


async def test_unhandled_gives_what_a_crash_left_oldest_first(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        for number in range(3):
            await receive(session, conversation, str(number), {"text": str(number)}, NOW)
        await post(session, conversation.id, {"text": "答"}, sender=Sender.ASSISTANT, now=NOW)
    async with database.transaction() as session:
        first = (await unhandled(session))[0]
        first.handled_at = NOW

    async with database.reading() as session:
        assert [message.content["text"] for message in await unhandled(session)] == ["1", "2"]


async def test_a_citizen_who_writes_is_there_again(database: Database) -> None:
    later = NOW + timedelta(hours=1)
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        conversation.gone_at = NOW
        await receive(session, conversation, "1", {"text": "我回来了"}, later)

    async with database.reading() as session:
        found = (await session.scalars(sa.select(Conversation))).one()
        assert (found.gone_at, found.updated_at) == (None, later)


async def test_post_needs_a_conversation(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(ConversationNotFound):
            await post(session, 99, {"text": "?"}, sender="assistant", now=NOW)


async def test_post_puts_message_and_outbox_item_side_by_side(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        message = await post(session, conversation.id, {"text": "好的"}, sender="officer", now=NOW)

    async with database.reading() as session:
        item = (await session.scalars(sa.select(OutboxItem))).one()
        assert (item.message_id, item.available_at, item.attempts) == (message.id, NOW, 0)


async def test_text_that_no_database_can_store_is_cleaned(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        await receive(
            session, conversation, "\x001", {"text": "a\x00b\udc00", "more": [1, None, "\x00"]}, NOW
        )

    async with database.reading() as session:
        message = (await session.scalars(sa.select(Message))).one()
        assert message.content == {"text": "ab?", "more": [1, None, ""]}


async def test_state_survives_with_changes_of_its_top_level(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        conversation.state["flow"] = {"name": "report", "place": "龙田"}

    async with database.transaction() as session:
        conversation = await make_conversation(session)
        assert conversation.state == {"flow": {"name": "report", "place": "龙田"}}


async def test_recent_is_bounded(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        messages = [
            await post(session, conversation.id, {"text": str(number)}, sender="assistant", now=NOW)
            for number in range(5)
        ]

    async with database.reading() as session:
        newest = await recent(session, conversation.id, limit=2)
        assert [message.content["text"] for message in newest] == ["3", "4"]
        after = await recent(session, conversation.id, after_id=messages[3].id)
        assert [message.content["text"] for message in after] == ["4"]


async def test_a_turn_begins_once(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        message = await receive(session, conversation, "1", {"text": "你好"}, NOW)
    assert message is not None

    async with database.transaction() as session:
        assert (await lock(session, conversation.id)).id == conversation.id
        assert await begin_turn(session, [message.id])
        await mark_handled(session, [message.id], NOW)
    async with database.transaction() as session:
        assert not await begin_turn(session, [message.id])
        with pytest.raises(ConversationNotFound):
            await lock(session, 99)


async def test_unhandled_can_be_kept_to_a_conversation_or_to_channels(database: Database) -> None:
    async with database.transaction() as session:
        for channel in ("web", "telegram"):
            conversation = await make_conversation(session, channel=channel)
            await receive(session, conversation, "1", {"text": channel}, NOW)

    async with database.reading() as session:
        assert [message.content["text"] for message in await unhandled(session, 2)] == ["telegram"]
        of_web = await unhandled(session, channels=("web",))
        assert [message.content["text"] for message in of_web] == ["web"]
