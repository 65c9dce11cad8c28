"""The interface behind a real server, and a key."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from bot import open311
from bot.config import Settings
from bot.health import healthz
from bot.public_errors import error_pages
from bot.security import setup_security
from bot.services import Services
from bot.typedefs import SERVICES, SETTINGS
from bot.webhooks import inbound
from tests.factories import make_ticket
from tests.schema import opened
from tickets.api_keys import create_key

Client = TestClient[web.Request, web.Application]
ROOT = "/open311/v2"


def make_app(services: Services, settings: Settings) -> web.Application:
    """The interface in an application that has nothing else."""
    app = web.Application()
    app[SERVICES], app[SETTINGS] = services, settings
    setup_security(app, settings)
    app.middlewares.append(error_pages)
    open311.setup(app)
    inbound.setup(app)
    app.router.add_get("/healthz", healthz)
    return app


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """All that the interface works with; it needs no rules."""
    async with opened(tmp_path) as services:
        yield services


@pytest.fixture
async def client(services: Services, settings: Settings) -> AsyncIterator[Client]:
    """Somebody else's program."""
    async with TestClient(TestServer(make_app(services, settings))) as client:
        yield client


@dataclass
class Interface:
    """Short calls of what the tests ask."""

    client: Client
    services: Services
    key: str = ""

    async def get(self, path: str, status: int = 200, /, **query: str) -> Any:
        """The JSON answer, whose status must be as said."""
        async with self.client.get(f"{ROOT}/{path}", params=query) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    async def post(self, status: int = 201, /, headers: Any = None, **fields: Any) -> Any:
        """File with dull valid fields where none are given; a field that is None is left out."""
        values: dict[str, Any] = {
            "api_key": self.key,
            "service_code": "illegal_dumping",
            "address_string": "龙田镇清荣大道东门对面",
            "description": "路边倒了一车装修垃圾",
            **fields,
        }
        data = {name: value for name, value in values.items() if value is not None}
        async with self.client.post(f"{ROOT}/requests.json", data=data, headers=headers) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    async def file(self, **changes: Any) -> str:
        """A published ticket, unless the changes make it private. Returns its number."""
        values: dict[str, Any] = {
            "status": "accepted",
            "now": datetime.now(UTC),
            "reporter_mode": "real_name",
            "contact": "13600000000",
            **changes,
        }
        async with self.services.database.transaction() as session:
            return (await make_ticket(session, **values)).ticket_no


@pytest.fixture
async def interface(client: Client, services: Services) -> Interface:
    """With a key of a generous quota."""
    async with services.database.transaction() as session:
        key = await create_key(session, "市民热线", 100, datetime.now(UTC))
    return Interface(client, services, key.key)


def photo(color: str = "olive") -> bytes:
    """A small photo."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(file, "JPEG")
    return file.getvalue()


@dataclass
class Hits:
    """A server that counts who opens it."""

    url: str = ""
    count: int = 0


@pytest.fixture
async def own_server() -> AsyncIterator[Hits]:
    """Nobody should come."""
    hits = Hits()

    async def hit(_request: web.Request) -> web.Response:
        hits.count += 1
        return web.Response(body=photo(), content_type="image/jpeg")

    app = web.Application()
    app.router.add_get("/photo.jpg", hit)
    async with TestServer(app, host="127.0.0.1") as server:
        hits.url = str(server.make_url("/photo.jpg"))
        yield hits
