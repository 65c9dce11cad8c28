"""The client of the NLU server, against a server that answers as Rasa does, or fails as anything does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from actions.base import Understanding
from bot.understanding import CircuitBreaker, UnderstandingClient

ANSWER = {
    "intent": {"name": "complaint", "confidence": 0.9},
    "intent_ranking": [{"name": "complaint", "confidence": 0.9}, {"name": "human", "confidence": 0.05}],
    "categories": [{"name": "dog", "confidence": 0.8}, {"name": "noise_social", "confidence": 0.1}],
    "entities": [{"entity": "place", "value": "清荣大道", "start": 0, "end": 4}],
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """An HTTP server on loopback whose answer a test sets; it remembers the texts."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.handler: Handler = self.answer(ANSWER)

    @staticmethod
    def answer(body: Any, status: int = 200) -> Handler:
        async def handle(_: web.Request) -> web.StreamResponse:
            return web.json_response(body, status=status)

        return handle

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.texts.append(json.loads(await request.text())["text"])
        return await self.handler(request)


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    server = Server()
    app = web.Application()
    app.router.add_post("/model/parse", server.serve)
    running = TestServer(app, host="127.0.0.1")
    await running.start_server()
    yield server, str(running.make_url("/"))
    await running.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_answer_is_read(server: tuple[Server, str], session: aiohttp.ClientSession):
    found = await UnderstandingClient(server[1], session=session).parse("清荣大道有狗")

    assert (found.intent, found.confidence, found.category) == ("complaint", 0.9, "dog")
    assert found.categories == (("dog", 0.8), ("noise_social", 0.1))
    assert found.first("place") == "清荣大道"
    assert found.available
    assert found.emergency_kind is None


async def test_server_gets_clean_text(server: tuple[Server, str], session: aiohttp.ClientSession):
    await UnderstandingClient(server[1], session=session).parse("\u200b／restart")

    assert server[0].texts == ["restart"]


@pytest.mark.parametrize("text", ["", "  ", "👍", "……"])
async def test_empty_text_is_never_sent(
    server: tuple[Server, str], session: aiohttp.ClientSession, text: str
):
    found = await UnderstandingClient(server[1], session=session).parse(text)

    assert found == Understanding()
    assert server[0].texts == []


async def test_long_text_is_bounded(server: tuple[Server, str], session: aiohttp.ClientSession):
    await UnderstandingClient(server[1], session=session).parse("清荣大道有人摆摊。" * 1500)

    assert len(server[0].texts[0]) <= 1200


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"intent": None},
        {"intent": {"name": "x"}},
        {"intent": {"name": "x", "confidence": "high"}},
        "text",
        None,
    ],
)
async def test_nonsense_is_an_unavailable_server(
    server: tuple[Server, str], session: aiohttp.ClientSession, body: Any
):
    server[0].handler = Server.answer(body)

    assert await UnderstandingClient(server[1], session=session).parse("你好") == Understanding.unavailable()


async def test_error_is_an_unavailable_server(server: tuple[Server, str], session: aiohttp.ClientSession):
    server[0].handler = Server.answer({}, status=500)

    assert await UnderstandingClient(server[1], session=session).parse("你好") == Understanding.unavailable()


async def test_slow_server_is_not_waited_for(server: tuple[Server, str], session: aiohttp.ClientSession):
    async def sleep(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1)
        return web.json_response(ANSWER)

    server[0].handler = sleep
    client = UnderstandingClient(server[1], session=session, timeout_seconds=0.05)

    assert await client.parse("你好") == Understanding.unavailable()


async def test_server_that_keeps_failing_is_left_alone_and_tried_again(
    server: tuple[Server, str], session: aiohttp.ClientSession
):
    now = [0.0]
    breaker = CircuitBreaker(max_failures=3, pause_seconds=5, clock=lambda: now[0])
    client = UnderstandingClient(server[1], session=session, breaker=breaker)
    server[0].handler = Server.answer({}, status=503)
    for _ in range(5):
        await client.parse("你好")

    assert len(server[0].texts) == 3
    assert client.is_paused

    now[0] = 6.0
    server[0].handler = Server.answer(ANSWER)

    assert (await client.parse("你好")).available
    assert not client.is_paused


def test_after_a_pause_one_question_goes_through():
    now = [0.0]
    breaker = CircuitBreaker(max_failures=1, pause_seconds=5, clock=lambda: now[0])
    breaker.failed()
    now[0] = 6.0

    assert [breaker.allow() for _ in range(3)] == [True, False, False]


async def test_emergency_is_heard_with_the_server_down(session: aiohttp.ClientSession):
    client = UnderstandingClient("http://127.0.0.1:9", session=session)

    found = await client.parse("樓下著火了快來人")

    assert (found.intent, found.emergency_kind, found.available) == ("emergency", "fire", False)


async def test_emergency_by_rule_outranks_the_classifier(
    server: tuple[Server, str], session: aiohttp.ClientSession
):
    found = await UnderstandingClient(server[1], session=session).parse("狗正在咬小孩")

    assert (found.intent, found.emergency_kind) == ("emergency", "medical")
    assert found.categories


@pytest.mark.parametrize(("confidence", "intent"), [(0.9, "emergency"), (0.3, "complaint")])
async def test_classifier_alone_must_be_sure_of_an_emergency(
    server: tuple[Server, str], session: aiohttp.ClientSession, confidence: float, intent: str
):
    ranking = [{"name": "emergency", "confidence": confidence}, {"name": "complaint", "confidence": 0.1}]
    server[0].handler = Server.answer({"intent": ranking[0], "intent_ranking": ranking})

    found = await UnderstandingClient(server[1], session=session).parse("出大事了")

    assert found.intent == intent
    assert found.emergency_kind == ("other" if intent == "emergency" else None)


async def test_emergency_need_not_be_the_likeliest_meaning(
    server: tuple[Server, str], session: aiohttp.ClientSession
):
    ranking = [{"name": "complaint", "confidence": 0.5}, {"name": "emergency", "confidence": 0.45}]
    server[0].handler = Server.answer({"intent": ranking[0], "intent_ranking": ranking})
    client = UnderstandingClient(server[1], session=session)

    assert (await client.parse("出大事了")).intent == "emergency"
    assert (await client.parse("去年出过大事")).intent == "complaint"


async def test_best_category_is_told_however_unlikely(
    server: tuple[Server, str], session: aiohttp.ClientSession
):
    server[0].handler = Server.answer(ANSWER | {"categories": [{"name": "dog", "confidence": 0.05}]})

    found = await UnderstandingClient(server[1], session=session).parse("你好")

    assert found.category == "dog"
    assert found.categories == (("dog", 0.05),)
