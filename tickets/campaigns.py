"""Campaigns (普法宣传): written by one officer, approved by another, sent to those who subscribed.

Nothing goes out in quiet hours, to somebody who didn't ask for it, or into a talk with an officer or a report
under way; every message says how to be rid of them. Batches are small and spaced, however many processes run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.campaign_models import Campaign, CampaignMessage, CampaignState, TopicSubscription
from tickets.columns import storable
from tickets.conversations import post_to_each
from tickets.deadlines import SHANGHAI
from tickets.errors import CampaignRefused
from tickets.live_models import LiveTalk
from tickets.models import Conversation, Mode, OutboxItem
from tickets.topics import topic_of

QUIET_FROM, QUIET_UNTIL = time(21, 0), time(9, 0)
# What every channel shows in one piece: WeChat allows 2,048 bytes, three for a Chinese character.
MAX_TITLE, MAX_TEXT = 30, 500
BATCH_EVERY = timedelta(seconds=5)
# Who was busy all the time is not waited for any longer.
LONGEST = timedelta(hours=24)
_BUSY_FOR = timedelta(hours=1)
_EDITABLE = frozenset({CampaignState.DRAFT, CampaignState.APPROVED, CampaignState.SCHEDULED})

Content = Callable[[Campaign], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CampaignCounts:
    """How it went.

    Attributes:
        sent: put into the outbox.
        blocked: the citizen is gone.
        failed: given up for another reason, for instance because they unsubscribed meanwhile.
    """

    subscribers: int = 0
    sent: int = 0
    delivered: int = 0
    blocked: int = 0
    failed: int = 0
    unsubscribed: int = 0


def is_quiet(at: datetime) -> bool:
    """Whether people in Shanghai are left alone at that moment."""
    local = at.astimezone(SHANGHAI).time()
    return local >= QUIET_FROM or local < QUIET_UNTIL


def quiet_until(at: datetime) -> datetime:
    """When the quiet hours that `at` falls into end."""
    local = at.astimezone(SHANGHAI)
    day = local.date() + timedelta(days=local.time() >= QUIET_FROM)
    return datetime.combine(day, QUIET_UNTIL, SHANGHAI).astimezone(UTC)


async def write(
    session: AsyncSession,
    *,
    topic: str,
    title: str,
    text: str,
    officer_id: int,
    now: datetime,
    campaign_id: int | None = None,
) -> Campaign:
    """Make a draft, or write one anew: whatever was approved has to be approved again.

    Raises: CampaignRefused.
    """
    title, text = storable(title).strip(), storable(text).strip()
    if topic_of(topic) is None:
        raise CampaignRefused("topic")
    if not title or len(title) > MAX_TITLE or "\n" in title:
        raise CampaignRefused("title")
    if not text or len(text) > MAX_TEXT:
        raise CampaignRefused("text")
    if campaign_id is None:
        campaign = Campaign(topic=topic, title=title, text=text, written_by_id=officer_id, created_at=now)
        campaign.state = CampaignState.DRAFT
        session.add(campaign)
    else:
        campaign = await _for_change(session, campaign_id, _EDITABLE)
        campaign.topic, campaign.title, campaign.text = topic, title, text
        campaign.state, campaign.scheduled_at, campaign.approved_by_id = CampaignState.DRAFT, None, None
        campaign.written_by_id = officer_id
    await session.flush()
    return campaign


async def approve(session: AsyncSession, campaign_id: int, officer_id: int, seen: str) -> Campaign:
    """Say that it may go out. Args: `seen`: the text that was read, so that nobody approves other words.

    Raises: CampaignRefused: "own" for who wrote it, "changed".
    """
    campaign = await _for_change(session, campaign_id, {CampaignState.DRAFT})
    if campaign.written_by_id == officer_id:
        raise CampaignRefused("own")
    if fingerprint(campaign) != seen:
        raise CampaignRefused("changed")
    campaign.state, campaign.approved_by_id = CampaignState.APPROVED, officer_id
    return campaign


async def schedule(session: AsyncSession, campaign_id: int, at: datetime, now: datetime) -> Campaign:
    """Send from then on. Raises: CampaignRefused, for a moment that is past or more than a year away."""
    campaign = await _for_change(session, campaign_id, {CampaignState.APPROVED, CampaignState.SCHEDULED})
    if not now - timedelta(minutes=5) <= at <= now + timedelta(days=366):
        raise CampaignRefused("time")
    campaign.state, campaign.scheduled_at = CampaignState.SCHEDULED, at
    return campaign


async def cancel(session: AsyncSession, campaign_id: int, now: datetime) -> Campaign:
    """Send no more of it. What has been sent stays sent. Raises: CampaignRefused."""
    campaign = await _for_change(session, campaign_id, {*_EDITABLE, CampaignState.SENDING})
    campaign.state, campaign.finished_at = CampaignState.CANCELLED, now
    return campaign


def fingerprint(campaign: Campaign) -> str:
    """Stands for the words of a campaign."""
    words = "\0".join((campaign.topic, campaign.title, campaign.text))
    return hashlib.sha256(words.encode()).hexdigest()[:16]


async def get_campaign(session: AsyncSession, campaign_id: int) -> Campaign:
    """Raises: CampaignRefused, if there is none."""
    found = await session.get(Campaign, campaign_id)
    if found is None:
        raise CampaignRefused("unknown")
    return found


async def list_campaigns(session: AsyncSession, limit: int = 50) -> Sequence[Campaign]:
    """The newest first."""
    return (await session.scalars(select(Campaign).order_by(Campaign.id.desc()).limit(limit))).all()


async def subscriber_count(session: AsyncSession, topic: str) -> int:
    """How many conversations asked for a topic and are there."""
    query = (
        select(func.count(TopicSubscription.id))
        .join(Conversation, Conversation.id == TopicSubscription.conversation_id)
        .where(_asked_for(topic))
    )
    return await session.scalar(query) or 0


async def counts(session: AsyncSession, campaign: Campaign) -> CampaignCounts:
    """How a campaign went so far."""
    is_blocked = OutboxItem.error == "recipient gone"
    query = (
        select(
            func.count(),
            func.count(OutboxItem.delivered_at),
            func.count().filter(OutboxItem.failed_at.is_not(None), is_blocked),
            func.count().filter(OutboxItem.failed_at.is_not(None), ~is_blocked),
        )
        .select_from(CampaignMessage)
        .join(OutboxItem, OutboxItem.message_id == CampaignMessage.message_id)
        .where(CampaignMessage.campaign_id == campaign.id)
    )
    sent, delivered, blocked, failed = (await session.execute(query)).one()
    ended = select(func.count()).where(TopicSubscription.ended_by_id == campaign.id)
    return CampaignCounts(
        await subscriber_count(session, campaign.topic),
        sent,
        delivered,
        blocked,
        failed,
        await session.scalar(ended) or 0,
    )


async def send_due(session: AsyncSession, now: datetime, content: Content, batch: int) -> int:
    """Put the next few messages into the outbox, and finish what has nobody left. Returns how many.

    Nothing happens in quiet hours, nor sooner than `BATCH_EVERY` after the batch before, whichever process
    sent that.
    """
    if is_quiet(now):
        return 0
    due = (
        select(Campaign)
        .where(
            Campaign.state.in_((CampaignState.SCHEDULED, CampaignState.SENDING)), Campaign.scheduled_at <= now
        )
        .order_by(Campaign.id)
        # Not skipping: whoever waits here sees afterwards that a batch has just gone out.
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    campaigns = (await session.scalars(due)).all()
    last = await session.scalar(select(func.max(Campaign.last_batch_at)))
    if last is not None and now - last < BATCH_EVERY:
        return 0
    for campaign in campaigns:
        campaign.state, campaign.started_at = CampaignState.SENDING, campaign.started_at or now
        if sent := await _send_batch(session, campaign, now, content, batch):
            campaign.last_batch_at = now
            return sent
        if now - campaign.started_at > LONGEST or not await _is_anybody_left(session, campaign):
            campaign.state, campaign.finished_at = CampaignState.SENT, now
    return 0


async def _send_batch(
    session: AsyncSession, campaign: Campaign, now: datetime, content: Content, batch: int
) -> int:
    wanted = (
        select(TopicSubscription)
        .join(Conversation, Conversation.id == TopicSubscription.conversation_id)
        .where(_still_to_tell(campaign), *_is_free(now))
        .order_by(TopicSubscription.id)
        .limit(batch)
        # Who unsubscribes at this moment waits, and then takes back what is written here.
        .with_for_update(of=TopicSubscription, skip_locked=True)
    )
    subscriptions = (await session.scalars(wanted)).all()
    if subscriptions:
        told = [subscription.conversation_id for subscription in subscriptions]
        messages = await post_to_each(session, told, content(campaign), sender="assistant", now=now)
        session.add_all(
            CampaignMessage(
                campaign_id=campaign.id, conversation_id=message.conversation_id, message_id=message.id
            )
            for message in messages
        )
    await session.flush()
    return len(subscriptions)


async def _is_anybody_left(session: AsyncSession, campaign: Campaign) -> bool:
    query = (
        select(TopicSubscription.id)
        .join(Conversation, Conversation.id == TopicSubscription.conversation_id)
        .where(_still_to_tell(campaign))
        .limit(1)
    )
    return await session.scalar(query) is not None


def _asked_for(topic: str) -> ColumnElement[bool]:
    return (
        (TopicSubscription.topic == topic)
        & TopicSubscription.ended_at.is_(None)
        & Conversation.gone_at.is_(None)
    )


def _still_to_tell(campaign: Campaign) -> ColumnElement[bool]:
    """Asked for it before it began, and was not sent it yet."""
    told = (
        select(CampaignMessage.id)
        .where(
            CampaignMessage.campaign_id == campaign.id,
            CampaignMessage.conversation_id == TopicSubscription.conversation_id,
        )
        .exists()
    )
    return _asked_for(campaign.topic) & (TopicSubscription.created_at <= campaign.started_at) & ~told


def _is_free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """No officer talks or is asked for, and nothing was being filled in during the last hour."""
    talk = select(LiveTalk.id).where(LiveTalk.conversation_id == Conversation.id).exists()
    return (
        Conversation.mode != Mode.OFFICER,
        ~talk,
        or_(Conversation.state["flow"].as_string().is_(None), Conversation.updated_at < now - _BUSY_FOR),
    )


async def _for_change(
    session: AsyncSession, campaign_id: int, allowed: frozenset[CampaignState] | set[CampaignState]
) -> Campaign:
    campaign = await session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
    if campaign is None:
        raise CampaignRefused("unknown")
    if campaign.state not in allowed:
        raise CampaignRefused("state")
    return campaign
