"""New SQLite databases without running all migrations for each: they are run once, and the file is copied.
And the services on top of one, for tests that need no rules of law.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path

from bot.services import Services
from tests.factories import CALENDAR, POWERS, ROUTING
from tickets.database import Database, upgrade
from tickets.photos import PhotoStore
from tickets.vault import Vault


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        upgrade(f"sqlite:///{path}")
        return path.read_bytes()


def new_sqlite(path: Path) -> str:
    """Make a database with the newest schema and nothing in it; returns its address."""
    path.write_bytes(_empty())
    return f"sqlite+aiosqlite:///{path}"


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Services]:
    """Database, photo store, city and keys in a folder. Opened again, it goes on with what there is."""
    path = folder / "wenfa.db"
    database = Database(f"sqlite+aiosqlite:///{path}" if path.exists() else new_sqlite(path))
    try:
        photos, vault = PhotoStore(folder / "photos"), Vault({"k1": bytes(32)}, "k1")
        yield Services(database, photos, ROUTING, CALENDAR, Future(), vault, POWERS)
    finally:
        await database.close()
