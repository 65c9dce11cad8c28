"""The assistant is silent while a person talks; danger and the way back to the assistant still work."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from tests.factories import make_officer
from tests.talk import Talk
from tickets.live import LiveDesk
from tickets.live_models import LiveTalk
from tickets.models import Conversation, Mode
from tickets.values import Actor
from tickets.workflow import ActorKind


async def _taken_over(talk: Talk) -> tuple[int, Actor]:
    """The conversation of `talk` with an officer in it."""
    await talk.say("/help")
    async with talk.services.database.transaction() as session:
        officer = await make_officer(session)
        actor = Actor(ActorKind.OFFICER, str(officer.id), "林工", "officer", "squad_longtian")
        conversation = (await session.scalars(select(Conversation))).one()
        live = talk.services.bound(LiveDesk, session, datetime.now(UTC))
        await live.take_over(conversation.id, actor=actor)
        # As if the officer had said that they are away, so that tests needn't mind the hour.
        held = (await session.scalars(select(LiveTalk))).one()
        held.told_at = datetime.now(UTC)
    return conversation.id, actor


async def test_the_assistant_is_silent_while_an_officer_talks(talk_without_nlu: Talk) -> None:
    await _taken_over(talk_without_nlu)
    begun = await talk_without_nlu.replies()

    said = [await talk_without_nlu.keys(text) for text in ("路边有人倒垃圾很久了", "/help", "你好")]

    assert [reply["key"] for reply in begun] == ["live_begun"]
    assert said == [[], [], []]
    async with talk_without_nlu.services.database.reading() as session:
        held = (await session.scalars(select(LiveTalk))).one()
    assert held.waiting_since is not None


async def test_danger_is_still_answered_at_once(talk_without_nlu: Talk) -> None:
    await _taken_over(talk_without_nlu)
    await talk_without_nlu.replies()

    assert await talk_without_nlu.keys("着火了快来人") == ["emergency_fire"]


async def test_a_button_of_the_assistant_says_that_a_person_is_there(talk_without_nlu: Talk) -> None:
    await _taken_over(talk_without_nlu)
    await talk_without_nlu.replies()

    assert [
        reply["key"] for reply in await talk_without_nlu.say(payload="menu:report", label="反映问题")
    ] == ["live_button_waits"]


async def test_the_citizen_can_go_back_to_the_assistant(talk_without_nlu: Talk) -> None:
    await _taken_over(talk_without_nlu)
    await talk_without_nlu.replies()

    left = await talk_without_nlu.press("结束人工对话")
    after = await talk_without_nlu.keys("/help")
    again = [reply["key"] for reply in await talk_without_nlu.say(payload="live:leave", label="结束")]

    assert [reply["key"] for reply in left] == ["live_left"]
    assert after == ["welcome"]
    assert again == ["live_not_now"]


async def test_a_report_that_was_begun_can_be_finished_afterwards(talk_without_nlu: Talk) -> None:
    talk = talk_without_nlu
    await talk.say("/report")
    conversation_id, actor = await _taken_over(talk)
    await talk.say("有人吗")
    async with talk.services.database.transaction() as session:
        live = talk.services.bound(LiveDesk, session, datetime.now(UTC))
        await live.hand_back(conversation_id, "请接着写", actor=actor)
    ended = await talk.replies()

    assert ended[-1]["key"] == "live_ended"
    async with talk.services.database.reading() as session:
        conversation = (await session.scalars(select(Conversation))).one()
    assert conversation.mode is Mode.ASSISTANT
    assert conversation.state["flow"]["name"] == "report"
