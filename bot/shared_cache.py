"""Small values that all processes share: in Redis where there is one, else in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from tickets import shared_values

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tickets.database import Database

log = structlog.get_logger()

# Apart from what others keep in the same Redis.
_PREFIX = "wenfa:"
REDIS_SECONDS = 3.0


class SharedCache(Protocol):
    """Values by name, each for some seconds."""

    async def get(self, name: str) -> str | None:
        """The value, None if there is none."""
        ...

    async def set(self, name: str, value: str, seconds: float) -> None:
        """Keep a value in place of what was there."""
        ...

    async def add(self, name: str, value: str, seconds: float) -> str | None:
        """Keep a value unless there is one. Returns the one that is there already, else None."""
        ...

    async def delete(self, name: str, value: str) -> None:
        """Drop a value if it is still this one."""
        ...


class DatabaseCache:
    """In the database that holds everything else."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> str | None:
        """The value, None if there is none."""
        async with self._database.reading() as session:
            return await shared_values.get_value(session, name, datetime.now(UTC))

    async def set(self, name: str, value: str, seconds: float) -> None:
        """Keep a value in place of what was there."""
        async with self._database.transaction() as session:
            until = datetime.now(UTC) + timedelta(seconds=seconds)
            await shared_values.set_value(session, name, value, until)

    async def add(self, name: str, value: str, seconds: float) -> str | None:
        """Keep a value unless there is one. Returns the one that is there already, else None."""
        async with self._database.transaction() as session:
            now = datetime.now(UTC)
            until = now + timedelta(seconds=seconds)
            return await shared_values.add_value(session, name, value, until, now)

    async def delete(self, name: str, value: str) -> None:
        """Drop a value if it is still this one."""
        async with self._database.transaction() as session:
            await shared_values.delete_value(session, name, value)


class RedisCache:
    """In Redis. What is lost with it, or while it is away, is fetched anew, or checked by other means."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    async def get(self, name: str) -> str | None:
        """The value, None if there is none."""
        found = await _tried(self._redis.get(_PREFIX + name))
        return found.decode() if isinstance(found, bytes) else None

    async def set(self, name: str, value: str, seconds: float) -> None:
        """Keep a value in place of what was there."""
        await _tried(self._redis.set(_PREFIX + name, value, px=_milliseconds(seconds)))

    async def add(self, name: str, value: str, seconds: float) -> str | None:
        """Keep a value unless there is one. Returns the one that is there already, else None."""
        await _tried(self._redis.set(_PREFIX + name, value, px=_milliseconds(seconds), nx=True))
        found = await self.get(name)
        return None if found == value else found

    async def delete(self, name: str, value: str) -> None:
        """Drop a value if it is still this one."""
        # Between the two another's value can only be lost, which is fetched anew.
        if await self.get(name) == value:
            await _tried(self._redis.delete(_PREFIX + name))


async def _tried(call: Awaitable[Any]) -> Any:
    """What Redis answers; None when it is away, and the log says so."""
    try:
        return await call
    except (RedisError, OSError) as error:
        log.warning("redis_unreachable", error=type(error).__name__)
        return None


def connected(url: str) -> redis.Redis:
    """A client of the Redis server at that address."""
    client: redis.Redis = redis.Redis.from_url(
        url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, protocol=2
    )
    return client


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
