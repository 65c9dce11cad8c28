"""Lets the history record one more kind of line."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

_CHECK = re.compile(r"(CONSTRAINT ck_entries_kind CHECK \(kind IN \()([^)]*)(\)\))")
_WORD = re.compile(r"'(\w+)'")


def add_entry_kinds(*kinds: str) -> None:
    """Widen the check of `entries.kind`, keeping what it allows already.

    On SQLite a rebuilt table would lose its triggers, and the triggers guard the history. A check constraint
    says nothing about what is on the disk, so its text is changed where SQLite keeps it, as its manual
    describes (lang_altertable.html, section 7).
    """
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        old = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = 'entries'"))
        new = _CHECK.sub(lambda match: match[1] + _with(match[2], kinds) + match[3], old)
        if new == old:
            raise RuntimeError("the check of entries.kind was not found")
        version = connection.scalar(sa.text("PRAGMA schema_version"))
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        connection.execute(
            sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = 'entries'"),
            {"sql": new},
        )
        connection.exec_driver_sql(f"PRAGMA schema_version = {int(version) + 1}")
        connection.exec_driver_sql("PRAGMA writable_schema = OFF")
        return
    check = connection.scalar(
        sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'ck_entries_kind'")
    )
    op.drop_constraint(op.f("ck_entries_kind"), "entries", type_="check")
    op.create_check_constraint(op.f("ck_entries_kind"), "entries", f"kind IN ({_with(check, kinds)})")


def _with(check: str, kinds: tuple[str, ...]) -> str:
    words = dict.fromkeys([*_WORD.findall(check), *kinds])
    return ", ".join(f"'{word}'" for word in words)
