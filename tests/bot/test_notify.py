"""What was committed reaches the citizen: in order, again after a failure, and never for ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from actions.base import Outgoing
from bot.channels.base import DeliveryFailed, RecipientGone
from bot.notify import LEASE_SECONDS, OutboxWorker
from tests.factories import NOW, make_conversation
from tests.schema import new_sqlite
from tickets.conversations import post
from tickets.database import Database, upgrade
from tickets.deadlines import SHANGHAI
from tickets.models import Conversation, OutboxItem
from tickets.outbox import MAX_ATTEMPTS

WORDS = "您的电话13800000000"


@dataclass
class Line:
    """A channel that keeps what it was given, and fails as often as the test wants."""

    name: str = "web"
    given: list[tuple[str, str]] = field(default_factory=list)
    troubles: dict[str, list[BaseException]] = field(default_factory=dict)
    meanwhile: Callable[[], object] = lambda: None

    async def send(self, address: str, message_id: int, sender: str, content: Outgoing) -> None:
        self.meanwhile()
        if waiting := self.troubles.get(address):
            raise waiting.pop(0)
        await asyncio.sleep(0)
        self.given.append((address, content.text))


@dataclass
class Office:
    """An outbox with a worker and a clock."""

    database: Database
    line: Line = field(default_factory=Line)
    now: datetime = NOW

    def worker(self) -> OutboxWorker:
        return OutboxWorker(self.database, {"web": self.line}, now=lambda: self.now)

    async def write(self, address: str, *texts: str, channel: str = "web", key: str = "") -> None:
        async with self.database.transaction() as session:
            conversation = await make_conversation(session, channel, address)
            for text in texts:
                content = {"text": text, "key": key}
                await post(session, conversation.id, content, sender="officer", now=NOW)

    async def deliver(self, **later: float) -> list[tuple[str, str]]:
        """All that can be delivered once so much time has passed; what arrived by now."""
        self.now += timedelta(**later)
        worker = self.worker()
        while await worker.deliver_due():
            pass
        return self.line.given

    async def items(self) -> list[OutboxItem]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(OutboxItem).order_by(OutboxItem.id)))


@pytest.fixture
async def office(tmp_path: Path) -> Office:
    database = Database(new_sqlite(tmp_path / "wenfa.db"))
    yield Office(database)
    await database.close()


async def test_messages_of_a_conversation_arrive_once_and_in_order(office: Office) -> None:
    await office.write("a", "一", "二", "三")

    await office.deliver()
    arrived = await office.deliver(hours=1)

    assert arrived == [("a", "一"), ("a", "二"), ("a", "三")]


async def test_a_failure_holds_up_its_own_conversation_only(office: Office) -> None:
    await office.write("a", "一", "二")
    await office.write("b", "甲")
    office.line.troubles["a"] = [DeliveryFailed("network down")]

    at_first = list(await office.deliver())
    later = await office.deliver(seconds=10)

    assert at_first == [("b", "甲")]
    assert later == [("b", "甲"), ("a", "一"), ("a", "二")]


async def test_a_channel_that_asks_for_patience_is_given_it(office: Office) -> None:
    await office.write("a", "一")
    office.line.troubles["a"] = [DeliveryFailed("too many", retry_after_seconds=300)]

    await office.deliver()
    too_early = list(await office.deliver(seconds=290))
    in_time = await office.deliver(seconds=20)

    assert too_early == []
    assert in_time == [("a", "一")]


async def test_pauses_grow_and_end(office: Office) -> None:
    await office.write("a", "一")
    office.line.troubles["a"] = [DeliveryFailed("network down") for _ in range(MAX_ATTEMPTS)]

    attempts = []
    for _ in range(MAX_ATTEMPTS):
        await office.deliver(hours=8)
        [item] = await office.items()
        attempts.append(item.available_at - office.now)
    arrived = await office.deliver(days=30)

    assert attempts[3] < attempts[6] < attempts[10]
    assert item.failed_at is not None
    assert item.error == "network down"
    assert arrived == []


async def test_when_the_citizen_is_gone_the_rest_is_given_up(office: Office) -> None:
    await office.write("a", "一", "二")
    await office.write("b", "甲")
    office.line.troubles["a"] = [RecipientGone("blocked")]

    await office.deliver()
    arrived = await office.deliver(days=2)

    async with office.database.reading() as session:
        gone = [each.address for each in await session.scalars(select(Conversation)) if each.gone_at]
    assert arrived == [("b", "甲")]
    assert gone == ["a"]
    assert [item.failed_at is not None for item in await office.items()] == [True, True, False]


async def test_an_unexpected_error_is_tried_again_and_told_without_words(office: Office) -> None:
    await office.write("a", WORDS)
    office.line.troubles["a"] = [ValueError(WORDS)]

    with capture_logs() as logs:
        await office.deliver()
    [item] = await office.items()
    error = item.error
    arrived = await office.deliver(seconds=10)

    assert [(event["event"], event["channel"]) for event in logs] == [("delivery_failed", "web")]
    assert WORDS not in str(logs)
    assert error == "ValueError"
    assert arrived == [("a", WORDS)]


async def test_a_channel_of_another_process_is_left_to_it(office: Office) -> None:
    await office.write("77", "一", channel="telegram")

    await office.deliver()

    [item] = await office.items()
    assert (item.attempts, item.delivered_at, item.leased_until) == (0, None, None)


async def test_two_workers_deliver_each_message_once(office: Office) -> None:
    for number in range(60):
        await office.write(f"c{number}", "一")

    await asyncio.gather(*(office.worker().deliver_due() for _ in range(4)))

    assert sorted(address for address, _ in await office.deliver()) == sorted(f"c{n}" for n in range(60))


async def test_what_a_dead_worker_held_comes_back_after_the_lease(office: Office) -> None:
    await office.write("a", "一")
    office.line.troubles["a"] = [asyncio.CancelledError()]

    with pytest.raises(asyncio.CancelledError):
        await office.deliver()
    too_early = list(await office.deliver(seconds=LEASE_SECONDS - 1))
    in_time = await office.deliver(seconds=2)

    assert too_early == []
    assert in_time == [("a", "一")]


async def test_nothing_is_locked_while_a_channel_sends(office: Office) -> None:
    """A slow channel must not keep others from writing."""
    await office.write("a", "一")
    writing: list[asyncio.Task[None]] = []
    office.line.meanwhile = lambda: writing or writing.append(asyncio.ensure_future(office.write("b", "甲")))

    arrived = await office.deliver()

    await asyncio.gather(*writing)
    assert await office.deliver(seconds=1) == [("a", "一"), ("b", "甲")]
    assert arrived


@contextlib.asynccontextmanager
async def working(worker: OutboxWorker):
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_wake_up_call_is_heeded_at_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.notify.POLL_SECONDS", 3600)
    worker = office.worker()

    async with working(worker):
        await asyncio.sleep(0.05)
        await office.write("a", "一")
        worker.wake()
        await until(lambda: office.line.given)

    assert office.line.given == [("a", "一")]


async def test_what_another_process_wrote_is_found_without_a_call(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.notify.POLL_SECONDS", 0.05)

    async with working(office.worker()):
        await asyncio.sleep(0.02)
        await office.write("a", "一")
        await until(lambda: office.line.given)

    assert office.line.given == [("a", "一")]


async def test_the_worker_outlives_trouble_with_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.notify.POLL_SECONDS", 0.02)
    url = f"sqlite+aiosqlite:///{tmp_path / 'late.db'}"
    office = Office(Database(url))

    with capture_logs() as logs:
        async with working(office.worker()):
            await until(lambda: logs)
            await asyncio.to_thread(upgrade, url)
            await office.write("a", "一")
            await until(lambda: office.line.given)
    await office.database.close()

    assert logs[0]["event"] == "outbox_failed"
    assert office.line.given == [("a", "一")]


@pytest.mark.parametrize(
    ("evening", "morning"),
    [("2026-11-23T21:30", "2026-11-24T09:00"), ("2026-11-24T08:59", "2026-11-24T09:00")],
)
async def test_a_campaign_that_was_held_up_waits_for_the_morning_and_holds_up_nothing(
    office: Office, evening: str, morning: str
) -> None:
    office.line.troubles["a"] = [DeliveryFailed("busy")]
    await office.write("a", "宪法宣传周", key="campaign")
    await office.deliver()
    await office.write("a", "您的工单办好了")
    office.now = datetime.fromisoformat(evening).replace(tzinfo=SHANGHAI)

    at_night = list(await office.deliver())
    office.now = datetime.fromisoformat(morning).replace(tzinfo=SHANGHAI) - timedelta(seconds=1)
    before = list(await office.deliver())
    after = list(await office.deliver(seconds=1))

    assert at_night == before == [("a", "您的工单办好了")]
    assert after[1:] == [("a", "宪法宣传周")]


@pytest.mark.parametrize("steps", range(5))
async def test_the_worker_ends_also_at_the_moment_when_it_is_woken(office: Office, steps: int) -> None:
    worker = office.worker()
    task = asyncio.create_task(worker.run())
    await asyncio.sleep(0.05)

    worker.wake()
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    _, still_running = await asyncio.wait({task}, timeout=2)

    assert still_running == set()
