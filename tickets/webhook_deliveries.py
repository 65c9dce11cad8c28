"""What receivers still have to be told, what was given up, and how it is sent again.

How work is shared between processes is `tickets.leases`; one receiver's news of one ticket are a lane: it
hears of a ticket in order, and one ticket's trouble holds up nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.errors import ContactSealed, WebhookRefused
from tickets.leases import lease, takeable
from tickets.models import Entry, Ticket
from tickets.outward_models import HookState, WebhookDelivery, WebhookSubscription
from tickets.webhook_events import news_of
from tickets.webhooks import get_subscription, seal_context

if TYPE_CHECKING:
    from tickets.routing import Routing
    from tickets.vault import Vault


@dataclass(frozen=True, slots=True)
class HookDelivery:
    """One message to send now. `attempts` counts this one, too."""

    item_id: int
    subscription_id: int
    delivery_id: str
    url: str
    attempts: int
    secret: str = field(repr=False)
    news: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class HookCounts:
    """How many messages to a receiver wait, were given up, and have arrived."""

    waiting: int = 0
    dead: int = 0
    delivered: int = 0


async def claim(
    session: AsyncSession,
    now: datetime,
    *,
    routing: Routing,
    vault: Vault,
    limit: int = 20,
    lease_seconds: float = 60,
) -> list[HookDelivery]:
    """Take what is due for active receivers. One whose secret can't be opened waits for the operator."""
    wanted = (
        select(WebhookDelivery, WebhookSubscription, Ticket, Entry)
        .join(WebhookSubscription, WebhookSubscription.id == WebhookDelivery.subscription_id)
        .join(Ticket, Ticket.id == WebhookDelivery.ticket_id)
        .join(
            Entry,
            (Entry.ticket_id == WebhookDelivery.ticket_id) & (Entry.number == WebhookDelivery.entry_number),
        )
        .where(
            WebhookSubscription.state == HookState.ACTIVE,
            *takeable(WebhookDelivery, now, "subscription_id", "ticket_id"),
        )
        .order_by(WebhookDelivery.id)
        .limit(limit)
        .with_for_update(of=WebhookDelivery, skip_locked=True)
    )
    taken = []
    for item, subscription, ticket, entry in (await session.execute(wanted)).all():
        lease(item, now, lease_seconds)
        try:
            secret = vault.open(subscription.secret, seal_context(subscription.name))
            news = news_of(
                ticket,
                entry,
                item.event,
                routing=routing,
                vault=vault,
                with_personal_data=subscription.with_personal_data,
            )
        except ContactSealed:
            item.attempts -= 1
            item.error = "the keys to open it are missing"
            continue
        taken.append(
            HookDelivery(
                item.id, subscription.id, item.delivery_id, subscription.url, item.attempts, secret, news
            )
        )
    await session.flush()
    return taken


async def counts(session: AsyncSession) -> dict[int, HookCounts]:
    """By subscription."""
    is_waiting = WebhookDelivery.delivered_at.is_(None) & WebhookDelivery.failed_at.is_(None)
    query = select(
        WebhookDelivery.subscription_id,
        func.count().filter(is_waiting),
        func.count().filter(WebhookDelivery.failed_at.is_not(None)),
        func.count().filter(WebhookDelivery.delivered_at.is_not(None)),
    ).group_by(WebhookDelivery.subscription_id)
    return {row[0]: HookCounts(row[1], row[2], row[3]) for row in (await session.execute(query)).all()}


async def dead_letters(
    session: AsyncSession, subscription_id: int | None = None, limit: int = 100
) -> Sequence[tuple[WebhookDelivery, str]]:
    """What was given up, newest first, with the ticket's number."""
    query = (
        select(WebhookDelivery, Ticket.ticket_no)
        .join(Ticket, Ticket.id == WebhookDelivery.ticket_id)
        .where(WebhookDelivery.failed_at.is_not(None))
        .order_by(WebhookDelivery.id.desc())
        .limit(limit)
    )
    if subscription_id is not None:
        query = query.where(WebhookDelivery.subscription_id == subscription_id)
    return [(row[0], row[1]) for row in (await session.execute(query)).all()]


async def replay(
    session: AsyncSession,
    subscription_id: int,
    now: datetime,
    *,
    delivery_id: int | None = None,
    since: datetime | None = None,
) -> int:
    """Send again, under the same ids so that the receiver can tell: one, everything since a moment (what has
    arrived, too), or everything that was given up. Returns how many.

    Raises: WebhookRefused, if there is no such subscription or it has ended.
    """
    if (await get_subscription(session, subscription_id)).state is HookState.ENDED:
        raise WebhookRefused("unknown")
    mine = WebhookDelivery.subscription_id == subscription_id
    if delivery_id is not None:
        chosen = mine & (WebhookDelivery.id == delivery_id)
    elif since is not None:
        chosen = mine & (WebhookDelivery.created_at >= since)
    else:
        chosen = mine & WebhookDelivery.failed_at.is_not(None)
    again = await session.scalars(
        update(WebhookDelivery)
        .where(chosen)
        .values(delivered_at=None, failed_at=None, leased_until=None, attempts=0, available_at=now, error="")
        .returning(WebhookDelivery.id)
    )
    return len(again.all())
