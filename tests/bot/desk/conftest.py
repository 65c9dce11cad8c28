"""The desk on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot import desk
from bot.config import Settings
from bot.services import Services, read_already
from bot.typedefs import RELAY, SERVICES, SETTINGS, TELEGRAM, TYPING, WEB_CHANNEL
from bot.typing_board import TypingBoard
from knowledge_base.base import KnowledgeBase
from tests.bot.desk.browsing import Browser, Clock, Outbox, ShownPages, add_officer
from tests.factories import CALENDAR, POWERS, ROUTING
from tests.schema import new_sqlite
from tickets.database import Database
from tickets.models import Officer, Role
from tickets.photos import PhotoStore
from tickets.vault import Vault


@pytest.fixture
def clock() -> Clock:
    """Starts at factories.NOW, a Monday at 14:05 in China."""
    return Clock()


@pytest.fixture
def outbox() -> Outbox:
    """To see that replies go out at once."""
    return Outbox()


@pytest.fixture
async def parts(tmp_path: Path, knowledge: KnowledgeBase) -> AsyncIterator[Services]:
    """What the desk works with."""
    database = Database(new_sqlite(tmp_path / "wenfa.db"))
    yield Services(
        database=database,
        photos=PhotoStore(tmp_path / "photos"),
        routing=ROUTING,
        calendar=CALENDAR,
        powers=POWERS,
        rules=read_already(knowledge),
        vault=Vault({"k1": bytes(32)}, "k1"),
    )
    await database.close()


@pytest.fixture
def desk_settings(tmp_path: Path) -> Settings:
    """Plain http on this machine, and administrators come in with a password alone."""
    return Settings(data_folder=tmp_path, nlu_enabled=False, admin_second_factor=False)


@pytest.fixture
async def client(
    parts: Services, clock: Clock, outbox: Outbox, desk_settings: Settings
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """The desk behind a real server on localhost."""
    app = web.Application()
    app[SETTINGS], app[SERVICES] = desk_settings, parts
    app[RELAY] = outbox  # type: ignore[misc]  # stands where the relay stands
    app[WEB_CHANNEL] = ShownPages()  # type: ignore[misc]  # stands where the web channel stands
    app[TELEGRAM] = ShownPages()  # type: ignore[misc]  # stands where that channel stands
    app[TYPING] = TypingBoard()
    desk.setup(app, clock)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
def browser(client: TestClient[web.Request, web.Application]) -> Browser:
    """Nobody is signed in."""
    return Browser(client)


@pytest.fixture
async def second_browser(client: TestClient[web.Request, web.Application]) -> AsyncIterator[Browser]:
    """Another machine: it has cookies of its own."""
    other = TestClient(client.server)
    yield Browser(other)
    await other.session.close()


@pytest.fixture
async def officer(parts: Services) -> Officer:
    """ "lin", of the squad of 龙田."""
    return await add_officer(parts)


@pytest.fixture
async def administrator(parts: Services) -> Officer:
    """ "chen", who may do everything."""
    return await add_officer(parts, "chen", display_name="陈主任", role=Role.ADMINISTRATOR, department=None)


@pytest.fixture
async def signed_in(browser: Browser, officer: Officer) -> Browser:
    """ "lin" at the queue."""
    await browser.sign_in("lin")
    return browser
