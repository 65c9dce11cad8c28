"""Campaigns reach those who asked, once, at decent hours, and nobody who is busy with us."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.factories import CALENDAR, NOW, OFFICER, ROUTING, make_conversation, make_officer
from tickets.campaign_models import Campaign, CampaignState
from tickets.campaigns import (
    BATCH_EVERY,
    LONGEST,
    approve,
    cancel,
    counts,
    fingerprint,
    get_campaign,
    is_quiet,
    schedule,
    send_due,
    write,
)
from tickets.database import Database
from tickets.errors import CampaignRefused
from tickets.live_models import LiveTalk
from tickets.models import CampaignMessage, Conversation, Message, Mode, TopicSubscription
from tickets.outbox import claim, delivered, recipient_gone
from tickets.personal_data import PersonalData
from tickets.topics import Topics, load_topics

WORDS = {"topic": "law", "title": "民法典宣传月", "text": "阳台掉花盆，谁来赔？"}


def content(campaign: Campaign) -> dict[str, Any]:
    return {"text": campaign.text}


def topics(session: Any, now: datetime = NOW) -> Topics:
    return Topics(session, routing=ROUTING, calendar=CALENDAR, now=now)


async def people(database: Database, count: int, topic: str = "law") -> list[int]:
    """Conversations that asked for a topic."""
    ids = []
    async with database.transaction() as session:
        for number in range(count):
            conversation = await make_conversation(session, address=f"{topic}-{number}")
            await topics(session).subscribe(conversation.id, topic)
            ids.append(conversation.id)
    return ids


async def ready(database: Database, at: datetime = NOW) -> int:
    """A campaign that two officers agreed on."""
    async with database.transaction() as session:
        author = await make_officer(session, username="a")
        other = await make_officer(session, username="b")
        campaign = await write(session, **WORDS, officer_id=author.id, now=NOW)
        await approve(session, campaign.id, other.id, fingerprint(campaign))
        await schedule(session, campaign.id, at, NOW)
        return campaign.id


async def send(database: Database, seconds: float = 0, batch: int = 100, now: datetime = NOW) -> int:
    async with database.transaction() as session:
        return await send_due(session, now + timedelta(seconds=seconds), content, batch)


async def told(database: Database) -> list[int]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(Message.conversation_id).order_by(Message.id)))


async def state_of(database: Database, campaign_id: int) -> CampaignState:
    async with database.reading() as session:
        return (await get_campaign(session, campaign_id)).state


async def test_only_those_who_asked_are_told(database: Database) -> None:
    asked = await people(database, 2)
    await people(database, 2, "city")
    async with database.transaction() as session:
        await make_conversation(session, address="nobody")
    campaign_id = await ready(database)

    assert await send(database) == 2
    assert await send(database, 6) == 0

    assert await told(database) == asked
    assert await state_of(database, campaign_id) is CampaignState.SENT


async def test_who_unsubscribed_is_told_no_more_and_what_waits_is_taken_back(database: Database) -> None:
    first, second, third = await people(database, 3)
    campaign_id = await ready(database)
    async with database.transaction() as session:
        assert await topics(session).unsubscribe(first) == ["law"]
    await send(database, batch=1)
    async with database.transaction() as session:
        assert await topics(session).unsubscribe(second, "law", campaign_id) == ["law"]
        assert await claim(session, NOW) == []
    await send(database, 6)

    assert await told(database) == [second, third]
    async with database.reading() as session:
        numbers = await counts(session, await get_campaign(session, campaign_id))
    assert (numbers.sent, numbers.failed, numbers.unsubscribed, numbers.subscribers) == (2, 1, 1, 1)


async def test_counts_tell_delivered_from_blocked(database: Database) -> None:
    await people(database, 2)
    campaign_id = await ready(database)
    await send(database)

    async with database.transaction() as session:
        first, second = await claim(session, NOW)
        await delivered(session, first.item_id, NOW)
        await recipient_gone(session, second.conversation_id, NOW)

    async with database.reading() as session:
        numbers = await counts(session, await get_campaign(session, campaign_id))
    assert (numbers.sent, numbers.delivered, numbers.blocked, numbers.subscribers) == (2, 1, 1, 1)


@pytest.mark.parametrize(
    ("hour_in_shanghai", "quiet"), [(8, True), (9, False), (20, False), (21, True), (23, True), (0, True)]
)
async def test_nothing_goes_out_in_quiet_hours(
    database: Database, hour_in_shanghai: int, quiet: bool
) -> None:
    at = datetime(2026, 11, 24, (hour_in_shanghai - 8) % 24, 30, tzinfo=UTC)
    if hour_in_shanghai < 8:
        at -= timedelta(days=1)
    await people(database, 1)
    await ready(database)

    assert is_quiet(at) is quiet
    assert await send(database, now=at) == (0 if quiet else 1)


async def test_it_waits_for_its_time(database: Database) -> None:
    await people(database, 1)
    campaign_id = await ready(database, NOW + timedelta(hours=1))

    assert await send(database) == 0
    assert await state_of(database, campaign_id) is CampaignState.SCHEDULED
    assert await send(database, 3601) == 1


async def test_a_talk_with_an_officer_is_not_interrupted(database: Database) -> None:
    talking, waiting, reporting, idle = await people(database, 4)
    campaign_id = await ready(database)
    async with database.transaction() as session:
        officer = await make_officer(session, username="c")
        conversation = await session.get_one(Conversation, talking)
        conversation.mode, conversation.officer_id = Mode.OFFICER, officer.id
        session.add(LiveTalk(conversation_id=waiting, since=NOW, waiting_since=NOW, last_at=NOW))
        (await session.get_one(Conversation, reporting)).state = {"flow": {"name": "report"}}

    await send(database)
    assert await told(database) == [idle]
    assert await state_of(database, campaign_id) is CampaignState.SENDING

    async with database.transaction() as session:
        (await session.get_one(Conversation, talking)).mode = Mode.ASSISTANT
        await session.execute(sa.delete(LiveTalk))
    # What was being filled in an hour ago is not being filled in any more.
    await send(database, 3700)
    assert sorted(await told(database)) == sorted([talking, waiting, reporting, idle])


async def test_who_is_busy_for_a_day_is_not_waited_for(database: Database) -> None:
    [talking] = await people(database, 1)
    campaign_id = await ready(database)
    async with database.transaction() as session:
        (await session.get_one(Conversation, talking)).mode = Mode.OFFICER

    await send(database)
    assert await state_of(database, campaign_id) is CampaignState.SENDING
    await send(database, LONGEST.total_seconds() + 1)

    assert await state_of(database, campaign_id) is CampaignState.SENT


async def test_batches_are_spaced_however_many_processes_send(
    database: Database, other_process: Database
) -> None:
    await people(database, 6)
    await ready(database)

    first = await asyncio.gather(*(send(each, batch=2) for each in (database, other_process, database)))
    soon = await send(other_process, 4, batch=2)
    later = await send(other_process, BATCH_EVERY.total_seconds(), batch=2)

    assert (sum(first), soon, later) == (2, 0, 2)
    assert len(set(await told(database))) == 4


async def test_nobody_is_sent_a_campaign_twice(database: Database) -> None:
    [citizen] = await people(database, 1)
    await ready(database)
    await send(database)
    async with database.transaction() as session:
        await topics(session).unsubscribe(citizen)
        await topics(session).subscribe(citizen, "law")

    await send(database, 6)

    assert await told(database) == [citizen]


async def test_whoever_wrote_it_can_not_approve_it(database: Database) -> None:
    async with database.transaction() as session:
        author = await make_officer(session, username="a")
        campaign = await write(session, **WORDS, officer_id=author.id, now=NOW)
        for seen, officer_id, reason in (
            (fingerprint(campaign), author.id, "own"),
            ("other words", author.id + 1, "changed"),
        ):
            with pytest.raises(CampaignRefused) as refused:
                await approve(session, campaign.id, officer_id, seen)
            assert refused.value.reason == reason
        with pytest.raises(CampaignRefused):
            await schedule(session, campaign.id, NOW, NOW)


async def test_new_words_have_to_be_approved_again(database: Database) -> None:
    await people(database, 1)
    campaign_id = await ready(database, NOW + timedelta(hours=1))
    async with database.transaction() as session:
        campaign = await get_campaign(session, campaign_id)
        await write(
            session,
            **{**WORDS, "text": "别的话"},
            officer_id=campaign.approved_by_id or 0,
            now=NOW,
            campaign_id=campaign_id,
        )

    assert await state_of(database, campaign_id) is CampaignState.DRAFT
    assert await send(database, 4000) == 0


async def test_a_cancelled_one_stops_where_it_is(database: Database) -> None:
    await people(database, 3)
    campaign_id = await ready(database)
    await send(database, batch=1)
    async with database.transaction() as session:
        await cancel(session, campaign_id, NOW)

    assert await send(database, 60) == 0
    async with database.transaction() as session:
        with pytest.raises(CampaignRefused):
            await write(session, **WORDS, officer_id=1, now=NOW, campaign_id=campaign_id)
    assert len(await told(database)) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"topic": "gossip"}, "topic"),
        ({"title": " "}, "title"),
        ({"title": "字" * 31}, "title"),
        ({"title": "一\n二"}, "title"),
        ({"text": ""}, "text"),
        ({"text": "字" * 501}, "text"),
    ],
)
async def test_what_can_not_be_sent_is_not_written(
    sqlite_url: str, changes: dict[str, str], reason: str
) -> None:
    database = Database(sqlite_url)
    async with database.transaction() as session:
        officer = await make_officer(session)
        with pytest.raises(CampaignRefused) as refused:
            await write(session, **{**WORDS, **changes}, officer_id=officer.id, now=NOW)
    await database.close()

    assert refused.value.reason == reason


async def test_erasure_ends_subscriptions_and_the_export_names_them(database: Database) -> None:
    [citizen] = await people(database, 1)
    async with database.transaction() as session:
        privacy = PersonalData(session, routing=ROUTING, calendar=CALENDAR, now=NOW)
        assert (await privacy.export(citizen))["topics"] == ["law"]
        await privacy.erase(citizen, actor=OFFICER, reason="要求删除", delete_photo=lambda _: None)
        assert await session.scalar(sa.select(sa.func.count(TopicSubscription.id))) == 0
        assert await session.scalar(sa.select(sa.func.count(CampaignMessage.id))) == 0


def test_topics_have_codes_and_words_of_their_own() -> None:
    found = load_topics()
    words = [word for topic in found for word in topic.words]

    assert len({topic.code for topic in found}) == len(found) > 0
    assert len(set(words)) == len(words)
