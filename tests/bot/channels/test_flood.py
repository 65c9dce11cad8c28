"""How much one person may send: nobody in need gets there, a flood is told once, and no words get lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from sqlalchemy import func, select

from bot.channels.flood import Flood, FloodGate
from bot.services import Services
from bot.texts.zh import TEXTS
from tests.bot.channels import test_telegram, test_wechat
from tests.fake_wechat import xml
from tests.fakes import CHAT
from tickets import models


class Clock:
    """Stands still until it is moved."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_albums_and_many_quick_messages_of_one_person_pass() -> None:
    clock = Clock()
    gate = FloodGate(clock=clock)

    for _ in range(3):
        for _photo in range(10):
            assert gate.pass_through("a").takes_buttons
        clock.seconds += 5
    for _ in range(40):
        clock.seconds += 1
        assert gate.pass_through("a").takes_buttons


def test_a_flood_is_told_once_at_each_limit_and_forgotten_when_it_is_over() -> None:
    clock = Clock()
    gate = FloodGate(easy=(5, 0.5), most=(20, 0.25), clock=clock)

    flood = [gate.pass_through("a") for _ in range(25)]
    other = gate.pass_through("b")
    clock.seconds += 60
    later = gate.pass_through("a")

    assert [each.flood for each in flood] == [Flood.NONE] * 5 + [Flood.FAST] * 15 + [Flood.TOO_MUCH] * 5
    assert [each.text_key for each in flood if each.text_key] == ["flood_fast", "flood_too_much"]
    assert all(each.takes_words for each in flood[:20])
    assert not any(each.takes_words for each in flood[20:])
    assert (other.flood, later.flood, later.text_key) == (Flood.NONE, Flood.NONE, None)


def small_gate() -> FloodGate:
    return FloodGate(easy=(4, 0.001), most=(9, 0.001))


async def stored(services: Services) -> list[str]:
    """What citizens said, as it is kept."""
    async with services.database.reading() as session:
        found = await session.scalars(
            select(models.Message).where(models.Message.sender == "citizen").order_by(models.Message.id)
        )
        return [message.content.get("label") or message.content["text"] for message in found]


@pytest.fixture
async def telegram(services: Services, http: aiohttp.ClientSession) -> AsyncIterator[test_telegram.Line]:
    async with test_telegram.running(services, http, small_gate()) as line:
        yield line


async def test_on_telegram_words_are_kept_and_buttons_wait(telegram: test_telegram.Line) -> None:
    button = {
        "message_id": 5,
        "date": 1_790_000_000,
        "chat": {"id": CHAT, "type": "private"},
        "text": "？",
        "reply_markup": {"inline_keyboard": [[{"text": "查进度", "callback_data": "menu:status"}]]},
    }
    for number in range(1, 6):
        telegram.api.write(f"第{number}句")
    telegram.api.press("menu:status", button)
    telegram.api.write("/status")
    telegram.api.write(
        sticker={
            "file_id": "s",
            "file_unique_id": "s",
            "type": "regular",
            "width": 1,
            "height": 1,
            "is_animated": False,
            "is_video": False,
        }
    )
    for number in range(6, 10):
        telegram.api.write(f"第{number}句")
    async with asyncio.timeout(15):
        while telegram.api.sent()[-1:] == [] or TEXTS["flood_too_much"] not in _words(telegram):
            await asyncio.sleep(0.02)
    await telegram.api.wait_for("answerCallbackQuery", 1)
    await telegram.relay.idle()

    assert await stored(telegram.services) == [f"第{number}句" for number in range(1, 7)]
    assert [
        _words(telegram).count(TEXTS[key]) for key in ("flood_fast", "flood_too_much", "unsupported")
    ] == [
        1,
        1,
        0,
    ]
    assert telegram.api.sent("answerCallbackQuery")[0]["text"] == TEXTS["flood_button"]
    [refused] = [call for call in telegram.api.sent() if call["text"] == TEXTS["flood_too_much"]]
    assert refused["reply_parameters"]["message_id"]


def _words(line: test_telegram.Line) -> list[str]:
    return [call["text"] for call in line.api.sent()]


@pytest.fixture
async def wechat(services: Services, http: aiohttp.ClientSession) -> AsyncIterator[test_wechat.Line]:
    async with test_wechat.running(services, http, gate=small_gate()) as line:
        yield line


async def test_on_wechat_words_are_kept_and_the_menu_waits(wechat: test_wechat.Line) -> None:
    passive = [await wechat.say("text", Content=f"第{number}句") for number in range(1, 6)]
    clicked = await wechat.say("event", Event="CLICK", EventKey="menu:status")
    video = await wechat.say("video", MediaId="v")
    more = [await wechat.say("text", Content=f"第{number}句") for number in range(6, 10)]
    left = await wechat.wechat.push(xml("event", Event="unsubscribe"))

    assert await stored(wechat.services) == [f"第{number}句" for number in range(1, 8)]
    assert passive[4] == TEXTS["flood_fast"]
    assert (clicked, video) == ("", "")
    assert [words for words in more if words.startswith("您发得")] == [TEXTS["flood_too_much"]]
    assert await left.text() == "success"
    async with wechat.services.database.reading() as session:
        gone = (
            select(func.count())
            .select_from(models.Conversation)
            .where(models.Conversation.gone_at.is_not(None))
        )
        assert await session.scalar(gone) == 1
