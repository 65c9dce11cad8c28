"""The history: append-only, chained, and telling when somebody reached into it with raw SQL."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import NOW, OFFICER, SUPERVISOR, make_service, make_ticket
from tickets.database import Database
from tickets.history import erase_entries
from tickets.models import Entry, EntryKind, Ticket
from tickets.verification import Problem, verify, verify_all
from tickets.workflow import Status

TICKET_NO = "FQ20261123-0001"


@pytest.fixture
async def filed(database: Database) -> Database:
    """Two tickets with a few entries each."""
    async with database.transaction() as session:
        await make_ticket(session, status=Status.IN_PROGRESS)
        await make_ticket(session, status=Status.REJECTED)
        await make_service(session).add_note(TICKET_NO, "现场没人，明天再去", actor=OFFICER)
    return database


async def reach_in(database: Database, *statements: str) -> None:
    """What somebody with full control of the database may do, past the triggers."""
    async with database.transaction() as session:
        is_postgresql = session.get_bind().dialect.name == "postgresql"
        if is_postgresql:
            await session.execute(sa.text("ALTER TABLE entries DISABLE TRIGGER USER"))
        else:
            await session.execute(sa.text("DROP TRIGGER IF EXISTS entries_no_update"))
            await session.execute(sa.text("DROP TRIGGER IF EXISTS entries_no_delete"))
        for statement in statements:
            await session.execute(sa.text(statement))


async def problems(database: Database) -> list[Problem]:
    async with database.reading() as session:
        return await verify(session)


async def test_verify_finds_nothing_in_an_honest_history(filed: Database) -> None:
    async with filed.reading() as session:
        found = await verify_all(session)

    assert (found.tickets, found.entries, found.problems) == (2, 7, [])
    assert len(found.digest) == 64


async def test_the_digest_changes_with_every_entry(filed: Database) -> None:
    async with filed.transaction() as session:
        before = (await verify_all(session)).digest
        await make_service(session).add_note(TICKET_NO, "又去了一次", actor=OFFICER)
        assert (await verify_all(session)).digest != before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET text = '改过'",
        "UPDATE entries SET to_status = 'closed', erased_at = at",
        "DELETE FROM entries",
        "UPDATE entries SET erased_at = at",
        "UPDATE entries SET erased_at = at, text = '', salt = '', data = '{}', hash = 'x'",
    ],
)
async def test_the_database_refuses_to_change_history(filed: Database, statement: str) -> None:
    async def write() -> None:
        async with filed.transaction() as session:
            await session.execute(sa.text(statement))

    with pytest.raises(DBAPIError, match="append-only"):
        await write()
    assert await problems(filed) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE entries SET text = '改过' WHERE id = 2", [(2, "content_edited")]),
        ("UPDATE entries SET data = '{\"x\": 1}' WHERE id = 2", [(2, "content_edited")]),
        ("UPDATE entries SET actor_name = '别人' WHERE id = 2", [(2, "edited")]),
        ("UPDATE entries SET at = '2026-11-24 00:00:00.000000' WHERE id = 2", [(2, "edited")]),
        ("UPDATE entries SET from_status = NULL WHERE id = 2", [(2, "edited")]),
        ("DELETE FROM entries WHERE id = 2", [(2, "gap")]),
        ("UPDATE tickets SET status = 'assigned' WHERE id = 1", [(None, "status_differs")]),
        ("UPDATE tickets SET entry_count = 4 WHERE id = 1", [(5, "extra_entry")]),
    ],
)
async def test_verify_finds_what_raw_sql_did(
    filed: Database, statement: str, expected: list[tuple[int | None, str]]
) -> None:
    await reach_in(filed, statement)

    assert await problems(filed) == [Problem(TICKET_NO, number, what) for number, what in expected]


async def test_verify_finds_a_cut_off_tail(filed: Database) -> None:
    await reach_in(filed, "DELETE FROM entries WHERE ticket_id = 1 AND number >= 4")

    assert await problems(filed) == [Problem(TICKET_NO, 5, "tail_missing")]


async def test_verify_finds_a_history_that_was_emptied(filed: Database) -> None:
    await reach_in(filed, "DELETE FROM entries WHERE ticket_id = 2", "UPDATE tickets SET entry_count = 0")

    assert Problem("FQ20261123-0002", 0, "tail_missing") in await problems(filed)


async def test_verify_finds_a_vanished_ticket(filed: Database) -> None:
    await reach_in(filed, "DELETE FROM entries WHERE ticket_id = 2", "DELETE FROM tickets WHERE id = 2")

    assert await problems(filed) == [Problem("20261123-0002", None, "ticket_missing")]


async def test_verify_finds_a_replaced_link(filed: Database) -> None:
    await reach_in(filed, "UPDATE entries SET previous_hash = hash WHERE id = 3")

    assert {problem.number for problem in await problems(filed)} == {3}


async def test_erasing_keeps_the_chain_and_leaves_a_tombstone(filed: Database) -> None:
    async with filed.transaction() as session:
        ticket = await session.get_one(Ticket, 1)
        await erase_entries(session, ticket, [1, 5], SUPERVISOR, "公民要求删除", NOW)

    async with filed.reading() as session:
        assert await verify(session) == []
        entries = await entries_of(session)
    assert [entry.text for entry in entries if entry.erased_at] == ["", ""]
    assert (entries[-1].kind, entries[-1].text) == (EntryKind.ERASURE, "公民要求删除")
    assert entries[-1].data["entries"] == [1, 5]
    # The tombstone says where the ticket stood, and none of the words.
    assert entries[-1].data["stands"]["department"] == "squad_longtian"
    assert "装修垃圾" not in str(entries[-1].data)


async def test_verify_finds_an_erasure_that_nobody_signed(filed: Database) -> None:
    await reach_in(filed, "UPDATE entries SET erased_at = at, text = '', data = '{}', salt = '' WHERE id = 2")

    assert await problems(filed) == [Problem(TICKET_NO, 2, "unexplained_erasure")]


async def test_what_no_database_can_store_is_left_out_before_it_is_hashed(database: Database) -> None:
    async with database.transaction() as session:
        await make_ticket(session, summary="垃圾\x00很多\ud83d", happened="昨\x00天")

    assert await problems(database) == []


async def entries_of(session: AsyncSession) -> list[Entry]:
    rows = await session.scalars(sa.select(Entry).where(Entry.ticket_id == 1).order_by(Entry.number))
    return list(rows)
