"""New SQLite databases without running all migrations for each: they are run once, and the file is copied."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from tickets.database import upgrade


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        upgrade(f"sqlite:///{path}")
        return path.read_bytes()


def new_sqlite(path: Path) -> str:
    """Make a database with the newest schema and nothing in it; returns its address."""
    path.write_bytes(_empty())
    return f"sqlite+aiosqlite:///{path}"
