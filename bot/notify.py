"""The outbox worker: what is committed reaches the citizen's channel, at least once and in order."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from actions.base import Outgoing
from bot.channels.base import DeliveryFailed, RecipientGone
from bot.relay import utc_now
from tickets import outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from bot.channels.base import Channel
    from tickets.database import Database

    Outcome = Callable[[AsyncSession], Awaitable[None]]

log = structlog.get_logger()

BATCH = 200
LEASE_SECONDS = 60
# Even without a wake-up call the outbox is looked at this often: another process may have written to it.
POLL_SECONDS = 1.0


class OutboxWorker:
    """Delivers messages for the channels of this process."""

    def __init__(
        self, database: Database, channels: Mapping[str, Channel], *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._channels = channels
        self._now = now
        self._wake = asyncio.Event()
        self._outcomes: list[Outcome] = []
        self._writing = asyncio.Lock()

    def wake(self) -> None:
        """Look at the outbox now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._wake.clear()
            try:
                busy = await self.deliver_due()
            except Exception:
                log.exception("outbox_failed")
                busy = False
            if not busy:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)

    async def deliver_due(self) -> bool:
        """Deliver what is due once. Returns whether there was anything."""
        async with self._database.transaction() as session:
            deliveries = await outbox.claim(
                session, self._now(), BATCH, LEASE_SECONDS, channels=tuple(self._channels)
            )
        await asyncio.gather(*(self._deliver(delivery) for delivery in deliveries))
        return bool(deliveries)

    async def _deliver(self, delivery: outbox.Delivery) -> None:
        """Send outside any transaction, then note how it went."""
        channel = self._channels[delivery.channel]
        error, retry_at, is_gone = None, None, False
        try:
            await channel.send(
                delivery.address, delivery.message_id, delivery.sender, Outgoing.from_json(delivery.content)
            )
        except RecipientGone as gone:
            log.info("recipient_gone", conversation=delivery.conversation_id, reason=str(gone))
            is_gone = True
        except DeliveryFailed as failed:
            error = str(failed)
            retry_at = outbox.next_attempt(delivery.attempts, self._now(), failed.retry_after_seconds)
        except Exception as unexpected:
            log.exception("delivery_failed", message=delivery.message_id, channel=delivery.channel)
            error = type(unexpected).__name__
            retry_at = outbox.next_attempt(delivery.attempts, self._now())
        await self._note(_outcome(delivery, error, retry_at, is_gone, self._now()))

    async def _note(self, outcome: Outcome) -> None:
        """Write down how a delivery went, together with all that are waiting: a broadcast to thousands then
        costs some dozens of commits. If the commit fails, the leases run out and the messages come again.
        """
        self._outcomes.append(outcome)
        async with self._writing:
            outcomes, self._outcomes = self._outcomes, []
            if not outcomes:
                return  # whoever wrote before us wrote ours, too
            async with self._database.transaction() as session:
                for write in outcomes:
                    await write(session)


def _outcome(
    delivery: outbox.Delivery, error: str | None, retry_at: datetime | None, is_gone: bool, now: datetime
) -> Outcome:
    if is_gone:
        return lambda session: outbox.recipient_gone(session, delivery.conversation_id, now)
    if error is None:
        return lambda session: outbox.delivered(session, delivery.item_id, now)
    return lambda session: outbox.failed(session, delivery.item_id, error, now, retry_at)
