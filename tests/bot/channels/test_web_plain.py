from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.channels import web_plain
from bot.channels.web_pages import spoken_moment
from tests.web_chat import SCRIPT, ScriptedRelay, make_app
from tests.web_client import SAME_ORIGIN, Client, form, picture, visit


@pytest.fixture
async def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    monkeypatch.setattr(web_plain, "QUIET_SECONDS", 0.05)
    async with TestClient(TestServer(make_app(tmp_path), host="127.0.0.1")) as client:
        yield client


@pytest.fixture
def relay(client: Client) -> ScriptedRelay:
    app = client.app
    assert app is not None
    return app[SCRIPT]


async def post(client: Client, path: str = "/chat/plain", photo: bytes | None = None, **fields: str) -> str:
    """Post the form as a browser does and return the page that comes back."""
    answer = await client.post(path, data=form(photo, **fields), headers=SAME_ORIGIN)
    assert answer.status == 200
    return await answer.text()


async def test_the_page_brings_the_answer_back(client: Client) -> None:
    await visit(client)

    page = await post(client, text="在福清养狗要登记吗")

    assert page.index("在福清养狗要登记吗") < page.index("凭医院给的免疫证明去登记")
    assert "《动物防疫法》第三十条" in page
    assert 'name="payload" value="feedback:yes"' in page
    assert "<script" not in page


async def test_the_page_opens_a_conversation_by_itself(client: Client) -> None:
    first = await client.get("/chat/plain")
    page = await post(client, text="路边有人倒垃圾")

    assert "wenfa_chat=" in first.headers["Set-Cookie"]
    assert "收到：路边有人倒垃圾" in page


async def test_each_form_has_an_id_of_its_own(client: Client) -> None:
    page = await (await client.get("/chat/plain")).text()

    ids = re.findall(r'name="client_id" value="([^"]+)"', page)

    assert len(ids) == len(set(ids)) == 5


async def test_sending_the_same_form_twice_sends_one_message(
    client: Client, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    await visit(client)
    relay.answer = lambda message: []
    monkeypatch.setattr(web_plain, "REPLY_SECONDS", 0.05)

    for _ in range(2):
        await post(client, text="路边有人倒垃圾", client_id="the-same-id-1")

    assert len(relay.received) == 1


async def test_a_button_is_a_form(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)

    page = await post(client, payload="menu:report", label="我要反映问题")

    assert relay.received[0].payload == "menu:report"
    assert "好的，请说说发生了什么事。" in page


async def test_photo_with_and_without_words(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)

    await post(client, photo=picture(), text="看这里", client_id="client-id-0001")
    page = await post(client, photo=picture(), client_id="client-id-0002")

    assert [bool(message.photo) for message in relay.received] == [False, True, True]
    assert page.count('<img class="photo" src="/chat/photo/') == 2


async def test_markup_from_people_stays_text(client: Client) -> None:
    await visit(client)

    page = await post(client, text='<img src=x onerror="alert(1)">')

    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


@pytest.mark.parametrize(
    ("fields", "photo", "status", "words"),
    [
        ({"text": "  "}, None, 400, "还没有写内容"),
        ({"text": "长" * 10_001}, None, 400, "一万字"),
        ({"text": "保留这句话"}, b"not a photo", 415, "不是照片"),
        ({"text": "保留这句话"}, b"\xff\xd8\xff" + b"x" * 10 * 1024 * 1024, 413, "10兆"),
        ({"text": "保留这句话", "client_id": "?"}, None, 400, "没有看懂"),
        ({"payload": "p" * 65}, None, 400, "没有看懂"),
    ],
    ids=["empty", "too long", "no photo", "too large", "bad id", "bad payload"],
)
async def test_a_refused_form_comes_back_with_what_was_written(
    client: Client,
    relay: ScriptedRelay,
    fields: dict[str, str],
    photo: bytes | None,
    status: int,
    words: str,
) -> None:
    await visit(client)

    answer = await client.post("/chat/plain", data=form(photo, **fields), headers=SAME_ORIGIN)
    page = await answer.text()

    assert answer.status == status
    assert words in page
    assert fields.get("text", "") in page
    assert relay.received == []


async def test_a_flood_gets_its_text_back(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)
    for number in range(30):
        body = form(None, text="再来一条", client_id=f"client-id-{number:04}")
        answer = await client.post("/chat/plain", data=body, headers=SAME_ORIGIN)
        if answer.status != 200:
            break

    assert answer.status == 429
    assert ">再来一条</textarea>" in await answer.text()
    assert len(relay.received) == number


async def test_what_could_not_be_stored_comes_back(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)
    relay.failure = OSError("disk full")

    answer = await client.post("/chat/plain", data=form(None, text="路边有人"), headers=SAME_ORIGIN)

    assert answer.status == 503
    assert ">路边有人</textarea>" in await answer.text()


async def test_other_sites_cannot_post(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)

    answers = [
        await client.post(
            path, data=form(None, text="x", what="x"), headers={"Origin": "http://evil.example"}
        )
        for path in ("/chat/plain", "/report")
    ]

    assert [answer.status for answer in answers] == [403, 403]
    assert relay.received == []


async def test_a_browser_without_cookies_gets_its_text_back(client: Client) -> None:
    answer = await client.post("/chat/plain", data=form(None, text="路边有人"), headers=SAME_ORIGIN)

    assert answer.status == 401
    assert ">路边有人</textarea>" in await answer.text()


async def test_a_body_that_is_no_form_is_refused(client: Client) -> None:
    await visit(client)

    answer = await client.post("/chat/plain", data={"text": "hi"}, headers=SAME_ORIGIN)

    assert answer.status == 400


async def test_report_form_becomes_one_message_and_a_photo(client: Client, relay: ScriptedRelay) -> None:
    await visit(client)

    page = await post(
        client,
        "/report",
        picture(),
        what="有人倒装修垃圾",
        place="音西街道某某路口",
        happened="",
        contact=" ",
    )

    assert [message.text for message in relay.received] == [
        "我要反映：有人倒装修垃圾\n地点：音西街道某某路口",
        "",
    ]
    assert relay.received[1].photo
    assert "音西街道某某路口" in page


async def test_report_form_needs_to_know_what_happened_and_keeps_the_rest(client: Client) -> None:
    await visit(client)

    answer = await client.post("/report", data=form(None, place="音西街道"), headers=SAME_ORIGIN)
    page = await answer.text()

    assert answer.status == 400
    assert "发生了什么事" in page
    assert 'value="音西街道"' in page


async def test_report_form_refuses_a_novel(client: Client) -> None:
    await visit(client)

    answer = await client.post("/report", data=form(None, what="长" * 10_001), headers=SAME_ORIGIN)

    assert answer.status == 400


async def test_report_form_is_empty_at_first(client: Client) -> None:
    page = await (await client.get("/report")).text()

    assert 'name="what"' in page
    assert 'role="alert"' not in page


@pytest.mark.parametrize(
    ("at", "spoken"),
    [
        (datetime(2026, 11, 23, 6, 5, tzinfo=UTC), "今天 14:05"),
        (datetime(2026, 11, 22, 15, 59, tzinfo=UTC), "昨天 23:59"),
        (datetime(2026, 11, 22, 16, 0, tzinfo=UTC), "今天 00:00"),
        ("2026-10-01T01:00:00+00:00", "10月1日 09:00"),
    ],
)
def test_spoken_moment_is_in_chinese_time(at: datetime | str, spoken: str) -> None:
    assert spoken_moment(at, datetime(2026, 11, 23, 12, 0, tzinfo=UTC)) == spoken
