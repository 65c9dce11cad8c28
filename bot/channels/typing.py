"""Telling citizens that an answer is being written, on the channels that can show it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.channels.base import ShowsTyping
from bot.security import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.channels.base import Channel


SIGN_SECONDS = 4.0


class Typing:
    """Shows it in the background: nobody waits for a sign that only says to wait."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels
        self._tasks: set[asyncio.Task[None]] = set()
        # The sign stays for some seconds, so one for a burst will do.
        self._limit = RateLimiter(burst=1, per_second=1 / SIGN_SECONDS)

    def show(self, name: str, address: str) -> None:
        """Show it on the channel of that name, if it can and runs in this process."""
        channel = self._channels.get(name)
        if isinstance(channel, ShowsTyping) and not self._limit.take(f"{name} {address}"):
            task = asyncio.create_task(channel.typing(address))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
