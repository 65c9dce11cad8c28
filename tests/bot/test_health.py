"""/healthz: up, less able, or down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.health import healthz
from bot.services import Services
from bot.supervisor import Supervisor
from bot.typedefs import SERVICES, SUPERVISOR
from tests.factories import NOW, make_conversation
from tickets.conversations import post
from tickets.database import Database


class NoChild:
    """A child that the test's supervisor never starts."""

    process = None

    async def start(self) -> None: ...

    async def wait_ready(self) -> None: ...

    async def stop(self) -> None: ...


async def ask(services: Services, nlu_state: str | None = None) -> tuple[int, dict[str, Any]]:
    """Status and body of /healthz, with the NLU server in that state or none at all."""
    app = web.Application()
    app[SERVICES] = services
    if nlu_state:
        app[SUPERVISOR] = Supervisor("nlu", NoChild())
        app[SUPERVISOR].state = nlu_state
    app.router.add_get("/healthz", healthz)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        answer = await client.get("/healthz")
        return answer.status, await answer.json()


async def test_ready_when_all_parts_work(services: Services) -> None:
    status, health = await ask(services, "ready")

    assert (status, health["state"]) == (200, "ready")
    assert health["nlu"] == {"state": "ready", "restarts": 0, "error": ""}


async def test_degraded_but_up_without_understanding(services: Services) -> None:
    answers = [await ask(services, state) for state in ("starting", "waiting", "stopped", None)]

    assert {(status, health["state"]) for status, health in answers} == {(200, "degraded")}
    assert [health["nlu"]["state"] for _, health in answers] == ["starting", "waiting", "stopped", "off"]


async def test_counts_what_waits_to_be_delivered(services: Services) -> None:
    async with services.database.transaction() as session:
        conversation = await make_conversation(session)
        for text in ("一", "二"):
            await post(session, conversation.id, {"text": text}, sender="assistant", now=NOW)

    _, health = await ask(services)

    assert health["database"] == {"state": "ready", "undelivered": 2}


async def test_down_when_the_database_cannot_be_read(services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "folder.db"
    folder.mkdir()
    database = Database(f"sqlite+aiosqlite:///{folder}")

    status, health = await ask(replace(services, database=database), "ready")

    await database.close()
    assert (status, health["state"]) == (503, "down")
    assert health["database"] == {"state": "down", "error": "OperationalError"}
    assert str(tmp_path) not in str(health)
