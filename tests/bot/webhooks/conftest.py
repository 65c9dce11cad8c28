"""Another system's server, real HTTP, that answers as the test wants; and everything that sends to it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.services import Services
from bot.webhooks.addresses import PublicResolver
from bot.webhooks.worker import WebhookWorker
from tests.bot.desk.browsing import Clock
from tests.factories import make_ticket
from tests.schema import opened
from tickets.webhooks import NewSubscription, subscribe

HOST = "127.0.0.1"


@dataclass
class Receiver:
    """Keeps what it is sent. `answers`: what the next calls get instead of 204 (or seconds to wait)."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: deque[tuple[int, dict[str, str]] | float] = field(default_factory=deque)

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.received]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.received]

    async def take(self, request: web.Request) -> web.Response:
        self.received.append(({k.lower(): v for k, v in request.headers.items()}, await request.read()))
        answer = self.answers.popleft() if self.answers else (204, {})
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            answer = (204, {})
        return web.Response(status=answer[0], headers=answer[1])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Listens on 127.0.0.1."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    app.router.add_post("/elsewhere", receiver.take)
    async with TestServer(app, host=HOST) as server:
        receiver.url = str(server.make_url("/hook"))
        yield receiver


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """Without rules."""
    async with opened(tmp_path) as services:
        yield services


@dataclass
class Sending:
    """The worker, by hand."""

    services: Services
    worker: WebhookWorker
    http: aiohttp.ClientSession
    clock: Clock

    async def subscribe(self, url: str, name: str = "12345", **changes: Any) -> NewSubscription:
        async with self.services.database.transaction() as session:
            return await subscribe(
                session, name=name, url=url, vault=self.services.vault, now=self.clock.now, **changes
            )

    async def file(self, **changes: Any) -> str:
        async with self.services.database.transaction() as session:
            return (await make_ticket(session, now=self.clock.now, **changes)).ticket_no

    async def send(self, **later: float) -> bool:
        """All that is due after a while."""
        self.clock.forward(**later)
        return await self.worker.send_due(self.http)


@pytest.fixture
async def sending(services: Services) -> AsyncIterator[Sending]:
    """May call 127.0.0.1."""
    clock = Clock()
    worker = WebhookWorker(services, allowed_hosts=(HOST,), timeout_seconds=0.5, now=clock)
    connector = aiohttp.TCPConnector(resolver=PublicResolver((HOST,)))
    timeout = aiohttp.ClientTimeout(total=0.5)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        yield Sending(services, worker, http, clock)
