"""The chat's OpenAPI document: its addresses are in it, and neither answers nor frames differ from it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from aiohttp.test_utils import TestClient, TestServer
from jsonschema import Draft202012Validator

from bot.channels.web import DOCUMENT
from bot.channels.web_session import COOKIE, new_token
from bot.openapi import openapi_document
from tests.bot.channels.test_web import Page, open_page
from tests.openapi import ask_as_declared
from tests.web_chat import make_app
from tests.web_client import SAME_ORIGIN, Client, form, picture, visit

EXAMPLES = 4
PAGES = {
    "/",
    "/embed",
    "/embed.js",
    "/chat/plain",
    "/report",
    "/worker.js",
    "/favicon.ico",
    "/apple-touch-icon.png",
}
DOCUMENTED = openapi_document(DOCUMENT, "http://127.0.0.1")
SCHEMA = schemathesis.openapi.from_dict(DOCUMENTED)
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(tmp_path), host="127.0.0.1")) as client:
        yield client


def check(value: object, schema: str) -> None:
    """Raises: ValidationError."""
    reference = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENTED["components"]}
    Draft202012Validator(reference).validate(value)


async def test_every_address_that_is_no_page_is_in_the_document(client: Client) -> None:
    app = client.app
    assert app is not None
    served = {
        re.sub(r"\{(\w+)[^/]*\}+", r"{\1}", route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None
    }
    shown = {
        path for path in served if path in PAGES or path.startswith("/static/") or path.endswith("offline")
    }
    async with client.get("/chat/openapi.json") as answer:
        document = await answer.json()

    assert served - shown == set(document["paths"])
    assert document["servers"] == [{"url": "http://127.0.0.1:8080"}]


@pytest.mark.parametrize("operation", OPERATIONS, ids=[f"{one.method} {one.path}" for one in OPERATIONS])
async def test_no_answer_is_undeclared(client: Client, operation: Any) -> None:
    def headers(case: Any) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={new_token()}", **SAME_ORIGIN}

    base_url = str(client.make_url("")).rstrip("/")
    cases = operation.as_strategy()
    await ask_as_declared(cases, base_url, headers, examples=EXAMPLES, allow_redirects=False)


async def test_a_stored_photo_is_answered_as_declared(client: Client) -> None:
    await visit(client)
    async with client.post("/chat/photo", data=form(picture()), headers=SAME_ORIGIN) as answer:
        stored = await answer.json()
    declared = DOCUMENTED["paths"]["/chat/photo"]["post"]["responses"]["200"]["content"]["application/json"]

    Draft202012Validator({**declared["schema"], "components": DOCUMENTED["components"]}).validate(stored)


SAID: list[dict[str, Any]] = [
    {"type": "message", "client_id": "client-id-1", "text": "在福清养狗要登记吗"},
    {"type": "button", "client_id": "client-id-2", "payload": "menu:report", "label": "反映问题"},
    {"type": "location", "client_id": "client-id-3", "latitude": 25.72, "longitude": 119.38},
    {"type": "message", "client_id": "client-id-4", "text": "给我日历"},
    {"type": "message", "client_id": "client-id-5", "text": "请评价"},
    {"type": "message", "client_id": "client-id-6", "text": "找工作人员"},
    {"type": "typing"},
    {"type": "seen", "id": 1},
    {"type": "older", "before": 3},
    {"type": "nonsense"},
    {"type": "ping"},
]


async def test_frames_are_as_declared(client: Client) -> None:
    await visit(client)
    page, other = await open_page(client), await open_page(client)
    told = []
    for frame in SAID:
        if frame["type"] != "nonsense":
            check(frame, "ClientFrame")
        await page.socket.send_json(frame)
        told.append(await _answered(page, frame["type"]))
    async with client.post("/chat/photo", data=form(picture()), headers=SAME_ORIGIN):
        told.append([await other.next("message")])
    again = await open_page(client)
    told.append([await again.next("hello"), await again.next("history")])

    frames = [frame for answer in told for frame in answer]
    for frame in frames:
        check(frame, "ServerFrame")
    assert {frame["type"] for frame in frames} >= {"hello", "history", "message", "ack", "error", "pong"}
    kinds = {frame["message"].get("kind") for frame in frames if frame["type"] == "message"}
    assert kinds >= {"card", "file", "location_request", "rating", "text"}


async def _answered(page: Page, kind: str) -> list[dict[str, Any]]:
    """All frames up to the one that answers a frame of that kind."""
    last = {"older": "history", "nonsense": "error", "ping": "pong"}.get(kind, "message")
    frames = []
    if kind in {"typing", "seen"}:
        return []
    while (
        not frames
        or frames[-1]["type"] != last
        or frames[-1].get("message", {}).get("text", "").startswith("好的，请说")
    ):
        frames.append(
            await page.next("hello", "history", "message", "ack", "error", "pong", "seen", "typing")
        )
    return frames
