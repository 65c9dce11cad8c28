"""What belongs together is answered together; what can't wait doesn't."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from actions.base import Location, Media, Message
from bot.gathering import Patience, next_burst
from bot.media import MediaUnavailable
from bot.relay import Relay
from tests.factories import NOW
from tests.pictures import jpeg
from tests.talk import Talk
from tickets import models

PATIENCE = Patience(quiet=1.2, longest=6)
MATTER = "小区后门有人倒装修垃圾"


def waiting(*contents: dict[str, Any] | str, every: float = 0.5) -> list[models.Message]:
    """Messages that came one after the other."""
    return [
        models.Message(
            id=number,
            content=content if isinstance(content, dict) else {"text": content},
            created_at=NOW + timedelta(seconds=number * every),
            update_id=f"u{number}",
        )
        for number, content in enumerate(contents)
    ]


def texts(burst: tuple[models.Message, ...]) -> list[str]:
    return [message.content["text"] for message in burst]


def test_a_burst_waits_until_nothing_new_came_for_a_while() -> None:
    messages = waiting("你好", MATTER)

    at_once = next_burst(messages, NOW + timedelta(seconds=0.6), PATIENCE)
    later = next_burst(messages, NOW + timedelta(seconds=1.8), PATIENCE)

    assert at_once.wait_seconds == pytest.approx(1.1)
    assert (texts(later.messages), later.wait_seconds) == (["你好", MATTER], 0)


def test_whoever_goes_on_writing_is_answered_in_the_end() -> None:
    messages = waiting(*(f"第{number}句话" for number in range(8)), every=0.9)

    assert next_burst(messages, NOW + timedelta(seconds=6.4), PATIENCE).wait_seconds == 0


@pytest.mark.parametrize(
    "content",
    [
        {"text": "", "payload": "report:submit:1"},
        {"text": "/report"},
        {"text": "匿名"},
        {"text": "提交"},
        {"text": "取消吧"},
        {"text": "着火了，快来人"},
    ],
    ids=lambda content: content.get("payload") or content["text"],
)
def test_a_button_a_command_an_answer_and_danger_wait_for_nothing(content: dict[str, Any]) -> None:
    burst = next_burst(waiting(content), NOW, PATIENCE)

    assert (len(burst.messages), burst.wait_seconds) == (1, 0)


def test_a_button_ends_the_burst_before_it() -> None:
    burst = next_burst(waiting("垃圾", MATTER, {"text": "", "payload": "menu:human"}), NOW, PATIENCE)

    assert (texts(burst.messages), burst.wait_seconds) == (["垃圾", MATTER], 0)


def test_danger_goes_ahead_of_what_came_before() -> None:
    on_its_way = {"text": "", "media": {"channel": "test", "kind": "photo", "ref": "p"}}

    burst = next_burst(waiting(on_its_way, MATTER, "救命，有人触电了"), NOW, PATIENCE)

    assert texts(burst.messages) == ["救命，有人触电了"]


def test_messages_of_another_hour_are_turns_of_their_own() -> None:
    burst = next_burst(waiting("你好", MATTER, every=3600), NOW + timedelta(days=1), PATIENCE)

    assert texts(burst.messages) == ["你好"]


def test_a_burst_stays_within_what_a_message_may_hold() -> None:
    burst = next_burst(waiting("很" * 6_000, "长" * 6_000, every=0.1), NOW + timedelta(days=1), PATIENCE)

    assert len(burst.messages) == 1


def test_updates_that_arrive_out_of_order_are_read_in_order() -> None:
    messages = waiting("二", "一")
    messages[0].update_id, messages[1].update_id = "1002", "1001"

    burst = next_burst(messages, NOW + timedelta(days=1), PATIENCE)

    assert texts(burst.messages) == ["一", "二"]


@pytest.fixture
def patient(talk_without_nlu: Talk) -> Talk:
    """A citizen whose quick messages are read together."""
    talk = talk_without_nlu
    talk.relay = Relay(talk.services, talk.relay.turns.nlu, patience=Patience(quiet=0.3))
    return talk


async def send(talk: Talk, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Several messages without a pause."""
    for number, parts in enumerate(messages):
        await talk.relay.receive(Message("test", "citizen", f"s{id(parts)}{number}", **parts))
    return await talk.replies()


async def report_under_way(talk: Talk) -> None:
    await talk.say("/report")


async def test_text_photos_and_place_in_any_order_are_one_report(patient: Talk) -> None:
    shas = [
        (await asyncio.to_thread(patient.services.photos.save, jpeg(colour))).sha256
        for colour in ("green", "red")
    ]
    await report_under_way(patient)
    point = Location(25.72, 119.38, "GCJ-02", "融城中路融侨城")

    replies = await send(
        patient, {"photo": shas[0]}, {"location": point}, {"text": MATTER}, {"photo": shas[1]}
    )

    async with patient.services.database.reading() as session:
        conversation = await session.get(models.Conversation, 1)
        draft = conversation.state["flow"]["draft"]
    assert (draft["what"], draft["photos"], draft["place"]) == (MATTER, shas, "融城中路融侨城")
    assert draft["location"]["datum"] == "GCJ-02"
    # One answer to all of it, which asks for the one thing that is missing.
    assert [reply["key"] for reply in replies] == [
        "report_photo_kept",
        "report_location_kept",
        "report_category_all",
    ]


async def test_a_crash_while_more_is_awaited_loses_nothing(patient: Talk) -> None:
    await report_under_way(patient)
    await patient.relay.receive(Message("test", "citizen", "c1", text="有人倒垃圾"))
    await patient.relay.receive(Message("test", "citizen", "c2", text="就在东门口那边"))
    for worker in list(patient.relay._workers.values()):
        worker.cancel()
    await asyncio.sleep(0)

    revived = Relay(patient.services, patient.relay.turns.nlu, patience=Patience(quiet=0.3))
    await revived.resume(["test"])
    await revived.idle()

    async with patient.services.database.reading() as session:
        conversation = await session.get(models.Conversation, 1)
    assert conversation.state["flow"]["draft"]["what"] == "有人倒垃圾\n就在东门口那边"


async def test_a_photo_is_fetched_after_its_message_is_stored(patient: Talk) -> None:
    gate, stored_before = asyncio.Event(), []

    async def fetch(media: Media) -> bytes:
        async with patient.services.database.reading() as session:
            stored_before.append(await session.get(models.Message, 3))
        await gate.wait()
        return jpeg()

    await report_under_way(patient)
    patient.relay.media.add_source("test", fetch)
    await patient.relay.receive(Message("test", "citizen", "m1", media=Media("photo", "p1")))
    await patient.relay.receive(Message("test", "citizen", "m2", text=MATTER))
    await asyncio.sleep(0.5)
    gate.set()
    await patient.replies()

    async with patient.services.database.reading() as session:
        conversation = await session.get(models.Conversation, 1)
    draft = conversation.state["flow"]["draft"]
    assert stored_before[0].content["media"]["ref"] == "p1"
    assert (draft["what"], len(draft["photos"])) == (MATTER, 1)


async def test_a_photo_that_never_comes_is_said_and_the_words_are_kept(
    patient: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.media.FIRST_PAUSE_SECONDS", 0.01)
    attempts = []

    async def fails(media: Media) -> bytes:
        attempts.append(media.ref)
        if media.ref == "gone":
            raise MediaUnavailable
        raise ConnectionError

    patient.relay.media.add_source("test", fails)
    await report_under_way(patient)

    replies = await send(
        patient,
        {"media": Media("photo", "slow")},
        {"media": Media("voice", "gone")},
        {"text": MATTER},
    )

    keys = [reply["key"] for reply in replies]
    assert keys[:2] == ["photo_failed", "voice_failed"]
    assert len(keys) > 2
    assert attempts.count("slow") == 3
    assert attempts.count("gone") == 1


async def test_danger_does_not_wait_for_a_photo(patient: Talk) -> None:
    gate = asyncio.Event()

    async def slow(media: Media) -> bytes:
        await gate.wait()
        return jpeg()

    patient.relay.media.add_source("test", slow)
    await patient.relay.receive(Message("test", "citizen", "d1", media=Media("photo", "p")))
    await patient.relay.receive(Message("test", "citizen", "d2", text="着火了，快来人"))
    async with asyncio.timeout(10):
        while not await patient.outbox.deliver_due():
            await asyncio.sleep(0.02)
    first = patient.listener.sent[0]["key"]
    gate.set()
    later = [reply["key"] for reply in await patient.replies()]

    assert first == "emergency_fire"
    assert "report_photo_kept" in later


async def test_a_voice_message_becomes_sealed_evidence_of_the_ticket(patient: Talk) -> None:
    sound = b"OggS" + bytes(500)

    async def fetch(media: Media) -> bytes:
        return sound

    patient.relay.media.add_source("test", fetch)
    await report_under_way(patient)
    replies = await send(patient, {"media": Media("voice", "v1")})
    for answer in (MATTER, "乱倒垃圾或建筑垃圾", "玉屏街道一拂路口", "跳过", "匿名", "提交"):
        await patient.say(answer)

    (ticket,) = await patient.tickets()
    async with patient.services.database.reading() as session:
        recording = await session.get(models.Recording, 1)
    assert "report_voice_kept" in [reply["key"] for reply in replies]
    assert (recording.ticket_id, recording.media_type) == (ticket.id, "audio/ogg")
    assert sound not in recording.content
