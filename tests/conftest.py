"""Parts shared by all tests: real ones. Only Telegram's and WeChat's servers are stood in for
(tests/fakes.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from bot.config import ROOT, Settings
from bot.keys import open_vault
from bot.nlu_server import NluServer, ensure_model, free_port
from bot.relay import Relay
from bot.services import Services, read_already
from bot.understanding import UnderstandingClient
from knowledge_base.base import KnowledgeBase
from tests.factories import CALENDAR, POWERS, ROUTING
from tests.schema import new_sqlite
from tests.talk import Talk
from tickets.database import Database
from tickets.photos import PhotoStore


@pytest.fixture(scope="session")
def knowledge() -> KnowledgeBase:
    """The product's own cards and statutes; what it caches is kept between runs."""
    knowledge = KnowledgeBase.load(ROOT / "var" / "knowledge")
    if not knowledge.has_vectors:
        knowledge.build_vectors(with_articles=False)
    return knowledge


@pytest.fixture(scope="session")
def nlu_url() -> Iterator[str]:
    """The trained model behind a real Rasa server, started once for all tests."""
    with asyncio.Runner() as runner:
        model = runner.run(ensure_model(ROOT / "var" / "models"))
        server = NluServer(model, free_port())
        runner.run(server.start())
        try:
            runner.run(server.wait_ready())
            yield server.url
        finally:
            runner.run(server.stop())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Everything in a folder of the test's own, no NLU unless the test asks for it."""
    return Settings(data_folder=tmp_path, port=0, nlu_port=0, nlu_enabled=False, vectors="off")


@pytest.fixture
async def services(settings: Settings, knowledge: KnowledgeBase) -> AsyncIterator[Services]:
    """A new SQLite database with the newest schema, and the model city."""
    database = Database(new_sqlite(settings.data_folder / "wenfa.db"))
    yield Services(
        database=database,
        photos=PhotoStore(settings.data_folder / "photos"),
        routing=ROUTING,
        calendar=CALENDAR,
        powers=POWERS,
        rules=read_already(knowledge),
        vault=open_vault(settings),
    )
    await database.close()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client session that ends with the test."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def talk(services: Services, nlu_url: str, http: aiohttp.ClientSession) -> Talk:
    """A citizen who talks to the assistant through the relay, with the trained model."""
    return Talk(services, Relay(services, UnderstandingClient(nlu_url, session=http, timeout_seconds=30)))


@pytest.fixture
async def talk_without_nlu(services: Services, http: aiohttp.ClientSession) -> Talk:
    """The same with nobody at the NLU's address."""
    return Talk(
        services, Relay(services, UnderstandingClient(f"http://127.0.0.1:{free_port()}", session=http))
    )
