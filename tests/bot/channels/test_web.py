from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from actions.base import Outgoing
from bot.channels.web_chat import HISTORY_LENGTH, MAX_MISSED, NO_SESSION, TOO_MANY_PAGES
from bot.channels.web_session import COOKIE
from bot.channels.web_sockets import MAX_PAGES_OF_CONVERSATION
from tests.web_chat import SCRIPT, ScriptedRelay, make_app
from tests.web_client import Client, visit
from tickets import conversations
from tickets.models import Conversation


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(tmp_path), host="127.0.0.1")) as client:
        yield client


@pytest.fixture
def relay(client: Client) -> ScriptedRelay:
    app = client.app
    assert app is not None
    return app[SCRIPT]


class Page:
    """A browser page in a test."""

    def __init__(self, client: Client, socket: ClientWebSocketResponse) -> None:
        self.client = client
        self.socket = socket

    async def next(self, *kinds: str) -> dict[str, Any]:
        """The next frame of one of these kinds; others are passed over."""
        async with asyncio.timeout(10):
            while True:
                frame = json.loads(await self.socket.receive_str())
                if frame["type"] in kinds:
                    return frame

    async def say(self, text: str, client_id: str | None = None) -> str:
        client_id = client_id or str(uuid.uuid4())
        await self.socket.send_json({"type": "message", "client_id": client_id, "text": text})
        return client_id


async def open_page(client: Client, after: int = 0, **headers: str) -> Page:
    origin = str(client.make_url("/")).rstrip("/")
    socket = await client.ws_connect(f"/chat/socket?after={after}", headers={"Origin": origin, **headers})
    return Page(client, socket)


async def test_page_sets_a_cookie_that_scripts_and_other_sites_cannot_use(client: Client) -> None:
    answer = await client.get("/")

    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age=15552000" in cookie
    assert "Secure" not in cookie
    page = await answer.text()
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page


async def test_cookie_is_secure_where_the_public_address_is_https(tmp_path: Path) -> None:
    app = make_app(tmp_path, public_url="https://wenfa.example.cn")

    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        answer = await client.get("/")

    assert "Secure" in answer.headers["Set-Cookie"]


async def test_a_second_visit_keeps_the_conversation(client: Client) -> None:
    assert await visit(client) == await visit(client)


async def test_a_made_up_cookie_is_replaced(client: Client) -> None:
    answer = await client.get("/", headers={"Cookie": f"{COOKIE}=../../etc"})

    assert "etc" not in answer.headers["Set-Cookie"]


async def test_message_is_acknowledged_and_answered(client: Client, relay: ScriptedRelay) -> None:
    address = await visit(client)
    page = await open_page(client)

    client_id = await page.say("路边有人倒垃圾")
    ack, reply = await page.next("ack"), await page.next("message")

    assert ack == {"type": "ack", "client_id": client_id, "id": ack["id"]}
    assert reply["message"]["from"] == "assistant"
    assert reply["message"]["buttons"] == [
        {"label": "好", "payload": "yes"},
        {"label": "不好", "payload": "no"},
    ]
    assert reply["message"]["id"] > ack["id"]
    assert (relay.received[0].address, relay.received[0].update_id) == (address, client_id)


async def test_a_resend_is_acknowledged_and_not_doubled(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)
    page = await open_page(client)

    client_id = await page.say("路边有人倒垃圾")
    first = await page.next("ack")
    await page.say("路边有人倒垃圾", client_id)
    second = await page.next("ack")

    assert second == first
    assert len(relay.received) == 1


async def test_conversation_is_there_after_a_reload(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)
    page = await open_page(client)
    client_id = await page.say("在福清养狗要登记吗")
    await page.next("message")
    await page.socket.close()

    history = await (await open_page(client)).next("history")

    assert [message["from"] for message in history["messages"]] == ["citizen", "assistant"]
    assert history["messages"][0]["client_id"] == client_id
    assert history["messages"][1]["card"]["title"] == "在福清养狗要办什么手续"
    assert history["follows"] is False
    assert history["has_older"] is False


async def test_conversation_survives_a_server_restart(tmp_path: Path) -> None:
    async with TestClient(TestServer(make_app(tmp_path), host="127.0.0.1")) as client:
        await visit(client)
        page = await open_page(client)
        await page.say("路边有人倒垃圾")
        await page.next("message")
        [cookie] = client.session.cookie_jar

    async with TestClient(TestServer(make_app(tmp_path), host="127.0.0.1")) as client:
        client.session.cookie_jar.update_cookies({COOKIE: cookie.value}, client.make_url("/"))
        history = await (await open_page(client)).next("history")

    assert [message["text"] for message in history["messages"]] == ["路边有人倒垃圾", "收到：路边有人倒垃圾"]


async def test_reconnect_brings_only_what_was_missed(client: Client, relay: ScriptedRelay) -> None:
    address = await visit(client)
    page = await open_page(client)
    await page.say("沉默")
    ack = await page.next("ack")
    await page.socket.close()
    missed = await relay.say(address, 1, "officer", Outgoing("已经去现场看过了。"))

    history = await (await open_page(client, after=ack["id"])).next("history")

    assert [message["id"] for message in history["messages"]] == [missed]
    assert history["follows"] is True


async def fill(relay: ScriptedRelay, address: str, count: int) -> list[int]:
    async with relay.services.database.transaction() as session:
        conversation = await conversations.open_conversation(session, "web", address, datetime.now(UTC))
        messages = [
            await conversations.post(
                session, conversation.id, {"text": str(number)}, sender="assistant", now=datetime.now(UTC)
            )
            for number in range(count)
        ]
        return [message.id for message in messages]


async def test_a_long_conversation_comes_in_pieces(client: Client, relay: ScriptedRelay) -> None:
    ids = await fill(relay, await visit(client), HISTORY_LENGTH + 20)
    page = await open_page(client)

    newest = await page.next("history")
    await page.socket.send_json({"type": "older", "before": newest["messages"][0]["id"]})
    older = await page.next("history")

    assert [message["id"] for message in newest["messages"]] == ids[20:]
    assert newest["has_older"] is True
    assert [message["id"] for message in older["messages"]] == ids[:20]
    assert older["before"] == ids[20]
    assert older["has_older"] is False


async def test_who_missed_very_much_gets_the_newest_instead_of_the_gap(
    client: Client, relay: ScriptedRelay
) -> None:
    ids = await fill(relay, await visit(client), MAX_MISSED + 10)

    history = await (await open_page(client, after=ids[0])).next("history")

    assert [message["id"] for message in history["messages"]] == ids[-HISTORY_LENGTH:]
    assert history["follows"] is False


async def test_officers_word_reaches_all_open_pages(client: Client, relay: ScriptedRelay) -> None:
    address = await visit(client)
    pages = [await open_page(client), await open_page(client)]
    await pages[0].say("沉默")
    await pages[1].next("message")

    await relay.say(address, 1, "officer", Outgoing("您好"))

    for page in pages:
        assert (await page.next("message"))["message"]["from"] == "officer"


async def test_what_one_page_sends_shows_on_the_other(client: Client) -> None:
    await visit(client)
    here, there = await open_page(client), await open_page(client)

    client_id = await here.say("沉默")
    frame = await there.next("message")

    assert frame["message"] == {**frame["message"], "client_id": client_id, "from": "citizen", "text": "沉默"}


async def test_send_without_an_open_page_is_not_a_failure(client: Client, relay: ScriptedRelay) -> None:
    await relay.channel.send("nobody", 1, "assistant", Outgoing("您好"))
    await relay.channel.typing("nobody")


async def test_typing_is_shown(client: Client, relay: ScriptedRelay) -> None:
    address = await visit(client)
    page = await open_page(client)
    await page.next("history")

    await relay.channel.typing(address)

    assert await page.next("typing") == {"type": "typing", "by": "assistant"}


async def test_others_cannot_read_the_conversation(client: Client) -> None:
    await visit(client)
    page = await open_page(client)
    await page.say("沉默")
    await page.next("ack")
    client.session.cookie_jar.clear()
    await visit(client)

    history = await (await open_page(client)).next("history")

    assert history["messages"] == []


async def test_button_and_location_reach_the_relay(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)
    page = await open_page(client)

    await page.socket.send_json(
        {"type": "button", "client_id": "button-0001", "payload": "menu:report", "label": "我要反映问题"}
    )
    await page.next("ack")
    await page.socket.send_json(
        {"type": "location", "client_id": "place-0001", "latitude": 25.72, "longitude": 119.38}
    )
    await page.next("ack")
    history = await (await open_page(client)).next("history")

    sent = [message for message in history["messages"] if message["from"] == "citizen"]
    assert (sent[0]["text"], sent[0]["payload"]) == ("我要反映问题", "menu:report")
    place = {"latitude": 25.72, "longitude": 119.38, "datum": "WGS-84", "name": ""}
    assert sent[1]["location"] == place
    assert relay.received[0].label == "我要反映问题"


@pytest.mark.parametrize("raw", ["{", "[1,2]", '{"type":"format_disk"}', '{"type":"message","text":7}'])
async def test_bad_frames_get_an_error_and_the_connection_stays(client: Client, raw: str) -> None:
    await visit(client)
    page = await open_page(client)

    await page.socket.send_str(raw)
    error = await page.next("error")
    await page.socket.send_json({"type": "ping"})

    assert error["code"] == "bad_frame"
    assert "retry_after_seconds" not in error
    assert await page.next("pong")


async def test_binary_frames_get_an_error_and_the_connection_stays(client: Client) -> None:
    await visit(client)
    page = await open_page(client)

    await page.socket.send_bytes(b"\x00\x01")

    assert (await page.next("error"))["code"] == "bad_frame"
    await page.say("沉默")
    assert await page.next("ack")


async def test_a_text_of_ten_thousand_characters_is_passed_on(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)
    page = await open_page(client)

    await page.say("长" * 10_000)
    await page.next("ack")
    too_long = await page.say("长" * 10_001)
    error = await page.next("error")

    assert len(relay.received[0].text) == 10_000
    assert (error["code"], error["client_id"]) == ("too_long", too_long)


async def test_a_giant_frame_closes_the_connection(client: Client) -> None:
    await visit(client)
    page = await open_page(client)
    await page.next("history")

    await page.socket.send_str("x" * 300_000)
    closed = await page.socket.receive(timeout=10)

    assert closed.type == WSMsgType.CLOSE
    assert closed.data == 1009


async def test_a_flood_is_slowed_and_told_when_to_send_again(client: Client, relay: ScriptedRelay) -> None:
    relay.answer = lambda message: []
    await visit(client)
    page = await open_page(client)

    said, error = 0, None
    # On a slow machine the bucket refills meanwhile.
    while said < 60 and (error is None or error["type"] != "error"):
        last = await page.say("沉默")
        said += 1
        error = await page.next("ack", "error")

    assert error is not None
    assert (error["code"], error["client_id"]) == ("slow_down", last)
    assert error["retry_after_seconds"] in {1, 2}
    assert f"{error['retry_after_seconds']}秒" in error["text"]
    assert len(relay.received) == said - 1 >= 12


async def test_a_message_that_was_not_stored_is_to_be_sent_again(
    client: Client, relay: ScriptedRelay
) -> None:
    await visit(client)
    page = await open_page(client)
    relay.failure = OSError("disk full")

    client_id = await page.say("路边有人倒垃圾")
    error = await page.next("error")
    relay.failure = None
    await page.say("路边有人倒垃圾", client_id)
    ack = await page.next("ack")

    assert error == {**error, "code": "try_again", "client_id": client_id, "retry_after_seconds": 5}
    assert ack["client_id"] == client_id


async def test_seen_is_kept_never_goes_back_and_tells_the_other_pages(
    client: Client, relay: ScriptedRelay
) -> None:
    ids = await fill(relay, await visit(client), 3)
    here, there = await open_page(client), await open_page(client)

    await here.socket.send_json({"type": "seen", "id": ids[1]})
    assert await there.next("seen") == {"type": "seen", "id": ids[1]}
    await here.socket.send_json({"type": "seen", "id": ids[0]})
    await there.socket.send_json({"type": "seen", "id": ids[2] + 1000})
    await here.next("seen")

    async with relay.services.database.reading() as session:
        assert await session.scalar(select(Conversation.seen_message_id)) == ids[2]


async def test_seen_of_a_conversation_that_has_not_begun_is_ignored(client: Client) -> None:
    await visit(client)
    page = await open_page(client)

    await page.socket.send_json({"type": "seen", "id": 5})
    await page.socket.send_json({"type": "older", "before": 5})

    assert (await page.next("history"))["messages"] == []
    assert (await page.next("history"))["messages"] == []


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
async def test_other_sites_cannot_open_the_socket(client: Client, origin: str | None) -> None:
    await visit(client)

    with pytest.raises(WSServerHandshakeError) as caught:
        await client.ws_connect("/chat/socket", headers={"Origin": origin} if origin else {})

    assert caught.value.status == 403


async def test_without_a_cookie_the_socket_says_so(client: Client) -> None:
    page = await open_page(client)

    closed = await page.socket.receive(timeout=10)

    assert (closed.type, closed.data) == (WSMsgType.CLOSE, NO_SESSION)


async def test_a_conversation_can_be_open_on_a_bounded_number_of_pages(client: Client) -> None:
    await visit(client)
    pages = [await open_page(client) for _ in range(MAX_PAGES_OF_CONVERSATION)]
    for page in pages:
        await page.next("history")

    closed = await (await open_page(client)).socket.receive(timeout=10)

    assert closed.data == TOO_MANY_PAGES


async def test_leaving_starts_a_new_conversation_on_this_device(client: Client) -> None:
    before = await visit(client)

    answer = await client.post(
        "/chat/leave?to=plain", headers={"Sec-Fetch-Site": "same-origin"}, allow_redirects=False
    )
    after = await visit(client)

    assert (answer.status, answer.headers["Location"]) == (303, "/chat/plain")
    assert after != before


async def test_other_sites_cannot_make_a_browser_leave(client: Client) -> None:
    answer = await client.post("/chat/leave", headers={"Origin": "http://evil.example"})

    assert answer.status == 403


async def test_files_of_the_page_are_cached_by_version(client: Client) -> None:
    page = await (await client.get("/")).text()
    [script] = [line.split('src="')[1].split('"')[0] for line in page.splitlines() if "chat.js" in line]
    version = script.split("/")[3]

    current, old = await client.get(script), await client.get(script.replace(version, "0" * 12))
    missing = await client.get(f"/static/chat/{version}/../web.py")

    assert "immutable" in current.headers["Cache-Control"]
    assert current.headers["Content-Encoding"] == "gzip"
    assert "immutable" not in old.headers["Cache-Control"]
    assert missing.status == 404


async def test_manifest_and_icons_are_there(client: Client) -> None:
    manifest = await (await client.get("/manifest.webmanifest")).json()
    icons = [await client.get(icon["src"]) for icon in manifest["icons"]]
    asked_for = [await client.get("/favicon.ico"), await client.get("/apple-touch-icon.png")]

    assert manifest["start_url"] == "/"
    assert [answer.status for answer in [*icons, *asked_for]] == [200] * 6
    assert asked_for[0].content_type == "image/png"
