"""The OpenAPI document: every route is in it, and schemathesis finds no answer that it doesn't declare."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from aiohttp import web

from bot.open311.routes import DOCUMENT as FILE
from bot.open311.routes import ROOT, ROUTES
from bot.openapi import openapi_document
from tests.bot.open311.conftest import Client, Interface
from tests.openapi import ask_as_declared
from tickets.api_keys import create_key

EXAMPLES = 6
DOCUMENT = openapi_document(FILE, "http://127.0.0.1")
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]
VALID, WRONG = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
ASKED = [(operation, VALID) for operation in OPERATIONS] + [
    # Without parameters nothing can be wrong.
    (operation, WRONG)
    for operation in OPERATIONS
    if list(operation.iter_parameters())
]


def _paths(canonical: str) -> str:
    return re.sub(r"\{(\w+)[^{}]*\}", r"{\1}", canonical)


def test_every_route_is_in_the_document() -> None:
    served = {
        (route.method.lower(), ROOT + _paths(web.Application().router.add_resource(route.path).canonical))
        for route in ROUTES
    }
    documented = {
        (method, path)
        for path, methods in DOCUMENT["paths"].items()
        for method in methods
        if path != "/healthz"
    }

    assert served == {found for found in documented if found[1].startswith(ROOT)}


async def test_the_document_is_served(client: Client) -> None:
    async with client.get(f"{ROOT}/openapi.json") as answer:
        document = await answer.json()

    assert document["openapi"].startswith("3.0")
    assert document["servers"] == [{"url": "http://127.0.0.1:0"}]


@pytest.mark.parametrize(
    ("operation", "mode"), ASKED, ids=[f"{mode.value} {one.method} {one.path}" for one, mode in ASKED]
)
async def test_no_answer_is_undeclared(interface: Interface, operation: Any, mode: Any) -> None:
    await interface.file()
    base_url = str(interface.client.make_url("")).rstrip("/")
    # Each example comes from another network, or the limits would answer instead of the handlers.
    networks = (f"10.{n >> 8}.{n & 255}.1" for n in itertools.count())
    async with interface.services.database.transaction() as session:
        key = (await create_key(session, "schemathesis", 10_000, datetime.now(UTC))).key

    def headers(case: Any) -> dict[str, str]:
        if isinstance(case.body, dict) and isinstance(case.body.get("api_key"), str):
            case.body["api_key"] = key
        return {"X-Forwarded-For": next(networks)}

    cases = operation.as_strategy(generation_mode=mode)
    await ask_as_declared(cases, base_url, headers, examples=EXAMPLES)
