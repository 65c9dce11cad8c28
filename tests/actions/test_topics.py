"""Subscribing and unsubscribing, with the language understanding down: it must always work."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot import broadcast
from bot.notify import OutboxWorker
from tests.factories import make_officer
from tests.talk import Talk
from tickets.campaigns import approve, counts, fingerprint, get_campaign, schedule, write
from tickets.models import Conversation, Mode

# Long after every subscription of these tests.
NOON = datetime(2099, 12, 4, 4, 0, tzinfo=UTC)


@pytest.fixture
def talk(talk_without_nlu: Talk) -> Talk:
    return talk_without_nlu


async def _campaign(talk: Talk) -> int:
    async with talk.services.database.transaction() as session:
        author, other = await make_officer(session, username="a"), await make_officer(session, username="b")
        campaign = await write(
            session, topic="law", title="宪法宣传周", text="宪法管什么？", officer_id=author.id, now=NOON
        )
        await approve(session, campaign.id, other.id, fingerprint(campaign))
        await schedule(session, campaign.id, NOON, NOON)
        return campaign.id


@pytest.mark.parametrize("words", ["订阅普法", "我要订阅普法知识", "订阅 宪法！", "/subscribe 普法"])
async def test_a_topic_is_asked_for_in_words(talk: Talk, words: str) -> None:
    [reply] = await talk.say(words)

    assert (reply["key"], "普法知识" in reply["text"]) == ("topics_in", True)
    assert [button["label"] for button in reply["buttons"]] == ["退订"]


@pytest.mark.parametrize("words", ["订阅", "/subscribe"])
async def test_without_a_topic_there_is_a_choice(talk: Talk, words: str) -> None:
    assert [reply["key"] for reply in await talk.say(words)] == ["topics_choose"]
    [reply] = await talk.press("订阅普法知识")
    assert reply["key"] == "topics_in"


@pytest.mark.parametrize("words", ["退订", "td", "取消订阅", "退订普法", "退订吧。", "/unsubscribe"])
async def test_one_word_ends_it(talk: Talk, words: str) -> None:
    await talk.say("订阅普法")

    assert await talk.keys(words) == ["topics_out"]
    assert await talk.keys(words) == ["topics_none"]


async def test_a_sentence_about_subscriptions_is_no_wish(talk: Talk) -> None:
    assert "topics_in" not in await talk.keys("邻居订阅的报纸堆满楼道没人管")
    assert "topics_out" not in await talk.keys("我要退订物业的垃圾清运服务怎么办")


async def test_it_works_in_the_middle_of_a_report_which_goes_on(talk: Talk) -> None:
    await talk.say("订阅普法")
    [asked] = await talk.say("/report")

    keys = await talk.keys("退订")

    assert keys == ["topics_out", asked["key"]]


async def test_it_works_while_an_officer_talks(talk: Talk) -> None:
    await talk.say("订阅普法")
    async with talk.services.database.transaction() as session:
        (await session.get_one(Conversation, 1)).mode = Mode.OFFICER

    assert await talk.keys("退订") == ["topics_out"]
    assert await talk.keys("/unsubscribe") == ["topics_none"]


async def test_a_campaign_arrives_with_the_way_out_of_it(talk: Talk) -> None:
    await talk.say("订阅普法")
    campaign_id = await _campaign(talk)

    assert await broadcast.broadcast(talk.services, 240, NOON) == 1
    talk.outbox = OutboxWorker(talk.services.database, {"test": talk.listener}, now=lambda: NOON)
    [message] = await talk.replies()

    assert message["text"].startswith("【普法知识】宪法宣传周\n宪法管什么？")
    assert "退订" in message["text"]
    [reply] = await talk.press("退订")
    assert reply["key"] == "topics_out"
    async with talk.services.database.reading() as session:
        numbers = await counts(session, await get_campaign(session, campaign_id))
    assert (numbers.sent, numbers.delivered, numbers.unsubscribed) == (1, 1, 1)


@pytest.mark.parametrize(
    "payload", ["topics:", "topics:in:gossip", "topics:out:gossip:999999", "topics:out:law:x"]
)
async def test_a_button_that_we_did_not_make_does_no_harm(talk: Talk, payload: str) -> None:
    await talk.say("你好")

    keys = [reply["key"] for reply in await talk.say(payload=payload, label="x")]

    assert keys in (["topics_choose"], ["topics_none"])


async def test_the_longest_campaign_fits_into_one_message_of_every_channel(talk: Talk) -> None:
    async with talk.services.database.transaction() as session:
        officer = await make_officer(session)
        campaign = await write(
            session, topic="law", title="题" * 30, text="字" * 500, officer_id=officer.id, now=NOON
        )

    assert len(broadcast.as_message(campaign).text.encode()) <= 2048
