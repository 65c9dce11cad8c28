"""Sending no faster than a channel's server allows."""

from __future__ import annotations

import asyncio

from bot.security import RateLimiter


class Pace:
    """Waits its turn before each message.

    Args:
        overall: burst, and messages a second, of all conversations together.
        each: the same of one conversation.
    """

    def __init__(self, overall: tuple[int, float], each: tuple[int, float]) -> None:
        self._overall = RateLimiter(*overall)
        self._each = RateLimiter(*each)

    async def wait(self, address: str) -> None:
        """Return when a message to that conversation may be sent."""
        await _take(self._each, address)
        await _take(self._overall, "")


async def _take(limiter: RateLimiter, key: str) -> None:
    wait = limiter.take(key)
    while wait:
        await asyncio.sleep(wait)
        wait = limiter.take(key)
