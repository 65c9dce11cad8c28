"""Each migration with old rows in the tables."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from tests.factories import CALENDAR, OFFICER, ROUTING, make_service, make_ticket
from tickets.conversation_search import find_messages
from tickets.database import Database, upgrade
from tickets.desk_queries import Reach
from tickets.files import keep_file, read_file
from tickets.history import append_entry
from tickets.models import Attachment, EntryKind, GapKind, Recording, Ticket, WebhookDelivery
from tickets.paper_drafts import PaperDrafts
from tickets.quality import Missed, collect, open_groups
from tickets.recordings import keep_recording
from tickets.search import Wanted, alternatives, facet, find
from tickets.shared_values import add_value
from tickets.staff_chat import new_link_code, use_link_code
from tickets.topics import Topics
from tickets.values import Actor
from tickets.vault import Vault
from tickets.verification import verify
from tickets.webhooks import subscribe

# One ticket with one entry as version 0001 wrote them; the hashes are those that it computed.
OLD_CONVERSATION = """
INSERT INTO conversations (id, channel, address, state, mode, created_at, updated_at)
VALUES (1, 'web', 'a', '{}', 'assistant', '2026-11-23 06:05:00.000000', '2026-11-23 06:05:00.000000')
"""
OLD_TICKET = """
INSERT INTO tickets (id, ticket_no, kind, status, category, categories, summary, reporter_mode,
 conversation_id, receipt_code_hash, department, priority, created_at, updated_at, version, entry_count,
 last_hash)
VALUES (1, 'FQ20261123-0001', 'complaint', 'submitted', 'dog', '["dog"]', '狗叫', 'anonymous',
 1, 'x', 'duty_squad', 'normal', '2026-11-23 06:05:00.000000', '2026-11-23 06:05:00.000000', 1, 1, :hash)
"""
OLD_COUNTER = "INSERT INTO ticket_counters (id, day, last_number) VALUES (1, '20261123', 1)"
NEWER_TICKET = OLD_TICKET.replace(" last_hash)", " last_hash, status_since)").replace(
    ":hash)", ":hash, '2026-11-23 06:05:00.000000')"
)
OLD_ENTRY = """
INSERT INTO entries (id, ticket_id, number, kind, actor_kind, actor_id, actor_name, to_status, text, data,
 at, salt, content_digest, previous_hash, hash)
VALUES (1, 1, 1, 'submitted', 'citizen', '1', '诉求人', 'submitted', '狗叫', '{}',
 '2026-11-23 06:05:00.000000', 'salt', :digest, :previous, :hash)
"""
OLD_PHOTO = """
INSERT INTO attachments (id, sha256, media_type, purpose, created_at)
VALUES (1, 'a', 'image/jpeg', 'report', '2026-11-23 06:05:00.000000')
"""
OLD_OFFICER = """
INSERT INTO officers (id, username, display_name, password_hash, role, department, is_active, created_at)
VALUES (1, 'lin', '林工', 'x', 'officer', 'squad_longtian', true, '2026-11-23 06:05:00.000000')
"""
OLD_MESSAGE = """
INSERT INTO messages (id, conversation_id, sender, update_id, content, created_at)
VALUES (1, 1, 'citizen', 'u1', '{"text": "养鸽子要登记吗"}', '2026-11-23 06:05:00.000000')
"""
DIGEST = "5a724ca7b205eb942108c851813de0b69e83164d5529bc21d6776147e149920c"
HASH = "e9fc6ef02d36c290027e484c0b779ea553e0c258689470b40457f1c91e56ae33"


async def execute(url: str, *statements: tuple[str, dict[str, Any]]) -> None:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(sa.text("SET TIME ZONE 'UTC'"))
            for statement, values in statements:
                await connection.execute(sa.text(statement), values)
    finally:
        await engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'old.db'}"
    url: str = request.getfixturevalue("empty_postgresql_url")
    return url


async def test_a_ticket_of_the_first_version_lives_on(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0001")
    await execute(
        empty_url,
        (OLD_CONVERSATION, {}),
        (OLD_COUNTER, {}),
        (OLD_TICKET, {"hash": HASH}),
        (OLD_ENTRY, {"digest": DIGEST, "previous": "0" * 64, "hash": HASH}),
    )

    await asyncio.to_thread(upgrade, empty_url)

    database = Database(empty_url)
    async with database.reading() as session:
        ticket = (await session.scalars(sa.select(Ticket))).one()
        assert (ticket.hand_back_count, ticket.escalation_level, ticket.merged_into_id) == (0, 0, None)
        assert ticket.status_since == ticket.updated_at
        assert await verify(session) == []
        assert ticket.late_steps == 0
        ids, words = sa.select(Ticket.id), alternatives("狗叫")
        for wanted in (
            Wanted(words),
            Wanted(alternatives("0001")),
            Wanted(words, [Ticket.closed_at.is_(None)], is_open=True),
            Wanted(words, facets=[{facet("unit", ticket.department)}, {facet("category", "dog")}]),
        ):
            assert await find(session, ids, wanted, 10) == [(1,)]
    await database.close()


async def test_an_old_conversation_can_be_given_files_and_drafts(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0003")
    await execute(empty_url, (OLD_CONVERSATION, {}))

    await asyncio.to_thread(upgrade, empty_url)

    database = Database(empty_url)
    vault = Vault({"k1": bytes(32)}, "k1")
    async with database.transaction() as session:
        sha256 = await keep_file(
            session, vault, 1, name="a.ics", media_type="text/calendar", content=b"a", now=datetime.now(UTC)
        )
        assert await read_file(session, vault, "web", "a", sha256) is not None
        # Neither routing nor calendar is asked for a draft.
        drafts = PaperDrafts(session, routing=None, calendar=None, now=datetime.now(UTC), vault=vault)  # type: ignore[arg-type]  # unused
        assert await drafts.load(1) == {}
        await drafts.save(1, {"paper": "hearing"})
        assert await drafts.load(1) == {"paper": "hearing"}
    await database.close()


async def test_photos_of_old_tickets_stay_private(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0005")
    await execute(empty_url, (OLD_PHOTO, {}))

    await asyncio.to_thread(upgrade, empty_url)

    database = Database(empty_url)
    async with database.reading() as session:
        assert (await session.scalars(sa.select(Attachment))).one().released_at is None
    await database.close()


async def test_an_old_conversation_can_be_given_recordings(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0010")
    await execute(empty_url, (OLD_CONVERSATION, {}))

    await asyncio.to_thread(upgrade, empty_url)

    database, vault = Database(empty_url), Vault({"test": bytes(32)}, "test")
    async with database.transaction() as session:
        await keep_recording(session, vault, 1, b"OggS", datetime.now(UTC))
        assert (await session.scalars(sa.select(Recording))).one().ticket_id is None
    await database.close()


async def test_an_old_database_learns_to_collect_what_went_badly(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0013")
    await execute(empty_url, (OLD_CONVERSATION, {}), (OLD_MESSAGE, {}))

    await asyncio.to_thread(upgrade, empty_url)

    database = Database(empty_url)
    async with database.transaction() as session:
        await collect(session, Missed(GapKind.UNANSWERED, "养鸽子要登记吗", 1), datetime.now(UTC))
        (group,) = await open_groups(session)
    assert (group.title, group.count) == ("养鸽子要登记吗", 1)
    await database.close()


async def test_a_ticket_from_before_webhooks_is_told_of_afterwards(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0012")
    await execute(
        empty_url,
        (OLD_CONVERSATION, {}),
        (NEWER_TICKET, {"hash": HASH}),
        # An id that the sequence doesn't give out next.
        (
            OLD_ENTRY.replace("(1, 1, 1", "(1001, 1, 1"),
            {"digest": DIGEST, "previous": "0" * 64, "hash": HASH},
        ),
    )

    await asyncio.to_thread(upgrade, empty_url)

    database = Database(empty_url)
    vault = Vault({"k1": bytes(32)}, "k1")
    async with database.transaction() as session:
        await subscribe(session, name="a", url="https://example.com/", vault=vault, now=datetime.now(UTC))
        await make_service(session).change_status("FQ20261123-0001", "accepted", actor=OFFICER)
        events = await session.scalars(sa.select(WebhookDelivery.event))
        assert list(events) == ["ticket.status"]
    await database.close()


async def test_an_old_database_learns_to_share_values(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0014")
    await execute(empty_url, (OLD_CONVERSATION, {}))

    await asyncio.to_thread(upgrade, empty_url)

    database, now = Database(empty_url), datetime.now(UTC)
    async with database.transaction() as session:
        assert await add_value(session, "n", "a", now + timedelta(hours=1), now) is None
        assert await add_value(session, "n", "b", now + timedelta(hours=1), now) == "a"
    await database.close()


async def test_an_old_conversation_can_subscribe(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0015")
    await execute(empty_url, (OLD_CONVERSATION, {}))

    await asyncio.to_thread(upgrade, empty_url)

    database = Database(empty_url)
    async with database.transaction() as session:
        topics = Topics(session, routing=ROUTING, calendar=CALENDAR, now=datetime.now(UTC))
        assert await topics.subscribed(1) == []
        await topics.subscribe(1, "law")
        assert await topics.subscribed(1) == ["law"]
    await database.close()


async def test_officers_of_an_old_database_can_link_their_account(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0016")
    await execute(empty_url, (OLD_OFFICER, {}))

    await asyncio.to_thread(upgrade, empty_url)

    database, now = Database(empty_url), datetime.now(UTC)
    async with database.transaction() as session:
        code = await new_link_code(session, 1, now)
        officer = await use_link_code(session, code, 4711, now)
        assert officer is not None
    await database.close()


async def test_history_stays_append_only_after_all_migrations(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url)
    database = Database(empty_url)
    async with database.transaction() as session:
        await make_ticket(session)
    await database.close()

    for statement in ("UPDATE entries SET text = ''", "DELETE FROM entries"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            await execute(empty_url, (statement, {}))


async def test_the_history_learns_a_kind_and_keeps_its_triggers_and_rows(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0003")
    await execute(
        empty_url,
        (OLD_CONVERSATION, {}),
        (OLD_COUNTER, {}),
        (
            OLD_TICKET.replace("created_at,", "created_at, status_since,").replace(
                "'normal', '2026", "'normal', '2026-11-23 06:05:00.000000', '2026", 1
            ),
            {"hash": HASH},
        ),
        # Not number 1, which PostgreSQL would give to the next row.
        (OLD_ENTRY.replace("(1, 1, 1", "(77, 1, 1"), {"digest": DIGEST, "previous": "0" * 64, "hash": HASH}),
    )

    await asyncio.to_thread(upgrade, empty_url)

    database = Database(empty_url)
    async with database.transaction() as session:
        ticket = (await session.scalars(sa.select(Ticket))).one()
        await append_entry(session, ticket, EntryKind.REVIEW, Actor.system(), at=ticket.created_at)
        assert await verify(session) == []
    await database.close()
    for statement, refusal in (
        ("UPDATE entries SET text = ''", "append-only"),
        (OLD_ENTRY.replace("(1, 1, 1, 'submitted'", "(9, 1, 9, 'gossip'"), "ck_entries_kind"),
    ):
        with pytest.raises(sa.exc.DBAPIError, match=refusal):
            await execute(
                empty_url,
                (
                    statement,
                    {"digest": DIGEST, "previous": "0" * 64, "hash": HASH} if ":" in statement else {},
                ),
            )


async def test_verdicts_of_before_are_taken_over_from_the_history(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0008")
    rating = OLD_ENTRY.replace(
        "'submitted', 'citizen', '1', '诉求人', 'submitted', '狗叫', '{}'",
        "'rating', 'citizen', '1', '诉求人', NULL, '', :data",
    )
    verdicts = [
        (
            rating.replace("(1, 1, 1,", f"({number}, 1, {number},"),
            {"digest": DIGEST, "previous": "0" * 64, "hash": HASH, "data": data},
        )
        for number, data in ((2, '{"score": 5, "is_solved": true}'), (3, '{"score": 1, "is_solved": false}'))
    ]
    if empty_url.startswith("postgresql"):
        verdicts = [(sql.replace(":data", "CAST(:data AS JSONB)"), values) for sql, values in verdicts]
    await execute(
        empty_url,
        (OLD_CONVERSATION, {}),
        (
            OLD_TICKET.replace("created_at,", "created_at, status_since,").replace(
                "'normal', '2026", "'normal', '2026-11-23 06:05:00.000000', '2026", 1
            ),
            {"hash": HASH},
        ),
        *verdicts,
    )

    await asyncio.to_thread(upgrade, empty_url)

    database = Database(empty_url)
    async with database.reading() as session:
        assert (await session.scalars(sa.select(Ticket.is_solved))).one() is False
    await database.close()


async def test_what_was_said_before_can_be_searched(empty_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_url, "0020")
    answered = OLD_MESSAGE.replace("(1, 1, 'citizen', 'u1'", "(2, 1, 'assistant', NULL")
    await execute(empty_url, (OLD_CONVERSATION, {}), (OLD_MESSAGE, {}), (answered, {}))

    await asyncio.to_thread(upgrade, empty_url)

    database = Database(empty_url)
    async with database.reading() as session:
        hits = await find_messages(session, "养鸽子", Reach(0, None, everything=True))
        assert [hit.message.id for hit in hits] == [1]
    await database.close()


def test_migrations_are_numbered_in_order() -> None:
    folder = Path(__file__).parents[2] / "tickets" / "migrations" / "versions"
    names = sorted(name for name in os.listdir(folder) if name[:4].isdigit())

    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert names[:3] == ["0001_initial.py", "0002_oversight.py", "0003_queues.py"]
