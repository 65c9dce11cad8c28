"""The worker that tells other systems what happened: at least once, in order for each ticket, signed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import structlog

from bot.relay import utc_now
from bot.webhooks.addresses import AddressRefused, PublicResolver, check_url
from bot.webhooks.signing import sign
from tickets.errors import WebhookRefused
from tickets.leases import mark_delivered, mark_failed, next_attempt
from tickets.outward_models import HookState, WebhookDelivery
from tickets.webhook_deliveries import HookDelivery, claim
from tickets.webhooks import change_state, forget_receipts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from bot.services import Services

log = structlog.get_logger()

BATCH = 20
LEASE_SECONDS = 60
TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 2.0
TIDY_EVERY = timedelta(hours=1)
# Nobody makes us wait longer than this.
MAX_RETRY_AFTER_SECONDS = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. `error` is "" when it arrived."""

    error: str = ""
    is_gone: bool = False
    is_hopeless: bool = False
    retry_after_seconds: float | None = None


class WebhookWorker:
    """Sends what is due. Any number of processes may have one."""

    def __init__(
        self,
        services: Services,
        *,
        allowed_hosts: Collection[str] = (),
        timeout_seconds: float = TIMEOUT_SECONDS,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._services = services
        self._allowed_hosts = allowed_hosts
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._now = now
        self._tidied_at: datetime | None = None

    async def run(self) -> None:
        """Send until cancelled."""
        connector = aiohttp.TCPConnector(resolver=PublicResolver(self._allowed_hosts), limit=BATCH)
        # No cookies between receivers, no proxy of the environment.
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=self._timeout
        ) as http:
            while True:
                try:
                    busy = await self.send_due(http)
                    await self._tidy()
                except Exception:
                    log.exception("webhooks_failed")
                    busy = False
                if not busy:
                    await asyncio.sleep(POLL_SECONDS)

    async def send_due(self, http: aiohttp.ClientSession) -> bool:
        """Send what is due once. Returns whether there was anything."""
        services = self._services
        async with services.database.transaction() as session:
            deliveries = await claim(
                session,
                self._now(),
                routing=services.routing,
                vault=services.vault,
                limit=BATCH,
                lease_seconds=LEASE_SECONDS,
            )
        await asyncio.gather(*(self._deliver(http, delivery) for delivery in deliveries))
        return bool(deliveries)

    async def _deliver(self, http: aiohttp.ClientSession, delivery: HookDelivery) -> None:
        """Send with no transaction open, then note how it went."""
        outcome = await self._send(http, delivery)
        now = self._now()
        async with self._services.database.transaction() as session:
            if not outcome.error:
                await mark_delivered(session, WebhookDelivery, now, delivery.item_id)
                return
            log.info("webhook_failed", subscription=delivery.subscription_id, error=outcome.error)
            retry_at = next_attempt(delivery.attempts, now, outcome.retry_after_seconds)
            if outcome.is_gone or outcome.is_hopeless:
                retry_at = None
            await mark_failed(session, WebhookDelivery, delivery.item_id, outcome.error, now, retry_at)
            if outcome.is_gone:
                # It says that nobody is there any more. What happens from now on is kept until an
                # administrator has looked.
                with contextlib.suppress(WebhookRefused):
                    await change_state(session, delivery.subscription_id, HookState.PAUSED, "gone")

    async def _send(self, http: aiohttp.ClientSession, delivery: HookDelivery) -> Outcome:
        body = json.dumps(delivery.news, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Wenfa-Webhook/1",
            **sign(delivery.secret, delivery.delivery_id, self._now(), body),
        }
        try:
            check_url(delivery.url, self._allowed_hosts)
            async with http.post(delivery.url, data=body, headers=headers, allow_redirects=False) as response:
                return _outcome_of(response)
        except AddressRefused as refused:
            return Outcome(f"address refused: {refused}", is_hopeless=True)
        except TimeoutError:
            return Outcome("no answer in time")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Outcome(type(error).__name__)

    async def _tidy(self) -> None:
        now = self._now()
        if self._tidied_at is not None and now - self._tidied_at < TIDY_EVERY:
            return
        self._tidied_at = now
        async with self._services.database.transaction() as session:
            await forget_receipts(session, now)


def _outcome_of(response: aiohttp.ClientResponse) -> Outcome:
    """Only the status counts; what the receiver writes is not read."""
    if 200 <= response.status < 300:
        return Outcome()
    if response.status == 410:
        return Outcome("HTTP 410", is_gone=True)
    return Outcome(f"HTTP {response.status}", retry_after_seconds=_retry_after(response))


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS) if math.isfinite(seconds) else None
