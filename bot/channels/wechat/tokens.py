"""The access token of the account: one for all processes, fetched by one of them at a time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from bot.shared_cache import SharedCache
    from tickets.vault import Vault

log = structlog.get_logger()

# A token that ends while a call is under way would only be refused.
SPARE_SECONDS = 300
LEASE_SECONDS = 15.0
PAUSE_SECONDS = 0.1

# Returns the token and for how many seconds it is good; the argument is True to have a new one made.
FetchToken = Callable[[bool], Awaitable[tuple[str, int]]]


class TokenUnavailable(Exception):
    """Another process has been fetching it for too long."""


class AccessTokens:
    """Reads the token from the shared cache; it lies there sealed."""

    def __init__(self, cache: SharedCache, vault: Vault, app_id: str, fetch: FetchToken) -> None:
        self._cache = cache
        self._vault = vault
        self._fetch = fetch
        self._name = f"wechat token {app_id}"
        self._context = self._name

    async def get(self, refused: str | None = None) -> str:
        """The token.

        Args:
            refused: the one that the platform no longer takes; any other one is good.

        Raises: TokenUnavailable; what fetching raises.
        """
        found = await self._read()
        if found is not None and found != refused:
            return found
        owner = secrets.token_hex(8)
        for _ in range(int(LEASE_SECONDS / PAUSE_SECONDS)):
            if await self._cache.add(f"{self._name} lease", owner, LEASE_SECONDS) is None:
                return await self._refresh(owner, refused)
            await asyncio.sleep(PAUSE_SECONDS)
            found = await self._read()
            if found is not None and found != refused:
                return found
        raise TokenUnavailable

    async def _refresh(self, owner: str, refused: str | None) -> str:
        try:
            # Somebody may have been quicker between the look and the lease.
            found = await self._read()
            if found is not None and found != refused:
                return found
            token, seconds = await self._fetch(False)
            if token == refused:
                token, seconds = await self._fetch(True)
            sealed = self._vault.seal(token, self._context)
            await self._cache.set(self._name, sealed, max(seconds - SPARE_SECONDS, 60))
            log.info("wechat_token_fetched", seconds=seconds)
            return token
        finally:
            await self._cache.delete(f"{self._name} lease", owner)

    async def _read(self) -> str | None:
        stored = await self._cache.get(self._name)
        return self._vault.open(stored, self._context) if stored else None
