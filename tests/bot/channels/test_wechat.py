"""A WeChat official account from both sides over real HTTP: pushes signed by `wechatpy`, answers to a server
of the tests' own.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select
from wechatpy.crypto import WeChatCrypto

from actions.base import Outgoing
from bot.app import running_task
from bot.channels.base import DeliveryFailed, RecipientGone, WaitsForCitizen
from bot.channels.flood import FloodGate
from bot.channels.wechat.channel import Template, WeChatChannel
from bot.channels.wechat.client import WeChatClient
from bot.channels.wechat.crypto import Envelope
from bot.channels.wechat.door import WINDOW_SECONDS, WeChatDoor
from bot.channels.wechat.messages import incoming, parse, text_answer
from bot.channels.wechat.view import template_data
from bot.nlu_server import free_port
from bot.notify import OutboxWorker
from bot.relay import Relay
from bot.services import Services
from bot.shared_cache import DatabaseCache
from bot.texts import render_notice
from bot.texts.zh import LABELS, TEXTS
from bot.understanding import UnderstandingClient
from tests.enclosing import reply_with_files
from tests.fake_wechat import ACCOUNT, AES_KEY, APP_ID, APP_SECRET, OPEN_ID, TOKEN, WeChat, WeChatApi, xml
from tests.pictures import jpeg
from tests.web_chat import CARD
from tickets import models
from tickets.conversations import post
from tickets.files import keep_file

CUSTOM = "/cgi-bin/message/custom/send"
TEMPLATE_FIELDS = {"ticket_no": "character_string1", "status": "phrase2", "text": "thing3", "time": "time4"}
MATTER = "小区后门有人倒装修垃圾"
NEWS = Outgoing.from_json(
    render_notice(
        "notice_status_accepted", {"ticket_no": "FQ20261123-0007", "note": "", "department": "大队"}
    )
)


@dataclass
class Line:
    """A running account."""

    api: WeChatApi
    wechat: WeChat
    channel: WeChatChannel
    relay: Relay
    services: Services

    async def count(self, table: type, *conditions: Any) -> int:
        async with self.services.database.reading() as session:
            wanted = select(func.count()).select_from(table).where(*conditions)
            return await session.scalar(wanted) or 0

    async def settled(self) -> None:
        """Wait until everything is answered and delivered, or waits for something."""
        await self.relay.idle()
        async with asyncio.timeout(15):
            while await self.count(
                models.OutboxItem,
                models.OutboxItem.delivered_at.is_(None),
                models.OutboxItem.failed_at.is_(None),
                models.OutboxItem.error == "",
            ):
                await asyncio.sleep(0.02)

    async def say(self, kind: str, **fields: object) -> str:
        """Push a message and return the passive reply, "" if there was none."""
        answer = await self.wechat.push(xml(kind, **fields))
        assert answer.status == 200
        words = "" if await answer.text() == "success" else (await self.wechat.reply(answer))["Content"]
        await self.settled()
        return words

    async def tap(self, label: str) -> str:
        """Tap a choice of the last menu."""
        choices = [
            choice
            for body in self.api.sent()
            if body["msgtype"] == "msgmenu"
            for choice in body["msgmenu"]["list"]
        ]
        chosen = next(choice for choice in reversed(choices) if choice["content"] == label)
        return await self.say("text", Content=label, bizmsgmenuid=chosen["id"])

    async def draft(self) -> dict[str, Any]:
        async with self.services.database.reading() as session:
            conversation = (await session.scalars(select(models.Conversation))).one()
            return conversation.state["flow"]["draft"]


@contextlib.asynccontextmanager
async def running(
    services: Services,
    http: aiohttp.ClientSession,
    *,
    encrypted: bool = False,
    budget: float = 3.0,
    gate: FloodGate | None = None,
) -> AsyncIterator[Line]:
    api = WeChatApi()
    server = await api.start()
    channels: dict[str, WeChatChannel] = {}
    outbox = OutboxWorker(services.database, channels)
    nlu = UnderstandingClient(f"http://127.0.0.1:{free_port()}", session=http)
    relay = Relay(services, nlu, on_replies=outbox.wake)
    cache = DatabaseCache(services.database)
    client = WeChatClient(
        APP_ID,
        APP_SECRET,
        http=http,
        cache=cache,
        vault=services.vault,
        api_url=str(server.make_url("")),
        timeout_seconds=1,
    )
    template = Template("tpl", "template", TEMPLATE_FIELDS)
    channel = WeChatChannel(client, relay, services, base_url="https://wenfa.example", template=template)
    channels["wechat"] = channel
    door = WeChatDoor(
        TOKEN,
        Envelope(AES_KEY, APP_ID) if encrypted else None,
        relay=relay,
        slots=channel.slots,
        database=services.database,
        cache=cache,
        budget_seconds=budget,
        gate=gate,
    )
    app = web.Application()
    app.router.add_get("/wechat", door.check)
    app.router.add_post("/wechat", door.receive)
    crypto = WeChatCrypto(TOKEN, AES_KEY, APP_ID) if encrypted else None
    async with TestClient(TestServer(app)) as caller, running_task(outbox.run):
        yield Line(api, WeChat(caller, crypto), channel, relay, services)
        await relay.idle()
    await server.close()


@pytest.fixture
async def line(services: Services, http: aiohttp.ClientSession) -> AsyncIterator[Line]:
    async with running(services, http) as line:
        yield line


@pytest.fixture
async def sealed_line(services: Services, http: aiohttp.ClientSession) -> AsyncIterator[Line]:
    async with running(services, http, encrypted=True) as line:
        yield line


# --- who calls


async def test_the_platform_finds_that_the_address_is_ours(line: Line) -> None:
    good = await line.wechat.check(echostr="7302")
    bad = await line.wechat.check(echostr="7302", signature="0" * 40)

    assert (good.status, await good.text()) == (200, "7302")
    assert (bad.status, "7302" in await bad.text()) == (403, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"signature": "0" * 40},
        {"signature": ""},
        {"timestamp": "1"},
        {"later": -WINDOW_SECONDS - 60},
        {"later": WINDOW_SECONDS + 60},
    ],
    ids=["wrong signature", "no signature", "another timestamp", "stale", "from the future"],
)
async def test_a_push_that_is_not_wechats_or_not_new_is_refused(line: Line, wrong: dict[str, Any]) -> None:
    wrong = dict(wrong)
    at = time.time() + wrong.pop("later", 0)

    answer = await line.wechat.push(xml("text", Content="您好"), at=at, **wrong)

    assert answer.status == 403
    assert await line.count(models.Message) == 0


async def test_a_signature_vouches_for_one_body_only(line: Line) -> None:
    now = time.time()
    first = await line.wechat.push(xml("text", Content="/help"), at=now, nonce="n")
    replayed = await line.wechat.push(xml("text", Content="/report"), at=now, nonce="n")

    assert (first.status, replayed.status) == (200, 403)
    assert await line.count(models.Message, models.Message.sender == "citizen") == 1


BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<xml><FromUserName>oFollower_1</FromUserName><MsgType>text</MsgType><Content>&b;</Content></xml>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>
<xml><FromUserName>oFollower_1</FromUserName><MsgType>text</MsgType><Content>&f;</Content></xml>"""


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        OUTSIDE,
        "<xml>",
        "",
        "<html/>",
        "<xml><MsgType>text</MsgType></xml>",
        "<xml><FromUserName>../../etc</FromUserName><MsgType>text</MsgType></xml>",
        "<xml>" * 5_000,
        xml("location", Location_X="NaN", Location_Y="1"),
        xml("location", Location_X="north", Location_Y="1"),
    ],
    ids=["bomb", "external", "broken", "empty", "page", "nobody", "strange id", "deep", "NaN", "no number"],
)
async def test_xml_that_wechat_does_not_write_is_refused(line: Line, body: str) -> None:
    answer = await line.wechat.push(body)

    assert answer.status == 403
    assert await line.count(models.Message) == 0


@pytest.mark.parametrize("body", [BOMB, OUTSIDE], ids=["bomb", "external"])
async def test_entities_are_refused_inside_an_envelope_too(sealed_line: Line, body: str) -> None:
    answer = await sealed_line.wechat.push(body)

    assert answer.status == 403
    assert await sealed_line.count(models.Message) == 0


async def test_a_huge_push_is_refused(line: Line) -> None:
    assert (await line.wechat.push(xml("text", Content="很" * 30_000))).status == 413


async def test_in_aes_mode_everything_is_sealed_both_ways(sealed_line: Line) -> None:
    answer = await sealed_line.wechat.push(xml("text", Content="/consult"))
    raw = await answer.text()
    reply = await sealed_line.wechat.reply(answer)

    assert TEXTS["consult_ask"] not in raw
    assert reply["Content"] == TEXTS["consult_ask"]
    assert (reply["ToUserName"], reply["FromUserName"], reply["MsgType"]) == (OPEN_ID, ACCOUNT, "text")
    assert await sealed_line.count(models.Message, models.Message.sender == "citizen") == 1


async def test_in_aes_mode_plain_and_forged_pushes_are_refused(sealed_line: Line) -> None:
    plain = await sealed_line.wechat.push(xml("text", Content="/help").encode())
    forged = await sealed_line.wechat.push(xml("text", Content="/help"), msg_signature="0" * 40)
    sealed_line.wechat.crypto = WeChatCrypto(TOKEN, AES_KEY, "wx_of_somebody_else")
    anothers = await sealed_line.wechat.push(xml("text", Content="/help"))

    assert [answer.status for answer in (plain, forged, anothers)] == [403, 403, 403]
    assert await sealed_line.count(models.Message) == 0


# --- answers


async def test_a_first_message_is_answered_by_a_tappable_menu(line: Line) -> None:
    passive = await line.say("event", Event="subscribe", EventKey="")

    [menu] = line.api.sent()
    assert passive == ""
    assert menu["touser"] == OPEN_ID
    assert menu["msgmenu"]["head_content"] == TEXTS["welcome"]
    assert [choice["content"] for choice in menu["msgmenu"]["list"]] == [
        LABELS[f"button_{name}"] for name in ("consult", "report", "status", "human")
    ]


async def test_words_alone_are_the_reply_itself(line: Line) -> None:
    await line.say("event", Event="CLICK", EventKey="menu:consult")
    before = len(line.api.sent())

    passive = await line.say("event", Event="CLICK", EventKey="menu:consult", CreateTime=1)

    assert passive == TEXTS["consult_ask"]
    assert len(line.api.sent()) == before == 0


async def test_three_deliveries_of_one_push_are_worked_on_once(line: Line) -> None:
    body = xml("text", Content="/consult")

    answers = await asyncio.gather(*(line.wechat.push(body, nonce=f"r{number}") for number in range(3)))
    texts = [await answer.text() for answer in answers]
    await line.settled()

    assert sorted(text == "success" for text in texts) == [False, True, True]
    assert await line.count(models.Message) == 2
    assert line.api.sent() == []


async def test_an_event_that_comes_again_is_one_event(line: Line) -> None:
    body = xml("event", Event="CLICK", EventKey="menu:consult")

    await line.wechat.push(body)
    await line.wechat.push(body)

    assert await line.count(models.Message, models.Message.sender == "citizen") == 1


async def test_what_takes_longer_than_wechat_waits_is_sent_after(
    services: Services, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(services, http, budget=0.2) as line:
        take_turn = line.relay.turns.take

        async def slowly(burst: Any) -> None:
            await asyncio.sleep(0.6)
            await take_turn(burst)

        monkeypatch.setattr(line.relay.turns, "take", slowly)
        started = time.monotonic()
        answer = await line.wechat.push(xml("text", Content="/consult"))
        took = time.monotonic() - started
        await line.settled()

        assert await answer.text() == "success"
        assert took < 0.6
        assert line.api.said() == [TEXTS["consult_ask"]]


async def test_what_could_not_be_stored_is_asked_for_again(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive, body, now = line.relay.receive, xml("text", Content="/consult"), time.time()

    async def fails(message: Any) -> Any:
        raise OSError("disk full")

    monkeypatch.setattr(line.relay, "receive", fails)
    first = await line.wechat.push(body, at=now, nonce="n")
    monkeypatch.setattr(line.relay, "receive", receive)
    again = await line.wechat.push(body, at=now, nonce="n")

    assert (first.status, again.status) == (500, 200)
    assert await line.count(models.Message, models.Message.sender == "citizen") == 1


# --- what people send


async def test_a_whole_report_with_photo_and_place(line: Line) -> None:
    line.api.media |= {"m1": jpeg(), "v1": b"#!AMR\n" + bytes(99)}
    await line.say("event", Event="CLICK", EventKey="menu:report")
    await line.say("text", Content=MATTER)
    await line.tap("乱倒垃圾或建筑垃圾")
    await line.say(
        "location", Location_X="25.723", Location_Y="119.385", Scale="15", Label="福建省福清市玉屏街道一拂路"
    )
    await line.say("image", PicUrl="http://mmbiz.example/x", MediaId="m1")
    await line.say("voice", MediaId="v1", Format="amr")
    draft = await line.draft()
    await line.tap("匿名")
    await line.say("text", Content="1")

    async with line.services.database.reading() as session:
        ticket = (await session.scalars(select(models.Ticket))).one()
    assert (len(draft["photos"]), len(draft["recordings"])) == (1, 1)
    assert draft["place"] == "福建省福清市玉屏街道一拂路"
    # WeChat's map is in GCJ-02, some 500 m off.
    assert ticket.place["datum"] == "GCJ-02"
    assert 0.001 < abs(ticket.latitude - 25.723) + abs(ticket.longitude - 119.385) < 0.02
    assert any(ticket.ticket_no in words for words in line.api.said())


async def test_a_number_answers_the_last_menu_only(line: Line) -> None:
    await line.say("text", Content="/report")
    await line.say("text", Content="99")

    assert await line.count(models.Message, models.Message.content["payload"].as_string() != "") == 0


async def test_the_code_of_a_towns_poster_is_the_place(line: Line) -> None:
    await line.say("event", Event="subscribe", EventKey="qrscene_place:longtian", Ticket="t")
    await line.say("event", Event="SCAN", EventKey="place:longtian", Ticket="t")

    assert [("龙田镇" in words) for words in line.api.said()] == [True, True]


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"kind": "video", "MediaId": "x"}, "video_unsupported"),
        ({"kind": "link", "Url": "http://x"}, "unsupported"),
    ],
)
async def test_what_cannot_be_taken_is_said_at_once(line: Line, fields: dict[str, str], key: str) -> None:
    assert await line.say(**fields) == TEXTS[key]


@pytest.mark.parametrize("event", ["VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "masssendjobfinish"])
async def test_events_that_say_nothing_are_passed_over(line: Line, event: str) -> None:
    assert await line.say("event", Event=event, EventKey="http://x", Status="failed") == ""
    assert await line.count(models.Message) == 0


async def test_a_photo_that_is_gone_is_said(line: Line) -> None:
    await line.say("image", MediaId="gone")

    async with line.services.database.reading() as session:
        told = (
            await session.scalars(select(models.Message).where(models.Message.sender == "assistant"))
        ).one()
    assert told.content["key"] == "photo_failed"


async def test_who_unsubscribes_is_gone_and_back_when_they_return(line: Line) -> None:
    async def gone() -> bool:
        async with line.services.database.reading() as session:
            return (await session.scalars(select(models.Conversation))).one().gone_at is not None

    await line.say("event", Event="subscribe", EventKey="")
    await line.say("event", Event="unsubscribe", EventKey="")
    left = await gone()
    await line.say("event", Event="subscribe", EventKey="", CreateTime=2)

    assert (left, await gone()) == (True, False)


async def test_wechats_own_faces_are_no_commands(line: Line) -> None:
    await line.say("text", Content="/:share谢谢")

    async with line.services.database.reading() as session:
        said = (await session.scalars(select(models.Message).where(models.Message.sender == "citizen"))).one()
    assert said.content["text"] == "谢谢"


# --- how replies look, and what goes wrong


async def test_a_long_card_goes_out_in_pieces_with_its_choices_last(line: Line) -> None:
    words = "\n".join(f"第{number}条规定的内容写在这里。" for number in range(120))

    await line.channel.send(OPEN_ID, 7, "assistant", Outgoing(words, (("有帮助", "x"),), "card", CARD))

    *texts, menu = line.api.sent()
    sizes = [len(body["text"]["content"].encode()) for body in texts]
    assert len(texts) > 1
    assert max(sizes) <= 2048
    assert all(body["text"]["content"].endswith("。") for body in texts)
    assert "\n".join(body["text"]["content"] for body in texts) == words
    assert [choice["content"] for choice in menu["msgmenu"]["list"]] == ["看法条原文", "有帮助"]


@pytest.mark.parametrize(("words", "sizes"), [("a" * 2048, [2048]), ("a" * 2049, [2048, 1])])
async def test_a_reply_of_2049_bytes_is_two_messages(line: Line, words: str, sizes: list[int]) -> None:
    await line.channel.send(OPEN_ID, 7, "assistant", Outgoing(words))

    assert [len(body["text"]["content"].encode()) for body in line.api.sent()] == sizes


async def test_a_platform_that_does_not_answer_in_time_is_tried_again(line: Line) -> None:
    line.api.delays[CUSTOM] = 3

    with pytest.raises(DeliveryFailed, match="WeChatUnreachable"):
        await line.channel.send(OPEN_ID, 7, "assistant", Outgoing("您好"))


async def test_an_account_without_menus_gets_numbers(line: Line) -> None:
    line.api.fail(CUSTOM, 40008)

    await line.channel.send(
        OPEN_ID, 7, "assistant", Outgoing("要留电话吗？", (("匿名", "a"), ("留电话", "b")))
    )

    assert (
        line.api.sent()[-1]["text"]["content"]
        == "要留电话吗？\n1. 匿名\n2. 留电话\n" + TEXTS["wechat_numbers"]
    )


async def test_a_photo_is_uploaded_and_sent_after_its_words(line: Line) -> None:
    stored = await asyncio.to_thread(line.services.photos.save, jpeg())

    await line.channel.send(
        OPEN_ID, 7, "officer", Outgoing("处理后的照片。", kind="photo", photo=stored.sha256)
    )

    assert [body["msgtype"] for body in line.api.sent()] == ["text", "image"]
    assert line.api.uploads[0][0] == "image"


@pytest.mark.parametrize("code", [40003, 43004, 43019])
async def test_who_does_not_follow_us_is_gone(line: Line, code: int) -> None:
    line.api.fail(CUSTOM, code)

    with pytest.raises(RecipientGone):
        await line.channel.send(OPEN_ID, 7, "assistant", Outgoing("您好"))


@pytest.mark.parametrize(("code", "seconds"), [(45009, 3600), (45011, 60), (-1, 5), (45002, None)])
async def test_other_refusals_are_tried_again_when_it_makes_sense(
    line: Line, code: int, seconds: float | None
) -> None:
    line.api.fail(CUSTOM, code)

    with pytest.raises(DeliveryFailed) as caught:
        await line.channel.send(OPEN_ID, 7, "assistant", Outgoing("您好"))

    assert caught.value.retry_after_seconds == seconds


async def test_news_after_48_hours_go_by_the_template(line: Line) -> None:
    line.api.fail(CUSTOM, 45015)

    await line.channel.send(OPEN_ID, 7, "assistant", NEWS)

    [sent] = line.api.sent("/cgi-bin/message/template/send")
    data = {name: value["value"] for name, value in sent["data"].items()}
    assert (sent["touser"], sent["template_id"]) == (OPEN_ID, "tpl")
    assert (data["character_string1"], data["phrase2"]) == ("FQ20261123-0007", "已受理")
    assert len(data["thing3"]) <= 20


async def test_a_subscription_message_is_the_other_kind_of_template(line: Line) -> None:
    line.channel._template = Template("tpl", "subscribe", {"status": "phrase2"})
    line.api.fail(CUSTOM, 45047)

    await line.channel.send(OPEN_ID, 7, "assistant", NEWS)

    [sent] = line.api.sent("/cgi-bin/message/subscribe/bizsend")
    assert sent == {"touser": OPEN_ID, "template_id": "tpl", "data": {"phrase2": {"value": "已受理"}}}


@pytest.mark.parametrize(("content", "code"), [(Outgoing("您好"), None), (NEWS, 43101), (NEWS, 40037)])
async def test_what_no_template_can_say_waits_until_they_write(
    line: Line, content: Outgoing, code: int | None
) -> None:
    line.api.fail(CUSTOM, 45015)
    if code:
        line.api.fail("/cgi-bin/message/template/send", code)

    with pytest.raises(WaitsForCitizen):
        await line.channel.send(OPEN_ID, 7, "officer", content)


async def test_an_officers_words_that_waited_arrive_when_the_citizen_writes(line: Line) -> None:
    await line.say("event", Event="subscribe", EventKey="")
    line.api.fail(CUSTOM, 45015)
    async with line.services.database.transaction() as session:
        await post(session, 1, {"text": "请问在几号楼？"}, sender="officer", now=line.relay._now())
    line.relay.wake_outbox()
    async with asyncio.timeout(10):
        while not await line.count(models.OutboxItem, models.OutboxItem.error != ""):
            await asyncio.sleep(0.02)
    waiting = await line.count(models.OutboxItem, models.OutboxItem.delivered_at.is_(None))

    await line.say("text", Content="/consult")

    assert waiting == 1
    assert [words for words in line.api.said() if "几号楼" in words][-1] == "【工作人员】\n请问在几号楼？"
    assert await line.count(models.OutboxItem, models.OutboxItem.delivered_at.is_(None)) == 0


async def test_what_a_template_or_xml_cannot_show_is_left_out(line: Line) -> None:
    fields = {"text": "thing3", "status": "phrase2", "ticket_no": "character_string1"}
    news = {
        "text": "已清理😀，谢谢👨‍👩‍👧！\n请您再看看现场有没有遗漏的地方",
        "status": "已办结✓",
        "ticket_no": "FQ1",
    }

    data = template_data(fields, news, datetime(2026, 11, 26, tzinfo=UTC))
    answer = text_answer(incoming(parse(xml("text", Content="好"))), "一\x08二]]>三😀")

    assert data["thing3"]["value"] == "已清理，谢谢！ 请您再看看现场有没有遗…"
    assert data["phrase2"]["value"] == "已办结"
    assert parse(answer)["Content"] == "一二]]>三😀"


async def test_a_file_is_a_link_that_ends(line: Line) -> None:
    await line.say("event", Event="subscribe", EventKey="")
    async with line.services.database.transaction() as session:
        sha256 = await keep_file(
            session,
            line.services.vault,
            1,
            name="申请书.docx",
            media_type="application/x",
            content=b"docx",
            now=datetime.now(UTC),
        )
    file = {"name": "申请书.docx", "media_type": "application/x", "size": 4, "sha256": sha256}

    await line.channel.send(OPEN_ID, 9, "assistant", Outgoing("做好了。", kind="file", file=file))

    words = line.api.said()[-1]
    assert words.startswith("做好了。\n下载《申请书.docx》（48小时内有效")
    assert "https://wenfa.example/file/" in words


async def test_an_officers_photo_and_file_arrive_after_the_words(line: Line) -> None:
    await line.say("event", Event="subscribe", EventKey="")
    await line.settled()
    before = len(line.api.sent())

    await reply_with_files(line.services, "wechat", OPEN_ID)
    line.relay.wake_outbox()
    await line.settled()

    bodies = line.api.sent()[before:]
    assert [body["msgtype"] for body in bodies] == ["msgmenu", "text", "image", "text"]
    assert "请看附件" in bodies[0]["msgmenu"]["head_content"]
    assert "告知书.pdf" in bodies[-1]["text"]["content"]
    assert "https://wenfa.example/file/" in bodies[-1]["text"]["content"]
