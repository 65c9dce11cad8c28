"""Campaigns on their way: a few messages every few seconds into the outbox, in any number of processes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from actions.base import Button, Reply
from bot.relay import utc_now
from bot.texts import render
from tickets.campaigns import BATCH_EVERY, send_due
from tickets.topics import topic_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from actions.base import Outgoing
    from bot.services import Services
    from tickets.campaign_models import Campaign

log = structlog.get_logger()


def as_message(campaign: Campaign) -> Outgoing:
    """What a citizen is sent, the way to be rid of it included."""
    topic = topic_of(campaign.topic)
    params = {
        "topic": topic.name if topic else campaign.topic,
        "title": campaign.title,
        "text": campaign.text,
    }
    buttons = (
        Button("button_topic_out", f"topics:out:{campaign.topic}:{campaign.id or 0}"),
        Button("button_consult", "menu:consult"),
    )
    return render(Reply("campaign", params, buttons))


def content(campaign: Campaign) -> dict[str, Any]:
    """The same as the database keeps it."""
    return as_message(campaign).as_json()


async def broadcast(services: Services, per_minute: int, now: datetime) -> int:
    """Send one batch, if it is time for one. Returns how many messages."""
    batch = max(1, round(per_minute * BATCH_EVERY.total_seconds() / 60))
    async with services.database.transaction() as session:
        return await send_due(session, now, content, batch)


async def keep_broadcasting(services: Services, per_minute: int, on_messages: Callable[[], None]) -> None:
    """Send until cancelled; a failure is logged and the next batch tries again."""
    while True:
        try:
            if await broadcast(services, per_minute, utc_now()):
                on_messages()
        except Exception:
            log.exception("broadcast_failed")
        await asyncio.sleep(BATCH_EVERY.total_seconds())
