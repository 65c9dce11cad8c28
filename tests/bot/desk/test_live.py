from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from bot.desk import watch
from bot.desk.views import live
from bot.services import Services
from tests.bot.desk.browsing import Browser, Clock
from tests.factories import make_ticket
from tickets.values import Place


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, so that the tests needn't wait."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.2)


@pytest.fixture
def quick_client(client: TestClient[web.Request, web.Application]) -> None:
    """The watch of the running desk looks twenty times a second."""
    for app in client.server.app._subapps:
        app[watch.WATCH]._every_seconds = 0.05


async def _line(stream: web.StreamResponse, start: str) -> str:
    async with asyncio.timeout(5):
        while True:
            line = (await stream.content.readline()).decode().strip()
            if line.startswith(start):
                return line


async def test_a_page_hears_of_tickets_that_its_officer_may_see(
    signed_in: Browser, parts: Services, quick_client: None
) -> None:
    async with signed_in.client.get("/desk/events") as stream:
        assert stream.content_type == "text/event-stream"
        await _line(stream, "event: waiting")
        await _line(stream, "data:")
        await asyncio.sleep(0.2)
        async with parts.database.transaction() as session:
            await make_ticket(session, place=Place("玉屏街道一拂路"))
        async with parts.database.transaction() as session:
            mine = await make_ticket(session)

        news = json.loads((await _line(stream, "data:")).removeprefix("data:"))

    assert [one["no"] for one in news["tickets"]] == [mine.ticket_no]


async def test_the_stream_ends_with_the_session(signed_in: Browser, clock: Clock, quick_client: None) -> None:
    async with signed_in.client.get("/desk/events") as stream:
        await _line(stream, ": still here")
        clock.forward(hours=13)

        async with asyncio.timeout(5):
            await stream.content.read()


async def test_an_open_stream_does_not_keep_a_session_alive(signed_in: Browser, clock: Clock) -> None:
    clock.forward(hours=11)
    async with signed_in.client.get("/desk/events") as stream:
        await _line(stream, "retry:")
    clock.forward(hours=2)

    assert (await signed_in.get("/")).path.startswith("/desk/sign-in")


async def test_an_open_stream_does_not_hold_up_the_end_of_the_server(
    signed_in: Browser, quick_client: None
) -> None:
    async with signed_in.client.get("/desk/events") as stream:
        await _line(stream, "retry:")

        async with asyncio.timeout(5):
            await signed_in.client.server.close()
