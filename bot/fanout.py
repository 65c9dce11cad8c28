"""Frames for open pages that hang on other processes: carried by Redis, and lost without harm.

What must not be lost is in the database: a page that misses a frame finds it in the history later.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from typing import TYPE_CHECKING, Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Deliver = Callable[[str, Mapping[str, Any]], Awaitable[None]]

log = structlog.get_logger()

CHANNEL = "wenfa:frames"
PAUSE_SECONDS = 2.0
TIMEOUT_SECONDS = 2.0


class RedisFanout:
    """Tells the other processes of this installation what was pushed here, and hears what they push.

    Args:
        url: of the Redis server, such as "redis://127.0.0.1:6379/0".
        deliver: gets the address and the frame of each push of another process.
    """

    def __init__(self, url: str, deliver: Deliver) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            url, socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=TIMEOUT_SECONDS, protocol=2
        )
        self._deliver = deliver
        self._name = secrets.token_hex(8)

    async def publish(self, address: str, frame: Mapping[str, Any]) -> None:
        """Tell the others; when Redis is away they go without, and the log says so."""
        packed = json.dumps({"by": self._name, "to": address, "frame": frame}, ensure_ascii=False)
        try:
            await self._redis.publish(CHANNEL, packed)
        except (RedisError, OSError) as error:
            log.warning("fanout_not_sent", error=type(error).__name__)

    async def run(self) -> None:
        """Hear the others until cancelled; connects again whenever Redis comes back."""
        try:
            while True:
                try:
                    await self._listen()
                except (RedisError, OSError) as error:
                    log.warning("fanout_interrupted", error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            with contextlib.suppress(RedisError, OSError):
                await self._redis.aclose()

    async def _listen(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as heard:
            await heard.subscribe(CHANNEL)
            while True:
                message = await heard.get_message(timeout=None)
                if message is not None:
                    await self._take(message["data"])

    async def _take(self, packed: bytes) -> None:
        try:
            said = json.loads(packed)
            if said["by"] != self._name:
                await self._deliver(said["to"], said["frame"])
        except (ValueError, KeyError, TypeError):
            log.warning("fanout_not_understood")
