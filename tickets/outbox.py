"""The outbox: what channels still have to deliver. At least once; the message id lets a channel show it once.

A worker claims items under a lease in one short transaction, delivers with no transaction open, and
reports in another. A worker that dies in between loses its lease and the items come back. Any number of
processes may work at once.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tickets.models import Conversation, Message, OutboxItem, Sender

MAX_ATTEMPTS = 18
_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 6 * 3600.0


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
    older = aliased(OutboxItem)
    waiting = (OutboxItem.delivered_at.is_(None), OutboxItem.failed_at.is_(None))
    wanted = (
        select(OutboxItem, Message, Conversation)
        .join(Message, Message.id == OutboxItem.message_id)
        .join(Conversation, Conversation.id == OutboxItem.conversation_id)
        .where(
            *waiting,
            OutboxItem.available_at <= now,
            OutboxItem.leased_until.is_(None) | (OutboxItem.leased_until <= now),
            ~select(older.id)
            .where(
                older.conversation_id == OutboxItem.conversation_id,
                older.id < OutboxItem.id,
                older.delivered_at.is_(None),
                older.failed_at.is_(None),
            )
            .exists(),
        )
        .order_by(OutboxItem.id)
        .limit(limit)
        .with_for_update(of=OutboxItem, skip_locked=True)
    )
    if channels is not None:
        wanted = wanted.where(Conversation.channel.in_(channels))
    deliveries = []
    for item, message, conversation in (await session.execute(wanted)).all():
        item.leased_until = now + timedelta(seconds=lease_seconds)
        item.attempts += 1
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


async def delivered(session: AsyncSession, item_id: int, now: datetime) -> None:
    """The channel has it. Reporting twice does no harm."""
    await session.execute(
        update(OutboxItem)
        .where(OutboxItem.id == item_id, OutboxItem.delivered_at.is_(None))
        .values(delivered_at=now, leased_until=None, failed_at=None, error="")
    )


async def failed(
    session: AsyncSession, item_id: int, error: str, now: datetime, retry_at: datetime | None
) -> None:
    """The channel doesn't have it: try again at `retry_at`, or never if that is None.

    A late report about an item that another worker has delivered meanwhile changes nothing.
    """
    values: dict[str, Any] = {"leased_until": None, "error": error[:500]}
    values |= {"failed_at": now} if retry_at is None else {"available_at": retry_at}
    await session.execute(
        update(OutboxItem)
        .where(OutboxItem.id == item_id, OutboxItem.delivered_at.is_(None), OutboxItem.failed_at.is_(None))
        .values(**values)
    )


async def recipient_gone(session: AsyncSession, conversation_id: int, now: datetime) -> None:
    """Nobody reads this conversation any more: give up what waits for it, until the citizen writes again."""
    await session.execute(
        update(OutboxItem)
        .where(
            OutboxItem.conversation_id == conversation_id,
            OutboxItem.delivered_at.is_(None),
            OutboxItem.failed_at.is_(None),
        )
        .values(failed_at=now, leased_until=None, error="recipient gone")
    )
    await session.execute(update(Conversation).where(Conversation.id == conversation_id).values(gone_at=now))


def next_attempt(attempts: int, now: datetime, retry_after_seconds: float | None = None) -> datetime | None:
    """When to try again after so many attempts, or None to give up. Doubles, with jitter; 14 attempts
    take about a day.

    Args:
        retry_after_seconds: what the channel's server asked for; we never come back earlier.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    pause = min(_FIRST_PAUSE_SECONDS * 2 ** max(attempts - 1, 0), _LONGEST_PAUSE_SECONDS)
    pause *= random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, keeps no secret
    return now + timedelta(seconds=max(pause, retry_after_seconds or 0.0))


async def backlog(session: AsyncSession) -> int:
    """How many messages still wait for their channel."""
    waiting = select(func.count()).where(OutboxItem.delivered_at.is_(None), OutboxItem.failed_at.is_(None))
    return await session.scalar(waiting) or 0
