"""Telegram over real HTTP against a Bot API server of the tests' own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from sqlalchemy import func, select

import bot.turns
from actions.base import Button, File, Outgoing, Reply
from bot.app import running_task
from bot.channels.base import DeliveryFailed, RecipientGone
from bot.channels.flood import FloodGate
from bot.channels.telegram import TelegramChannel
from bot.nlu_server import free_port
from bot.notify import OutboxWorker
from bot.relay import Relay
from bot.services import Services
from bot.texts import text
from bot.understanding import UnderstandingClient
from tests.fakes import CHAT, TOKEN, BotApi
from tests.pictures import jpeg
from tickets import models


@dataclass
class Line:
    """A running channel and the server it talks to."""

    api: BotApi
    channel: TelegramChannel
    services: Services
    relay: Relay

    async def count(self, table: type) -> int:
        await self.relay.idle()
        async with self.services.database.reading() as session:
            return await session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
async def line(services: Services, http: aiohttp.ClientSession) -> AsyncIterator[Line]:
    async with running(services, http) as line:
        yield line


@contextlib.asynccontextmanager
async def running(
    services: Services, http: aiohttp.ClientSession, gate: FloodGate | None = None
) -> AsyncIterator[Line]:
    api = BotApi()
    server = await api.start()
    channels: dict[str, TelegramChannel] = {}
    outbox = OutboxWorker(services.database, channels)
    nlu = UnderstandingClient(f"http://127.0.0.1:{free_port()}", session=http)
    relay = Relay(services, nlu, on_replies=outbox.wake)
    channel = TelegramChannel(
        TOKEN,
        relay,
        services,
        api_url=str(server.make_url("")),
        poll_seconds=1,
        first_pause_seconds=0.05,
        timeout_seconds=1,
        gate=gate,
        chat_pace=(50, 50.0),
    )
    channels["telegram"] = channel
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(running_task(channel.run))
        await stack.enter_async_context(running_task(outbox.run))
        yield Line(api, channel, services, relay)
        await relay.idle()
    await server.close()


async def test_a_text_is_answered_with_buttons(line: Line) -> None:
    line.api.write("/start")

    sent = await line.api.wait_for("sendMessage", 1)

    assert sent[0]["chat_id"] == CHAT
    payloads = [
        button["callback_data"] for row in sent[0]["reply_markup"]["inline_keyboard"] for button in row
    ]
    assert payloads == ["menu:consult", "menu:report", "menu:status", "menu:human"]


async def test_commands_are_announced_in_chinese(line: Line) -> None:
    announced = await line.api.wait_for("setMyCommands", 1)

    assert {"command": "report", "description": "反映问题"} in announced[0]["commands"]


async def test_a_whole_report_by_text_button_photo_and_location(line: Line) -> None:
    line.api.files["p1"] = jpeg()
    line.api.write("/report")
    await line.api.wait_for("sendMessage", 1)
    line.api.write("半夜有人在小区后门倒装修垃圾")
    sent = await line.api.wait_for("sendMessage", 3)
    line.api.press("report:category:illegal_dumping", _as_message(sent[-1]))
    sent = await line.api.wait_for("sendMessage", 4)
    share = sent[-1]["reply_markup"]["keyboard"][0][0]
    line.api.write(location={"latitude": 25.72, "longitude": 119.38})
    await line.api.wait_for("sendMessage", 6)
    line.api.write(
        photo=[{"file_id": "p1", "file_unique_id": "p1", "width": 40, "height": 30, "file_size": 900}]
    )
    await line.api.wait_for("sendMessage", 8)
    line.api.write("匿名")
    sent = await line.api.wait_for("sendMessage", 9)
    submit = sent[-1]["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    line.api.press(submit, _as_message(sent[-1]))
    line.api.press(submit, _as_message(sent[-1]))
    sent = await line.api.wait_for("sendMessage", 11)

    assert share["request_location"] is True
    async with line.services.database.reading() as session:
        ticket = (await session.scalars(select(models.Ticket))).one()
    assert ticket.category == "illegal_dumping"
    assert (ticket.latitude, ticket.longitude) == (25.72, 119.38)
    assert ticket.ticket_no in sent[-2]["text"]
    assert await line.count(models.Attachment) == 1


async def test_the_same_update_twice_is_one_message(line: Line) -> None:
    update_id = line.api.write("/help")
    line.api.repeat(update_id)
    await line.api.wait_for("sendMessage", 1)
    line.api.write("/help")
    await line.api.wait_for("sendMessage", 2)

    assert await line.count(models.Message) == 4  # two of the citizen's, two answers


async def test_an_update_that_could_not_be_stored_is_fetched_again(line: Line) -> None:
    receive = line.relay.receive
    failures = 0

    async def fail_once(message):
        nonlocal failures
        failures += 1
        if failures == 1:
            raise OSError("disk full")
        return await receive(message)

    line.relay.receive = fail_once
    line.api.write("/help")

    await line.api.wait_for("sendMessage", 1)

    assert failures == 2


@pytest.mark.parametrize(
    ("part", "key_words"),
    [
        ({"document": {"file_id": "d", "file_unique_id": "d", "mime_type": "text/plain"}}, "看不懂"),
        ({"video": {"file_id": "m", "file_unique_id": "m", "width": 9, "height": 9, "duration": 3}}, "视频"),
        (
            {
                "photo": [
                    {"file_id": "b", "file_unique_id": "b", "width": 9, "height": 9, "file_size": 50_000_000}
                ]
            },
            "太大",
        ),
        (
            {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 3000, "file_size": 9_000_000}},
            "太长",
        ),
    ],
    ids=["document", "video", "50 MB photo", "endless voice"],
)
async def test_what_cannot_be_taken_is_said_kindly(line: Line, part: dict, key_words: str) -> None:
    line.api.write(**part)

    sent = await line.api.wait_for("sendMessage", 1)

    assert key_words in sent[0]["text"]
    assert await line.count(models.Message) == 0


@pytest.mark.parametrize(
    ("part", "key_words"),
    [
        (
            {"document": {"file_id": "t", "file_unique_id": "t", "mime_type": "image/jpeg", "file_size": 11}},
            "不是照片",
        ),
        (
            {"photo": [{"file_id": "gone", "file_unique_id": "g", "width": 9, "height": 9, "file_size": 5}]},
            "没有收到",
        ),
        ({"voice": {"file_id": "t", "file_unique_id": "t", "duration": 3}}, "打不开"),
    ],
    ids=["text named .jpg", "photo that fails to download", "text as voice"],
)
async def test_what_turns_out_to_be_unusable_is_said_kindly(line: Line, part: dict, key_words: str) -> None:
    line.api.files["t"] = b"hello world"
    line.api.write(**part)

    sent = await line.api.wait_for("sendMessage", 1)

    assert key_words in sent[0]["text"]


async def test_a_caption_is_kept_when_its_photo_is_refused(line: Line) -> None:
    line.api.write(
        caption="路灯坏了一个月没人修",
        photo=[{"file_id": "gone", "file_unique_id": "g", "width": 9, "height": 9, "file_size": 5}],
    )

    await line.api.wait_for("sendMessage", 2)

    async with line.services.database.reading() as session:
        texts = [message.content.get("text") for message in await session.scalars(select(models.Message))]
    assert "路灯坏了一个月没人修" in texts


async def test_a_blocked_bot_means_that_the_recipient_is_gone(line: Line) -> None:
    line.api.fail("sendMessage", 403, "Forbidden: bot was blocked by the user")

    with pytest.raises(RecipientGone):
        await line.channel.send(str(CHAT), 1, "assistant", Outgoing("您好"))


async def test_a_rate_limit_says_when_to_come_back(line: Line) -> None:
    line.api.fail("sendMessage", 429, "Too Many Requests: retry after 7", retry_after=7)

    with pytest.raises(DeliveryFailed) as caught:
        await line.channel.send(str(CHAT), 1, "assistant", Outgoing("您好"))

    assert caught.value.retry_after_seconds == 7


async def test_a_server_error_is_tried_again_and_the_reply_arrives(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickets.leases._FIRST_PAUSE_SECONDS", 0.05)
    line.api.fail("sendMessage", 502, "Bad Gateway")
    line.api.write("/help")

    sent = await line.api.wait_for("sendMessage", 2)

    assert sent[0]["text"] == sent[1]["text"]


@pytest.mark.parametrize(("words", "lengths"), [("字" * 4096, [4096]), ("字" * 4097, [4096, 1])])
async def test_a_reply_of_4097_characters_is_two_messages(line: Line, words: str, lengths: list[int]) -> None:
    await line.channel.send(str(CHAT), 1, "assistant", Outgoing(words))

    assert [len(piece["text"]) for piece in line.api.sent()] == lengths


async def test_a_long_reply_arrives_in_pieces_and_complete(line: Line) -> None:
    words = "".join(f"第{number}行规定的内容很长很长。\n" for number in range(400))

    await line.channel.send(str(CHAT), 1, "assistant", Outgoing(words, (("好", "menu:welcome"),)))

    pieces = line.api.sent()
    assert len(pieces) > 1
    assert all(len(piece["text"]) <= 4096 for piece in pieces)
    assert "".join(piece["text"] for piece in pieces).replace("\n", "") == words.replace("\n", "")
    assert ["reply_markup" in piece for piece in pieces] == [False] * (len(pieces) - 1) + [True]


def _as_message(sent: dict) -> dict:
    """A message of the bot's as it comes back inside a callback query."""
    return {
        "message_id": 5,
        "date": 1_790_000_000,
        "chat": {"id": CHAT, "type": "private"},
        "text": sent["text"],
        "reply_markup": sent["reply_markup"],
    }


async def test_a_file_is_sent_as_a_document(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    async def respond(turn: object) -> list[Reply]:
        file = File("期限.ics", "text/calendar", b"BEGIN:VCALENDAR")
        return [Reply("no_words", buttons=(Button("button_status", "menu:status"),), kind="file", file=file)]

    monkeypatch.setattr(bot.turns, "respond", respond)
    line.api.write("给我日历")

    [call] = await line.api.wait_for("sendDocument", 1)
    assert call["caption"] == text("no_words")
    assert call["document"].filename == "期限.ics"
    assert call["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "menu:status"
    assert line.api.sent("sendMessage") == []
