"""The outbox: leases, order, retry, several workers."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import sqlalchemy as sa

from tests.factories import NOW, make_conversation
from tickets.conversations import post
from tickets.database import Database
from tickets.models import Conversation, OutboxItem
from tickets.outbox import MAX_ATTEMPTS, Delivery, claim, delivered, failed, next_attempt, recipient_gone


async def fill(database: Database, conversations: int = 1, messages: int = 1) -> None:
    async with database.transaction() as session:
        for address in range(conversations):
            conversation = await make_conversation(session, address=str(address))
            for number in range(messages):
                content = {"text": f"{address}:{number}"}
                await post(session, conversation.id, content, sender="assistant", now=NOW)


async def take(database: Database, seconds: float = 0, **options: object) -> list[Delivery]:
    async with database.transaction() as session:
        return await claim(session, NOW + timedelta(seconds=seconds), **options)  # type: ignore[arg-type] # test


def texts(deliveries: list[Delivery]) -> list[str]:
    return [delivery.content["text"] for delivery in deliveries]


async def test_claim_takes_the_oldest_of_each_conversation(database: Database) -> None:
    await fill(database, conversations=2, messages=2)

    deliveries = await take(database)

    assert texts(deliveries) == ["0:0", "1:0"]
    assert [(found.channel, found.address, found.attempts) for found in deliveries] == [
        ("web", "0", 1),
        ("web", "1", 1),
    ]


async def test_claim_leaves_what_is_leased_and_what_comes_after_it(database: Database) -> None:
    await fill(database, messages=2)

    assert texts(await take(database)) == ["0:0"]
    assert await take(database, 59) == []


async def test_a_lease_runs_out_when_the_worker_died(database: Database) -> None:
    await fill(database, messages=2)
    await take(database)

    again = await take(database, 61)

    assert texts(again) == ["0:0"]
    assert again[0].attempts == 2


async def test_the_next_one_follows_when_one_is_delivered(database: Database) -> None:
    await fill(database, messages=2)
    [first] = await take(database)

    async with database.transaction() as session:
        await delivered(session, first.item_id, NOW)
        await delivered(session, first.item_id, NOW + timedelta(hours=1))

    assert texts(await take(database)) == ["0:1"]
    async with database.reading() as session:
        assert (await session.get_one(OutboxItem, first.item_id)).delivered_at == NOW


async def test_a_failed_one_waits_and_keeps_its_place(database: Database) -> None:
    await fill(database, conversations=2, messages=2)
    first, _ = await take(database)

    async with database.transaction() as session:
        await failed(session, first.item_id, "no route", NOW, NOW + timedelta(seconds=100))

    assert await take(database, 50) == []
    assert "0:0" in texts(await take(database, 101))


async def test_one_that_is_given_up_lets_the_next_go(database: Database) -> None:
    await fill(database, messages=2)
    [first] = await take(database)

    async with database.transaction() as session:
        await failed(session, first.item_id, "x" * 9000, NOW, None)

    assert texts(await take(database)) == ["0:1"]
    async with database.reading() as session:
        item = await session.get_one(OutboxItem, first.item_id)
        assert (item.failed_at, len(item.error)) == (NOW, 500)


async def test_a_late_failure_does_not_undo_a_delivery(database: Database) -> None:
    await fill(database)
    [first] = await take(database)
    async with database.transaction() as session:
        await delivered(session, first.item_id, NOW)
        await failed(session, first.item_id, "timeout", NOW, NOW)

    assert await take(database, 1000) == []


async def test_a_late_delivery_counts_although_it_was_given_up(database: Database) -> None:
    await fill(database)
    [first] = await take(database)
    async with database.transaction() as session:
        await failed(session, first.item_id, "timeout", NOW, None)
        await delivered(session, first.item_id, NOW)

    async with database.reading() as session:
        item = await session.get_one(OutboxItem, first.item_id)
        assert (item.failed_at, item.delivered_at) == (None, NOW)


async def test_nothing_waits_for_somebody_who_is_gone(database: Database) -> None:
    await fill(database, conversations=2, messages=3)
    [first, _] = await take(database)

    async with database.transaction() as session:
        await recipient_gone(session, first.conversation_id, NOW)

    assert texts(await take(database, 1000)) == ["1:0"]
    async with database.reading() as session:
        assert (await session.get_one(Conversation, first.conversation_id)).gone_at == NOW


async def test_claim_can_be_kept_to_channels(database: Database) -> None:
    await fill(database)

    assert await take(database, channels=("telegram",)) == []
    assert texts(await take(database, channels=("web",))) == ["0:0"]


async def test_workers_of_several_processes_share_the_work(
    database: Database, other_process: Database
) -> None:
    await fill(database, conversations=6, messages=4)
    shown: list[str] = []

    async def work(worker: Database) -> None:
        idle = 0
        while idle < 3:
            deliveries = await take(worker, limit=2)
            idle = 0 if deliveries else idle + 1
            for delivery in deliveries:
                await asyncio.sleep(0)
                shown.append(delivery.content["text"])
                async with worker.transaction() as session:
                    await delivered(session, delivery.item_id, NOW)

    await asyncio.gather(work(database), work(other_process), work(database), work(other_process))

    assert Counter(shown) == {f"{address}:{number}": 1 for address in range(6) for number in range(4)}
    for address in range(6):
        assert [text for text in shown if text.startswith(f"{address}:")] == [
            f"{address}:{number}" for number in range(4)
        ]


async def test_a_locked_item_is_skipped_rather_than_waited_for(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    await fill(database, conversations=2)

    async with database.transaction() as session:
        assert len(await claim(session, NOW, limit=1)) == 1
        assert texts(await take(database)) == ["1:0"]
    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.sum(OutboxItem.attempts))) == 2
    await database.close()


def test_next_attempt_doubles_up_to_hours_and_then_gives_up() -> None:
    pauses = []
    for attempts in range(1, MAX_ATTEMPTS):
        at = next_attempt(attempts, NOW)
        assert at is not None
        pauses.append((at - NOW).total_seconds())

    assert pauses[0] < 3
    assert max(pauses) <= 6 * 3600 * 1.2
    assert 18 * 3600 < sum(pauses) < 36 * 3600
    assert next_attempt(MAX_ATTEMPTS, NOW) is None


def test_next_attempt_waits_as_long_as_the_server_asks() -> None:
    at = next_attempt(1, NOW, retry_after_seconds=90)

    assert at == NOW + timedelta(seconds=90)
