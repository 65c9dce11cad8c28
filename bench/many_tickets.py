"""A great many invented tickets, written in bulk: what ten years of a county's reports look like to queries.

Places are made of syllables, so that there are thousands of villages, estates and shops that few reports
share, and some words ("垃圾", "占道") that very many do. What came lately is mostly open, what is older is
mostly closed: a bureau with ten years of tickets has not ten years of work before it.
WENFA_BENCH_OPEN_SHARE=0.1 makes one in ten open instead, of any age.
"""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from tickets.routing import Routing
from tickets.search import index_words
from tickets.values import Place

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
# Half of what comes is closed after eight days; one in two hundred drags on for years.
MEAN_OPEN_DAYS = 12.0
DRAGGING_SHARE = 0.005
OFFICERS = 200
_A_DAY = 270
_SYLLABLES = (
    "东西南北上下前后大小新旧金玉石水山林田溪湖海港桥坂厝井坑洋墩岭浦塘埔岐峰屿澳湾坪湖桃李梅松竹柳樟榕"
)
_KINDS_OF_PLACE = ("村村口", "小区东门", "菜市场后门", "小学门口", "公园旁边", "工业区路边", "路口", "广场")
_DETAILS = (
    "已经好几天了",
    "打电话没人管",
    "晚上更厉害",
    "请派人看看",
    "之前反映过",
    "臭味很大",
    "影响走路",
    "老人小孩不安全",
)
_COLUMNS = (
    "id", "ticket_no", "kind", "status", "category", "categories", "summary", "place", "town", "latitude",
    "longitude", "reporter_mode", "receipt_code_hash", "department", "officer_id", "priority", "due_at",
    "created_at", "updated_at", "closed_at", "status_since", "version", "entry_count", "last_hash",
)  # fmt: skip
_OPEN = ("submitted", "accepted", "assigned", "in_progress", "in_progress", "awaiting_citizen")
_CLOSED = ("closed", "closed", "closed", "resolved", "rejected", "withdrawn")


class Stories:
    """Reports that sound like reports; the same seed makes the same ones."""

    def __init__(self, routing: Routing, seed: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311 - invents data, keeps no secret
        self._routing = routing
        self._towns = routing.towns()
        self._categories = tuple(routing.categories.values())
        names = [a + b for a in _SYLLABLES for b in _SYLLABLES if a != b]
        self._random.shuffle(names)
        self.names = names

    def one(self) -> tuple[str, str, str, str]:
        """Category, town, place and words of a report."""
        choose = self._random
        category, town = choose.choice(self._categories), choose.choice(self._towns)
        place = f"{town.short_name}{choose.choice(self.names)}{choose.choice(_KINDS_OF_PLACE)}"
        words = (
            f"{place}{choose.choice(category.examples)}，{choose.choice(_DETAILS)}，{choose.choice(_DETAILS)}"
        )
        return category.code, town.code, place, words

    def rows(self, first_id: int, count: int, total: int) -> Iterator[tuple[dict[str, Any], list[str]]]:
        """Tickets of a database that shall have `total` of them, of which mostly the newest are open."""
        choose = self._random
        for ticket_id in range(first_id, first_id + count):
            category, town, place, words = self.one()
            age = (total - ticket_id) / _A_DAY
            created = NOW - timedelta(days=age)
            is_open = choose.random() < _open_share(age)
            status = choose.choice(_OPEN if is_open else _CLOSED)
            number = f"FQ{created:%Y%m%d}-{ticket_id:07d}"
            closed = None if is_open else created + timedelta(days=min(age, 5))
            lead = self._routing.route(category, Place(place, town=town)).code
            row = {
                "id": ticket_id, "ticket_no": number, "kind": "complaint", "status": status,
                "category": category, "categories": json.dumps([category]), "summary": words,
                "place": json.dumps({"text": place}), "town": town,
                "latitude": 25.5 + choose.random() / 3, "longitude": 119.2 + choose.random() / 3,
                "reporter_mode": "anonymous", "receipt_code_hash": "0" * 64, "department": lead,
                "officer_id": choose.randint(1, OFFICERS) if choose.random() < 0.6 else None,
                "priority": "normal",
                # Late ones are few: the tail of what is open was due some days ago.
                "due_at": NOW + timedelta(hours=choose.uniform(-48, 240)) if is_open else created,
                "created_at": created, "updated_at": closed or created, "closed_at": closed,
                "status_since": closed or created, "version": 3, "entry_count": 0, "last_hash": "",
            }  # fmt: skip
            yield row, index_words(ticket_id, number, words, place)


def _open_share(age_days: float) -> float:
    """How many of the tickets of an age are open."""
    if everywhere := os.environ.get("WENFA_BENCH_OPEN_SHARE"):
        return float(everywhere)
    return max(math.exp(-age_days / MEAN_OPEN_DAYS), DRAGGING_SHARE)


async def fill(connection: asyncpg.Connection[Any], stories: Stories, want: int) -> None:
    """Put tickets into an empty database, without the index of words, which is made anew afterwards."""
    await connection.execute("DROP INDEX ix_ticket_words_words")
    await connection.executemany(
        "INSERT INTO officers (id, username, display_name, password_hash, role, department, is_active,"
        " created_at) VALUES ($1, $2, $2, 'x', 'officer', 'squad_longtian', true, $3)",
        [(number, f"officer{number}", NOW) for number in range(1, OFFICERS + 1)],
    )
    for first in range(1, want + 1, 20_000):
        rows = list(stories.rows(first, min(20_000, want - first + 1), want))
        records = [tuple(row[name] for name in _COLUMNS) for row, _ in rows]
        await connection.copy_records_to_table("tickets", records=records, columns=_COLUMNS)
        await connection.execute("CREATE TEMP TABLE IF NOT EXISTS said (ticket_id bigint, words text)")
        said = [(row["id"], " ".join(words)) for row, words in rows]
        await connection.copy_records_to_table("said", records=said)
        await connection.execute(
            "INSERT INTO ticket_words (ticket_id, words, facets, is_open)"
            " SELECT ticket_id, array_to_tsvector(string_to_array(words, ' ')), facets_of(tickets),"
            " closed_at IS NULL"
            " FROM said JOIN tickets ON tickets.id = ticket_id"
        )
        await connection.execute("TRUNCATE said")
    await connection.execute("SET maintenance_work_mem = '512MB'")
    await connection.execute(
        "CREATE INDEX ix_ticket_words_words ON ticket_words USING gin (words, facets) WITH (fastupdate = off)"
    )
    await connection.execute("SELECT setval('tickets_id_seq', $1)", want)
    await connection.execute("VACUUM ANALYZE tickets")
    await connection.execute("VACUUM ANALYZE ticket_words")
