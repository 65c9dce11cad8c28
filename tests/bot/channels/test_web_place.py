"""Addresses that name a place, as the codes on posters do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from actions.base import MAX_PAYLOAD_BYTES
from bot.channels.web_place import coded_place
from tests.web_chat import make_app
from tests.web_client import Client
from tickets.routing import Routing


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(tmp_path), host="127.0.0.1")) as client:
        yield client


async def test_the_page_shows_the_place_and_how_to_tell_it(client: Client) -> None:
    page = await (await client.get("/", params={"town": "longtian", "spot": "菜市场北门"})).text()

    assert "您在：<b>龙田镇菜市场北门</b>" in page
    assert 'data-payload="place:longtian:菜市场北门"' in page


async def test_the_form_without_javascript_has_the_place_filled_in(client: Client) -> None:
    page = await (await client.get("/report", params={"town": "haikou", "spot": "码头"})).text()

    assert 'name="place" value="海口镇码头"' in page


@pytest.mark.parametrize("query", [{"town": "nowhere"}, {"spot": "菜市场"}, {"town": ""}])
async def test_an_unknown_town_is_passed_over(client: Client, query: dict[str, str]) -> None:
    answer = await client.get("/", params=query)

    assert answer.status == 200
    assert 'id="here"' not in await answer.text()


async def test_what_an_address_says_is_never_markup(client: Client) -> None:
    page = await (await client.get("/", params={"town": "haikou", "spot": "<img src=x>"})).text()

    assert "<img src=x>" not in page
    assert "海口镇&lt;img src=x&gt;" in page


def test_every_town_fits_into_a_button_with_the_longest_spot() -> None:
    routing = Routing.load()

    for town in routing.towns():
        place = coded_place(routing, town.code, "很" * 100)
        assert place is not None
        assert len(place.payload.encode()) <= MAX_PAYLOAD_BYTES
