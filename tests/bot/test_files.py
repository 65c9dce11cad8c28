"""From an action's file to the citizen: stored with the turn, linked where a channel can't send it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer

import bot.turns
from actions.base import File, Outgoing, Reply
from bot.files import LINK_HOURS, read_attached, text_with_link
from bot.services import Services
from tests.talk import Talk
from tests.web_chat import FILE, SCRIPT, make_app
from tests.web_client import SAME_ORIGIN, Client, form, visit


@pytest.fixture
async def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("bot.channels.web_plain.QUIET_SECONDS", 0.05)
    async with TestClient(TestServer(make_app(tmp_path), host="127.0.0.1")) as client:
        yield client


async def page_with_file(client: Client) -> str:
    await visit(client)
    answer = await client.post("/chat/plain", data=form(None, text="给我日历"), headers=SAME_ORIGIN)
    return await answer.text()


async def test_an_action_hands_out_a_file(talk_without_nlu: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = File("清单.docx", "application/x", b"words")

    async def respond(turn: object) -> list[Reply]:
        return [Reply("no_words", kind="file", file=file)]

    monkeypatch.setattr(bot.turns, "respond", respond)
    [reply] = await talk_without_nlu.say("清单")
    services = talk_without_nlu.services

    assert (reply["kind"], reply["file"]["name"], reply["file"]["size"]) == ("file", "清单.docx", 5)
    content = Outgoing.from_json(reply)
    mine = await read_attached(services, "test", "citizen", content)
    assert mine is not None
    assert mine.content == b"words"
    assert await read_attached(services, "test", "somebody", content) is None


async def test_the_browser_that_asked_gets_the_file_and_no_other(client: Client) -> None:
    page = await page_with_file(client)
    assert "缴纳罚款的最后一天" in page
    [url] = re.findall(r'class="file" href="([^"]+)" download="办理期限.ics"', page)

    answer = await client.get(url)
    assert await answer.read() == FILE.content
    assert answer.headers["Content-Type"] == "text/calendar"
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{quote('办理期限.ics')}"
    assert answer.headers["Cache-Control"] == "private, no-store"
    client.session.cookie_jar.clear()
    assert (await client.get(url)).status == 404
    await visit(client)
    assert (await client.get(url)).status == 404


async def link_of(client: Client, now: datetime | None = None) -> str:
    await page_with_file(client)
    assert client.app is not None
    script = client.app[SCRIPT]
    address = script.received[-1].address
    content = script.answer(script.received[-1])[0][1]
    text = await text_with_link(script.services, "http://x", "web", address, content, now=now)
    words, _, link = text.rpartition("\n")
    assert f"{LINK_HOURS}小时" in words
    return link.removeprefix("http://x")


async def test_a_link_is_good_without_a_cookie_for_a_limited_time(client: Client) -> None:
    link = await link_of(client)
    old = await link_of(client, datetime.now(UTC) - timedelta(hours=LINK_HOURS, seconds=1))
    client.session.cookie_jar.clear()

    assert await (await client.get(link)).read() == FILE.content
    expired = await client.get(old, headers={"Accept": "text/html"})
    assert expired.status == 404
    assert "过期" in await expired.text()


async def test_a_link_that_was_changed_opens_nothing(client: Client) -> None:
    link = await link_of(client)

    changed = link[:-3] + ("AAA" if link[-3:] != "AAA" else "BBB")
    assert (await client.get(changed)).status == 404
    assert (await client.get("/file/" + "A" * 40)).status == 404
    assert (await client.get("/file/short")).status == 404


async def test_a_message_without_a_file_stays_its_text(services: Services) -> None:
    assert await text_with_link(services, "http://x", "web", "a", Outgoing("您好")) == "您好"
