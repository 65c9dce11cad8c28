"""The database: one SQLite file by default, PostgreSQL to grow. One session is one transaction.

On SQLite the driver's own idea of when a transaction begins is switched off, and every writing
transaction starts with BEGIN IMMEDIATE: a transaction that reads first and writes later can then not fail
half-way because another writer was quicker. Writers of one process queue in order; `busy_timeout` is for
other processes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from tickets.errors import DatabaseBusy

BUSY_TIMEOUT_SECONDS = 10
# Any number will do; it must only be the same in all our processes.
_MIGRATION_LOCK = 7_203_514_406


class Database:
    """Sessions on one database. Call `upgrade(url)` once before."""

    def __init__(self, url: str, echo: bool = False) -> None:
        # Parameters hold what citizens wrote, and an error that is logged would show them.
        self._is_sqlite = url.startswith("sqlite")
        self._writers = asyncio.Lock() if self._is_sqlite else None
        if self._is_sqlite:
            _make_folder(url)
            engine = create_async_engine(
                url,
                echo=echo,
                hide_parameters=True,
                connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT_SECONDS},
            )
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(engine.sync_engine, "begin", _begin_sqlite)
            reader = engine.execution_options(wenfa_read_only=True)
        else:
            engine = create_async_engine(url, echo=echo, hide_parameters=True, pool_pre_ping=True)
            reader = engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
        self.engine: AsyncEngine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._readers = async_sessionmaker(reader, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One writing transaction: commits when the block ends, rolls back when it raises.

        Raises: DatabaseBusy, when no turn to write came within `BUSY_TIMEOUT_SECONDS`. Don't open one
        inside another.
        """
        await self._take_turn()
        try:
            async with self._sessions() as session, session.begin():
                # Take the write lock now, not at the first statement.
                await session.connection()
                yield session
        finally:
            if self._writers is not None:
                self._writers.release()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session on one unchanging view of the data; the database refuses writes in it."""
        async with self._readers() as session:
            yield session

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()

    async def _take_turn(self) -> None:
        if self._writers is None:
            return
        try:
            async with asyncio.timeout(BUSY_TIMEOUT_SECONDS):
                await self._writers.acquire()
        except TimeoutError as error:
            raise DatabaseBusy("another writer of this process holds the database") from error


def _make_folder(url: str) -> None:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # In WAL mode NORMAL can lose the last commits when the power fails; a report must not be lost.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = bool(connection.get_execution_options().get("wenfa_read_only"))
    if connection.info.get("query_only", False) != read_only:
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
        connection.info["query_only"] = read_only
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def alembic_config() -> Config:
    """Where the migrations are, independent of the working directory."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to the newest schema; nothing happens if it is there already.

    Synchronous: call it in a thread. Several processes may call it at once.
    """
    migrate(url, lambda config: command.upgrade(config, revision))


def migrate(url: str, step: Callable[[Config], None]) -> None:
    """Run one alembic command in one transaction, alone among all our processes."""
    if url.startswith("sqlite"):
        _migrate_sqlite(url, step)
        return
    # A thread of its own, so that it works whether or not the caller has an event loop.
    failure: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(_migrate_async(url, step))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="migrations")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]


def _run(connection: Connection, step: Callable[[Config], None]) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    step(config)


def _migrate_sqlite(url: str, step: Callable[[Config], None]) -> None:
    _make_folder(url)
    engine = create_engine(
        url.replace("+aiosqlite", ""),
        hide_parameters=True,
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT_SECONDS * 3},
    )

    # Foreign keys stay off here: tables are rebuilt under other names. They are checked at the end instead.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            _run(connection, step)
            broken: list[Any] = list(connection.exec_driver_sql("PRAGMA foreign_key_check").all())
            if broken:
                raise RuntimeError(f"migration left {len(broken)} broken references")
    finally:
        engine.dispose()


async def _migrate_async(url: str, step: Callable[[Config], None]) -> None:
    engine = create_async_engine(url, hide_parameters=True)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.run_sync(_run, step)
    finally:
        await engine.dispose()
