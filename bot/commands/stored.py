"""What commands that work on the database share."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from tickets.database import Database, upgrade
from tickets.errors import BotError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.config import Settings


def on_database(settings: Settings, work: Callable[[Database], Coroutine[Any, Any, int]]) -> int:
    """Run `work` on the database, brought to the newest schema.

    Returns: its exit status; 1 for a refusal, which is one line on standard error.
    """
    upgrade(settings.resolved_database_url)

    async def run() -> int:
        database = Database(settings.resolved_database_url)
        try:
            return await work(database)
        except BotError as error:
            sys.stderr.write(f"wenfa: {error.code}\n")
            return 1
        finally:
            await database.close()

    return asyncio.run(run())
