"""Slows down whoever guesses passwords.

Counts live in the process: a restart forgives, and several processes together allow a few more guesses. That
is still thousands of times fewer than guessing needs, and it keeps an outsider from filling the database.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

from aiohttp import web

WINDOW = timedelta(minutes=15)
MAX_FAILURES_FROM_ADDRESS_ON_ACCOUNT = 5
MAX_FAILURES_ON_ACCOUNT = 30
MAX_FAILURES_FROM_ADDRESS = 30
MAX_KEYS = 10_000


class SignInThrottle:
    """Remembers failed sign-ins for `WINDOW`, by account, by address, and by both."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, list[datetime]] = OrderedDict()

    def wait(self, account: str, address: str, now: datetime) -> timedelta | None:
        """How long this address must wait before it may try this account again; None if it needn't."""
        waits = [self._wait_for(key, limit, now) for key, limit in self._keys(account, address)]
        return max((wait for wait in waits if wait), default=None)

    def failed(self, account: str, address: str, now: datetime) -> None:
        """Count one failure."""
        for key, _ in self._keys(account, address):
            times = [*self._recent(key, now), now]
            self._failures[key] = times
            self._failures.move_to_end(key)
        while len(self._failures) > MAX_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        """Forget what this address got wrong on this account; the other counts stand."""
        self._failures.pop(self._keys(account, address)[0][0], None)

    @staticmethod
    def _keys(account: str, address: str) -> list[tuple[str, int]]:
        account = account.strip().casefold()[:64]
        return [
            (f"both:{address}:{account}", MAX_FAILURES_FROM_ADDRESS_ON_ACCOUNT),
            (f"account:{account}", MAX_FAILURES_ON_ACCOUNT),
            (f"address:{address}", MAX_FAILURES_FROM_ADDRESS),
        ]

    def _recent(self, key: str, now: datetime) -> list[datetime]:
        return [at for at in self._failures.get(key, ()) if now - at < WINDOW]

    def _wait_for(self, key: str, limit: int, now: datetime) -> timedelta | None:
        recent = self._recent(key, now)
        return recent[-limit] + WINDOW - now if len(recent) >= limit else None


THROTTLE: web.AppKey[SignInThrottle] = web.AppKey("sign_in_throttle", SignInThrottle)
