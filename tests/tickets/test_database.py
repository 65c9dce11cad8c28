"""Transactions and migrations on both databases."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from tests.factories import NOW, make_conversation, make_ticket
from tickets import database as database_module
from tickets.database import Database, upgrade
from tickets.errors import DatabaseBusy
from tickets.models import Base, Conversation, Entry, Ticket


def differences(connection: sa.Connection) -> list[object]:
    """What alembic would change. What the two databases build differently has
    no model: the search index, the index of a part of a message.
    """

    def is_modelled(_item: object, name: str | None, *_: object) -> bool:
        ours = ("ticket_words", "ix_ticket_words", "message_words", "ix_message_words", "ix_messages_photo")
        return not (name or "").startswith(ours)

    context = MigrationContext.configure(connection, opts={"include_object": is_modelled})
    return list(compare_metadata(context, Base.metadata))


def check_constraints(connection: sa.Connection) -> dict[str, set[str | None]]:
    inspector = sa.inspect(connection)
    return {
        table: {row["name"] for row in inspector.get_check_constraints(table)}
        for table in Base.metadata.tables
    }


async def test_models_and_migrations_agree(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        found = await connection.run_sync(check_constraints)
    for name, table in Base.metadata.tables.items():
        expected = {check.name for check in table.constraints if isinstance(check, sa.CheckConstraint)}
        assert found[name] == expected


def test_check_constraints_say_the_same_in_models_and_migrations(migrated_file: Path) -> None:
    made = sa.create_engine("sqlite://")
    Base.metadata.create_all(made)
    migrated = sa.create_engine(f"sqlite:///{migrated_file}")

    def texts(engine: sa.Engine) -> dict[str, set[str]]:
        with engine.connect() as connection:
            inspector = sa.inspect(connection)
            return {
                table: {str(row["sqltext"]) for row in inspector.get_check_constraints(table)}
                for table in Base.metadata.tables
            }

    assert texts(made) == texts(migrated)
    made.dispose()
    migrated.dispose()


# Conditions of partial indexes, orders, defaults: alembic compares none of them. What the two databases build
# differently has no model.
DEFINITIONS = """
SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'column ' || table_name || '.' || column_name,
    concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default)
    FROM information_schema.columns WHERE table_schema = 'public'
"""
UNMODELLED = re.compile(r"alembic_version|(ticket|message)_words|ix_messages_photo")


async def definitions(url: str) -> dict[str, str]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        rows = (await connection.execute(sa.text(DEFINITIONS))).all()
    await engine.dispose()
    return {name: text for name, text in rows if not UNMODELLED.search(name)}


async def test_every_index_and_constraint_is_the_same_in_models_and_migrations(
    postgresql_url: str, empty_postgresql_url: str
) -> None:
    engine = create_async_engine(empty_postgresql_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()

    assert await definitions(postgresql_url) == await definitions(empty_postgresql_url)


async def test_a_second_upgrade_changes_nothing(database_url: str, database: Database) -> None:
    async with database.transaction() as session:
        await make_conversation(session)

    await asyncio.to_thread(upgrade, database_url)

    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Conversation)) == 1


def test_upgrades_at_the_same_time_do_no_harm(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'deep' / 'wenfa.db'}"

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [url] * 4))

    with sqlite3.connect(tmp_path / "deep" / "wenfa.db") as raw:
        assert raw.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    raw.close()


async def test_upgrades_at_the_same_time_do_no_harm_on_postgresql(empty_postgresql_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(upgrade, empty_postgresql_url) for _ in range(3)))

    engine = create_async_engine(empty_postgresql_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_upgrade_from_inside_an_event_loop_raises_what_went_wrong() -> None:
    with pytest.raises(FileNotFoundError):
        upgrade("postgresql+asyncpg://postgres:@/x?host=/nowhere")


async def test_an_error_rolls_everything_back(database: Database) -> None:
    async def crash() -> None:
        async with database.transaction() as session:
            await make_ticket(session)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError):
        await crash()

    async with database.reading() as session:
        assert (await session.scalars(sa.select(Ticket))).all() == []
        assert (await session.scalars(sa.select(Entry))).all() == []


async def test_a_reading_session_cannot_write(database: Database) -> None:
    async def write() -> None:
        async with database.reading() as session:
            session.add(Conversation(channel="web", address="x", state={}, created_at=NOW, updated_at=NOW))
            await session.flush()

    with pytest.raises(DBAPIError):
        await write()
    # The connection goes back to the pool and can write again.
    async with database.transaction() as session:
        await make_conversation(session)


async def test_moments_come_back_aware_and_in_utc(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)

    async with database.reading() as session:
        found = await session.get_one(Conversation, conversation.id)
        assert found.created_at == NOW
        assert found.created_at.utcoffset() is not None


async def test_a_naive_moment_is_refused(database: Database) -> None:
    async def write() -> None:
        async with database.transaction() as session:
            await make_conversation(session, now=NOW.replace(tzinfo=None))

    with pytest.raises(Exception, match="naive datetime"):
        await write()


async def test_foreign_keys_hold(database: Database) -> None:
    async def write() -> None:
        async with database.transaction() as session:
            await session.execute(sa.text("UPDATE tickets SET conversation_id = 99"))

    async with database.transaction() as session:
        await make_ticket(session)
    with pytest.raises(DBAPIError):
        await write()


@pytest.mark.parametrize(
    "change",
    [
        "status = 'lost'",
        "kind = 'order'",
        "priority = 'whenever'",
        "version = 0",
        "latitude = 91, longitude = 0",
    ],
)
async def test_the_database_itself_refuses_what_no_ticket_can_be(database: Database, change: str) -> None:
    async def write() -> None:
        async with database.transaction() as session:
            await session.execute(sa.text(f"UPDATE tickets SET {change}"))  # noqa: S608 - our own words

    async with database.transaction() as session:
        await make_ticket(session)
    with pytest.raises(DBAPIError):
        await write()


async def test_many_writers_all_get_their_turn(database: Database, other_process: Database) -> None:
    async def write(number: int) -> str:
        async with (database, other_process)[number % 2].transaction() as session:
            return (await make_ticket(session)).ticket_no

    numbers = await asyncio.gather(*(write(number) for number in range(40)))

    assert sorted(numbers) == [f"FQ20261123-{number:04d}" for number in range(1, 41)]


async def test_a_writer_that_never_ends_is_reported(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECONDS", 0.05)
    database = Database(sqlite_url)

    async with database.transaction():
        with pytest.raises(DatabaseBusy):
            await database.transaction().__aenter__()
    await database.close()


def test_repr_shows_ids_only() -> None:
    assert repr(Conversation(id=7, address="138-secret")) == "<Conversation 7>"
    assert repr(Conversation()) == "<Conversation new>"
