"""A turn: stored first, done once, and never an exception in front of a citizen."""

from __future__ import annotations

import pytest
from sqlalchemy import select

import bot.turns
from actions.base import Message
from bot.relay import Relay
from tests.talk import Talk
from tickets import models

STEPS = ["路边有人倒垃圾很久了", "乱倒垃圾或建筑垃圾", "玉屏街道一拂路口", "跳过", "匿名", "提交"]


async def test_without_nlu_a_report_is_filed_step_by_step(talk_without_nlu: Talk) -> None:
    talk = talk_without_nlu
    asked = await talk.say("路边有人倒垃圾很久了")
    await talk.press("反映这件事")
    for step in STEPS[1:]:
        await talk.say(step)

    (ticket,) = await talk.tickets()
    assert asked[0]["key"] == "nlu_unavailable"
    assert ticket.summary == STEPS[0]
    assert ticket.category == "illegal_dumping"


async def test_without_nlu_danger_is_still_seen(talk_without_nlu: Talk) -> None:
    assert await talk_without_nlu.keys("着火了快来人") == ["emergency_fire"]


async def test_an_unexpected_error_becomes_an_apology_with_a_number(
    talk_without_nlu: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(turn: object) -> list:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(bot.turns, "respond", broken)

    (reply,) = await talk_without_nlu.say("你好")

    assert reply["key"] == "internal_error"
    assert "secret detail" not in reply["text"]


async def test_an_action_that_fails_half_way_leaves_no_ticket(
    talk_without_nlu: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = talk_without_nlu
    await talk.say("路边有人倒垃圾很久了")
    await talk.press("反映这件事")
    for step in STEPS[1:-1]:
        await talk.say(step)
    real = bot.turns.respond

    async def fails_after(turn):
        await real(turn)
        raise RuntimeError("power cut")

    monkeypatch.setattr(bot.turns, "respond", fails_after)
    await talk.say("提交")
    monkeypatch.undo()
    tickets_after_failure = len(await talk.tickets())
    await talk.say("提交")

    assert tickets_after_failure == 0
    assert len(await talk.tickets()) == 1


async def test_a_message_that_a_crash_left_is_taken_up_again(talk_without_nlu: Talk) -> None:
    talk = talk_without_nlu
    crashed = Relay(talk.services, talk.relay.turns.nlu)
    crashed._work_on = lambda conversation_id: None
    await crashed.receive(Message("test", "citizen", "u1", text="/help"))

    await talk.relay.resume(["test"])
    replies = await talk.replies()
    await talk.relay.resume(["test"])
    again = await talk.replies()

    assert [reply["key"] for reply in replies] == ["welcome"]
    assert again == []


async def test_messages_of_one_conversation_are_answered_in_order(talk_without_nlu: Talk) -> None:
    talk = talk_without_nlu
    for number, text in enumerate(["/report", "/cancel", "/help", "/status"]):
        await talk.relay.receive(Message("test", "citizen", f"u{number}", text=text))

    keys = [reply["key"] for reply in await talk.replies()]

    assert keys == ["report_what", "report_cancelled", "welcome", "status_ask_number"]


async def test_ten_thousand_characters_at_most_are_stored(talk_without_nlu: Talk) -> None:
    await talk_without_nlu.say("很" * 12_000)

    async with talk_without_nlu.services.database.reading() as session:
        stored = (
            await session.scalars(select(models.Message).where(models.Message.sender == "citizen"))
        ).one()
    assert len(stored.content["text"]) == 10_000
