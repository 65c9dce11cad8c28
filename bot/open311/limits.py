"""How much one network and one key may ask; the daily quota of a key is in the database."""

from __future__ import annotations

import asyncio
import math

from aiohttp import web

from bot.open311.errors import Refused
from bot.security import RateLimiter, client_network

# Photos are decoded one after the other: it takes memory, and citizens at the chat come first.
MAX_DECODED_AT_ONCE = 1


class Limits:
    """In this process's memory, as everywhere at the edges."""

    def __init__(self) -> None:
        self._reads = RateLimiter(burst=60, per_second=5)
        self._filings = RateLimiter(burst=20, per_second=0.5)
        self._wrong_keys = RateLimiter(burst=10, per_second=1 / 30)
        self.decoding = asyncio.Semaphore(MAX_DECODED_AT_ONCE)

    def check_read(self, request: web.Request) -> None:
        """Raises: Refused."""
        _refuse_after(self._reads.take(client_network(request)))

    def check_filing(self, key_id: int) -> None:
        """Raises: Refused."""
        _refuse_after(self._filings.take(str(key_id)))

    def count_wrong_key(self, request: web.Request) -> None:
        """Raises: Refused, for a network that guesses keys."""
        _refuse_after(self._wrong_keys.take(client_network(request)))


def _refuse_after(seconds: float) -> None:
    if seconds:
        wait = math.ceil(seconds)
        raise Refused(429, f"请求太快，请{wait}秒后再试。", retry_after_seconds=wait)


LIMITS: web.AppKey[Limits] = web.AppKey("open311_limits")
