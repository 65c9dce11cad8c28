"""Other systems that are told what happens to tickets and report back: subscriptions, secrets, receipts."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.errors import WebhookRefused
from tickets.outward_models import HookState, WebhookDelivery, WebhookReceipt, WebhookSubscription
from tickets.webhook_events import EVENTS

if TYPE_CHECKING:
    from tickets.vault import Vault

MAX_SUBSCRIPTIONS = 50
MAX_NAME = 60
# Long after the window in which a message may come at all.
_RECEIPTS_KEPT = timedelta(days=30)
_SECRET_MARK = "whsec_"  # noqa: S105 - how such secrets are marked by convention
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription with its secrets, which are shown once. `inbound_secret` is "" if there is none."""

    id: int
    secret: str = field(repr=False)
    inbound_secret: str = field(repr=False)


async def subscribe(
    session: AsyncSession,
    *,
    name: str,
    url: str,
    vault: Vault,
    now: datetime,
    events: Sequence[str] = (),
    with_personal_data: bool = False,
    may_report_back: bool = False,
) -> NewSubscription:
    """Have another system told from now on. The caller has checked that `url` may be called at all.

    Raises: WebhookRefused.
    """
    name = storable(name).strip()
    if not name or len(name) > MAX_NAME:
        raise WebhookRefused("name")
    if set(events) - set(EVENTS):
        raise WebhookRefused("event")
    if (await session.scalar(select(func.count(WebhookSubscription.id))) or 0) >= MAX_SUBSCRIPTIONS:
        raise WebhookRefused("too_many")
    secret, inbound = new_secret(), new_secret() if may_report_back else ""
    row = WebhookSubscription(
        name=name,
        url=url,
        events=list(dict.fromkeys(events)),
        secret=vault.seal(secret, seal_context(name)),
        inbound_secret=vault.seal(inbound, seal_context(name)) if inbound else None,
        with_personal_data=with_personal_data,
        state=HookState.ACTIVE,
        created_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise WebhookRefused("name_taken") from error
    return NewSubscription(row.id, secret, inbound)


def new_secret() -> str:
    """A signing secret in the form of the Standard Webhooks."""
    return _SECRET_MARK + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


async def subscriptions(session: AsyncSession) -> Sequence[WebhookSubscription]:
    """All of them, ended ones too, oldest first."""
    return (await session.scalars(select(WebhookSubscription).order_by(WebhookSubscription.id))).all()


async def get_subscription(session: AsyncSession, subscription_id: int) -> WebhookSubscription:
    """Raises: WebhookRefused, if there is none."""
    found = await session.get(WebhookSubscription, subscription_id)
    if found is None:
        raise WebhookRefused("unknown")
    return found


def inbound_secret(subscription: WebhookSubscription, vault: Vault) -> str:
    """The secret that this system signs with, "" if it may not report back or is not active any more.

    Raises: ContactSealed.
    """
    if subscription.inbound_secret is None or subscription.state is HookState.ENDED:
        return ""
    return vault.open(subscription.inbound_secret, seal_context(subscription.name))


async def change_state(
    session: AsyncSession, subscription_id: int, state: HookState, reason: str = "operator"
) -> WebhookSubscription:
    """Pause, resume or end. What happens meanwhile is kept for one that is paused; an ended one is told
    nothing more, and what waited for it is given up.

    Raises: WebhookRefused, also for one that has ended: its secret may be known to others by now.
    """
    found = await session.get(WebhookSubscription, subscription_id, with_for_update=True)
    if found is None or found.state is HookState.ENDED:
        raise WebhookRefused("unknown")
    found.state = state
    found.pause_reason = reason if state is HookState.PAUSED else ""
    if state is HookState.ENDED:
        await session.execute(
            delete(WebhookDelivery).where(
                WebhookDelivery.subscription_id == subscription_id, WebhookDelivery.delivered_at.is_(None)
            )
        )
    return found


async def note_receipt(
    session: AsyncSession, subscription_id: int, message_id: str, body_hash: str, now: datetime
) -> bool:
    """Remember a message that is about to be acted on, in the transaction that acts.

    Returns: False for one that was acted on before.

    Raises: WebhookRefused, when another message came under that id.
    """
    row = WebhookReceipt(
        subscription_id=subscription_id, message_id=message_id, body_hash=body_hash, received_at=now
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        known = await session.scalar(
            select(WebhookReceipt.body_hash).where(
                WebhookReceipt.subscription_id == subscription_id, WebhookReceipt.message_id == message_id
            )
        )
        if known != body_hash:
            raise WebhookRefused("id_used") from None
        return False
    return True


async def forget_receipts(session: AsyncSession, now: datetime) -> None:
    """Drop what can't come again anyway."""
    await session.execute(delete(WebhookReceipt).where(WebhookReceipt.received_at < now - _RECEIPTS_KEPT))


def seal_context(name: str) -> str:
    """Binds a sealed secret to its subscription."""
    return f"webhook:{name}"
