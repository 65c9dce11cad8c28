"""The outbox worker: what is committed reaches the citizen's channel, at least once and in order."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from actions.base import Outgoing
from bot.channels.base import DeliveryFailed, RecipientGone, WaitsForCitizen
from bot.relay import utc_now
from tickets import campaigns, outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from bot.channels.base import Channel
    from tickets.database import Database

    Outcome = Callable[[AsyncSession], Awaitable[None]]

log = structlog.get_logger()

BATCH = 200
# Key of the text that a campaign sends.
BROADCAST = "campaign"
LEASE_SECONDS = 60
SEND_SECONDS = 50.0
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
        self._arrived: list[int] = []
        self._outcomes: list[Outcome] = []
        self._writing = asyncio.Lock()

    def wake(self) -> None:
        """Look at the outbox now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled. Each channel has its own share of what is under way, so that one which
        doesn't answer holds up nobody else.
        """
        under_way: dict[str, set[asyncio.Task[None]]] = {}
        try:
            while True:
                self._wake.clear()
                try:
                    busy = await self._launch(under_way)
                except Exception:
                    log.exception("outbox_failed")
                    busy = False
                if not busy:
                    # Not `wait_for`: up to Python 3.11 it forgets a cancellation at the moment of waking.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await self._wake.wait()
        finally:
            tasks = [task for tasks in under_way.values() for task in tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def deliver_due(self) -> bool:
        """Deliver what is due once, and wait for it. Returns whether there was anything."""
        channels = tuple(self._channels)
        if not await self._is_anything_due(channels):
            return False
        async with self._database.transaction() as session:
            deliveries = await outbox.claim(session, self._now(), BATCH, LEASE_SECONDS, channels=channels)
        await asyncio.gather(*(self._deliver(delivery) for delivery in deliveries))
        return bool(deliveries)

    async def _launch(self, under_way: dict[str, set[asyncio.Task[None]]]) -> bool:
        """Begin to deliver what is due, as far as each channel's share goes. Returns whether there was
        anything.
        """
        free = {name: BATCH - len(under_way.setdefault(name, set())) for name in self._channels}
        if not await self._is_anything_due(tuple(name for name, places in free.items() if places > 0)):
            return False
        deliveries: list[outbox.Delivery] = []
        async with self._database.transaction() as session:
            for name in (name for name, places in free.items() if places > 0):
                deliveries += await outbox.claim(
                    session, self._now(), free[name], LEASE_SECONDS, channels=(name,)
                )
        for delivery in deliveries:
            tasks = under_way[delivery.channel]
            task = asyncio.create_task(self._deliver(delivery))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            task.add_done_callback(self._landed)
        return bool(deliveries)

    async def _is_anything_due(self, channels: tuple[str, ...]) -> bool:
        """Look before locking: mostly there is nothing, and then nobody who writes need wait for us."""
        async with self._database.reading() as session:
            return await outbox.is_anything_due(session, self._now(), channels)

    def _landed(self, task: asyncio.Task[None]) -> None:
        """A delivery is over; what is behind it in its conversation may go."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("outbox_failed", error=type(error).__name__)
        self.wake()

    async def _deliver(self, delivery: outbox.Delivery) -> None:
        """Send outside any transaction, then note how it went."""
        now = self._now()
        if delivery.content.get("key") == BROADCAST and campaigns.is_quiet(now):
            # It was to go out in the day, and was held up.
            await self._note(self._put_off(delivery, campaigns.quiet_until(now)), delivery.item_id)
            return
        channel = self._channels[delivery.channel]
        outcome: Outcome | None
        try:
            # Within the lease: after that another worker takes it.
            async with asyncio.timeout(SEND_SECONDS):
                await channel.send(
                    delivery.address,
                    delivery.message_id,
                    delivery.sender,
                    Outgoing.from_json(delivery.content),
                )
            outcome = None
        except RecipientGone as gone:
            log.info("recipient_gone", conversation=delivery.conversation_id, reason=str(gone))
            outcome = self._gone(delivery)
        except WaitsForCitizen:
            log.info("waits_for_citizen", conversation=delivery.conversation_id)
            outcome = self._waits(delivery)
        except DeliveryFailed as failed:
            outcome = self._failed(delivery, str(failed), failed.retry_after_seconds)
        except TimeoutError:
            outcome = self._failed(delivery, "timeout")
        except Exception as unexpected:
            log.exception("delivery_failed", message=delivery.message_id, channel=delivery.channel)
            outcome = self._failed(delivery, type(unexpected).__name__)
        await self._note(outcome, delivery.item_id)

    def _put_off(self, delivery: outbox.Delivery, until: datetime) -> Outcome:
        return lambda session: outbox.put_off(session, delivery.item_id, self._now(), until)

    def _gone(self, delivery: outbox.Delivery) -> Outcome:
        return lambda session: outbox.recipient_gone(session, delivery.conversation_id, self._now())

    def _waits(self, delivery: outbox.Delivery) -> Outcome:
        return lambda session: outbox.wait_for_citizen(session, delivery.item_id, self._now())

    def _failed(
        self, delivery: outbox.Delivery, error: str, retry_after_seconds: float | None = None
    ) -> Outcome:
        retry_at = outbox.next_attempt(delivery.attempts, self._now(), retry_after_seconds)
        return lambda session: outbox.failed(session, delivery.item_id, error, self._now(), retry_at)

    async def _note(self, outcome: Outcome | None, item_id: int) -> None:
        """Write down how a delivery went (None: it arrived), together with all that are waiting: a broadcast
        to thousands then costs some dozens of statements. If the commit fails, the leases run out and the
        messages come again.
        """
        if outcome is None:
            self._arrived.append(item_id)
        else:
            self._outcomes.append(outcome)
        async with self._writing:
            outcomes, self._outcomes = self._outcomes, []
            arrived, self._arrived = self._arrived, []
            if not outcomes and not arrived:
                return  # whoever wrote before us wrote ours, too
            async with self._database.transaction() as session:
                if arrived:
                    await outbox.delivered(session, arrived[0], self._now(), *arrived[1:])
                for write in outcomes:
                    await write(session)
