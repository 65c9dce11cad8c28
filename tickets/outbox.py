"""The outbox: what channels still have to deliver. At least once; the message id lets a channel show it once.

How work is shared between processes is `tickets.leases`; a conversation is a lane.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.leases import (
    MAX_ATTEMPTS,
    PUT_OFF,
    lease,
    mark_delivered,
    mark_failed,
    next_attempt,
    takeable,
    waiting,
)
from tickets.models import Conversation, Message, OutboxItem, Sender

__all__ = [
    "GONE",
    "MAX_ATTEMPTS",
    "WAITS_FOR_CITIZEN",
    "Delivery",
    "backlog",
    "claim",
    "delivered",
    "failed",
    "next_attempt",
    "put_off",
    "recipient_gone",
    "wait_for_citizen",
]

# In the column `error` of an item that waits until the citizen writes; `conversations.receive` lets it go.
WAITS_FOR_CITIZEN = "waits for the citizen"
# The same of what was given up because the citizen blocked us.
GONE = "recipient gone"
_FOREVER = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to deliver now. `attempts` counts this one, too."""

    item_id: int
    message_id: int
    conversation_id: int
    channel: str
    address: str = field(repr=False)
    content: dict[str, Any] = field(repr=False)
    attempts: int
    sender: Sender = Sender.ASSISTANT


async def claim(
    session: AsyncSession,
    now: datetime,
    limit: int = 20,
    lease_seconds: float = 60,
    channels: tuple[str, ...] | None = None,
) -> list[Delivery]:
    """Take up to `limit` items for `lease_seconds`: the oldest undelivered one of each conversation, if
    it is due.

    So a conversation's messages arrive in order, and one that can't be delivered now holds up its own
    conversation only.

    Args:
        channels: take only conversations on these, or None for all.
    """
    wanted = (
        select(OutboxItem, Message, Conversation)
        .join(Message, Message.id == OutboxItem.message_id)
        .join(Conversation, Conversation.id == OutboxItem.conversation_id)
        .where(*takeable(OutboxItem, now, "conversation_id"))
        .order_by(OutboxItem.id)
        .limit(limit)
        .with_for_update(of=OutboxItem, skip_locked=True)
    )
    if channels is not None:
        wanted = wanted.where(Conversation.channel.in_(channels))
    deliveries = []
    for item, message, conversation in (await session.execute(wanted)).all():
        lease(item, now, lease_seconds)
        deliveries.append(
            Delivery(
                item_id=item.id,
                message_id=message.id,
                conversation_id=conversation.id,
                channel=conversation.channel,
                address=conversation.address,
                content=message.content,
                attempts=item.attempts,
                sender=message.sender,
            )
        )
    await session.flush()
    return deliveries


async def is_anything_due(
    session: AsyncSession, now: datetime, channels: tuple[str, ...] | None = None
) -> bool:
    """Whether `claim` may find something: a look that locks nothing, for a worker that is mostly idle."""
    wanted = select(OutboxItem.id).where(
        OutboxItem.delivered_at.is_(None),
        OutboxItem.failed_at.is_(None),
        OutboxItem.available_at <= now,
        OutboxItem.leased_until.is_(None) | (OutboxItem.leased_until <= now),
    )
    if channels is not None:
        wanted = wanted.join(Conversation, Conversation.id == OutboxItem.conversation_id)
        wanted = wanted.where(Conversation.channel.in_(channels))
    return await session.scalar(wanted.limit(1)) is not None


async def delivered(session: AsyncSession, item_id: int, now: datetime, *more: int) -> None:
    """The channel has it, and these too: thousands cost one statement."""
    await mark_delivered(session, OutboxItem, now, item_id, *more)


async def failed(
    session: AsyncSession, item_id: int, error: str, now: datetime, retry_at: datetime | None
) -> None:
    """The channel doesn't have it: try again at `retry_at`, or never if that is None."""
    await mark_failed(session, OutboxItem, item_id, error, now, retry_at)


async def wait_for_citizen(session: AsyncSession, item_id: int, now: datetime) -> None:
    """The channel takes no more until the citizen writes again: keep it, and what is behind it."""
    await failed(session, item_id, WAITS_FOR_CITIZEN, now, now + _FOREVER)


async def put_off(session: AsyncSession, item_id: int, now: datetime, until: datetime) -> None:
    """It is no time for this one: deliver it at `until`, and what is behind it meanwhile."""
    await failed(session, item_id, PUT_OFF, now, until)


async def recipient_gone(session: AsyncSession, conversation_id: int, now: datetime) -> None:
    """Nobody reads this conversation any more: give up what waits for it, until the citizen writes again."""
    await session.execute(
        update(OutboxItem)
        .where(OutboxItem.conversation_id == conversation_id, *waiting(OutboxItem))
        .values(failed_at=now, leased_until=None, error=GONE)
    )
    await session.execute(update(Conversation).where(Conversation.id == conversation_id).values(gone_at=now))


async def backlog(session: AsyncSession) -> int:
    """How many messages still wait for their channel."""
    return await session.scalar(select(func.count()).where(*waiting(OutboxItem))) or 0
