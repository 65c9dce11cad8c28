from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from tests.web_chat import SCRIPT, ScriptedRelay, make_app
from tests.web_client import SAME_ORIGIN, Client, form, picture, visit
from tickets.photos import MAX_PHOTO_BYTES


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(tmp_path), host="127.0.0.1")) as client:
        yield client


@pytest.fixture
def relay(client: Client) -> ScriptedRelay:
    app = client.app
    assert app is not None
    return app[SCRIPT]


async def test_photo_is_stored_shown_to_its_sender_and_to_nobody_else(
    client: Client, relay: ScriptedRelay
) -> None:
    await visit(client)

    sent = await client.post("/chat/photo", data=form(picture()), headers=SAME_ORIGIN)
    answer = await sent.json()
    mine = await client.get(answer["photo"])
    client.session.cookie_jar.clear()
    without_cookie = await client.get(answer["photo"])
    await visit(client)
    theirs = await client.get(answer["photo"])

    assert (sent.status, answer["client_id"]) == (200, "client-id-0001")
    assert relay.received[0].photo == answer["photo"].rpartition("/")[2]
    assert (mine.status, mine.content_type) == (200, "image/jpeg")
    assert mine.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in mine.headers["Cache-Control"]
    assert (without_cookie.status, theirs.status) == (404, 404)


async def test_a_photo_that_left_the_store_is_not_found(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)
    answer = await (await client.post("/chat/photo", data=form(picture()), headers=SAME_ORIGIN)).json()
    relay.services.photos.delete(answer["photo"].rpartition("/")[2])

    assert (await client.get(answer["photo"])).status == 404


async def test_the_same_photo_sent_again_is_one_message(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)

    answers = [
        await (await client.post("/chat/photo", data=form(picture()), headers=SAME_ORIGIN)).json()
        for _ in range(2)
    ]

    assert answers[0] == answers[1]
    assert len(relay.received) == 1


@pytest.mark.parametrize("size", [MAX_PHOTO_BYTES + 1, 50 * 1024 * 1024])
async def test_a_photo_over_the_limit_is_refused_kindly(
    client: Client, relay: ScriptedRelay, size: int
) -> None:
    await visit(client)

    answer = await client.post("/chat/photo", data=form(b"\xff\xd8\xff" + b"x" * size), headers=SAME_ORIGIN)

    assert answer.status == 413
    assert "10兆" in (await answer.json())["text"]
    assert relay.received == []


async def test_what_only_calls_itself_a_photo_is_refused_kindly(client: Client) -> None:
    await visit(client)

    answer = await client.post("/chat/photo", data=form(b"dear bureau,"), headers=SAME_ORIGIN)

    assert answer.status == 415
    assert "不是照片" in (await answer.json())["text"]


async def test_a_damaged_photo_is_refused(client: Client) -> None:
    await visit(client)

    answer = await client.post("/chat/photo", data=form(picture(600, 600)[:900]), headers=SAME_ORIGIN)

    assert answer.status == 415
    assert (await answer.json())["code"] == "photo_damaged"


@pytest.mark.parametrize(
    "body",
    [
        form(None),
        form(picture(), client_id="x"),
        form(picture(), note="长" * 30_000),
        {"client_id": "client-id-0001", "photo": "text"},
        b"",
    ],
    ids=["no photo", "no id", "long field", "not multipart", "nothing"],
)
async def test_what_is_not_our_form_is_refused(client: Client, body: FormData | bytes) -> None:
    await visit(client)

    answer = await client.post("/chat/photo", data=body, headers=SAME_ORIGIN)

    assert answer.status == 400


@pytest.mark.parametrize(
    "body",
    [b"", b"--b", b"--b\r\n\r\n", b'--b\r\nContent-Disposition: form-data; name="photo"\r\n\r\ncut off'],
)
async def test_a_broken_body_is_refused(client: Client, body: bytes) -> None:
    await visit(client)
    headers = {**SAME_ORIGIN, "Content-Type": "multipart/form-data; boundary=b"}

    answer = await client.post("/chat/photo", data=body, headers=headers)

    assert answer.status == 400


async def test_many_parts_are_refused(client: Client) -> None:
    await visit(client)
    many = form(None, **{f"field{number}": "x" for number in range(30)})

    assert (await client.post("/chat/photo", data=many, headers=SAME_ORIGIN)).status == 400


async def test_other_sites_and_strangers_cannot_post(client: Client) -> None:
    stranger = await client.post("/chat/photo", data=form(picture()), headers=SAME_ORIGIN)
    await visit(client)
    other = await client.post("/chat/photo", data=form(picture()), headers={"Origin": "http://evil.example"})

    assert (stranger.status, other.status) == (401, 403)


async def test_many_photos_are_slowed(client: Client) -> None:
    await visit(client)

    for number in range(30):
        body = form(picture(), client_id=f"client-id-{number:04}")
        answer = await client.post("/chat/photo", data=body, headers=SAME_ORIGIN)
        if answer.status != 200:
            break

    told = await answer.json()
    assert (answer.status, told["code"]) == (429, "slow_down")
    assert answer.headers["Retry-After"] == str(told["retry_after_seconds"])


async def test_a_full_disk_is_told_and_the_photo_may_come_again(client: Client, tmp_path: Path) -> None:
    await visit(client)
    (tmp_path / "photos").write_text("in the way")

    answer = await client.post("/chat/photo", data=form(picture()), headers=SAME_ORIGIN)

    assert answer.status == 503
    assert (await answer.json())["code"] == "try_again"
