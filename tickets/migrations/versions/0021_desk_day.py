"""Words of messages in an index, what the desk knows of units, and files that officers send."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from tickets.message_words import words_of_message

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BATCH = 1000


def upgrade() -> None:
    """What citizens and officers have said already is put into the index."""
    op.add_column(
        "made_files", sa.Column("by_officer", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "unit_details",
        sa.Column("department", sa.String(48), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("changed_by", BIG, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["officers.id"], name=op.f("fk_unit_details_changed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_details")),
        sa.UniqueConstraint("department", name=op.f("uq_unit_details_department")),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE message_words (words tsvector NOT NULL,"
            " message_id bigint PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE)"
        )
        _fill(
            "INSERT INTO message_words (message_id, words)"
            " VALUES (:id, array_to_tsvector(string_to_array(:words, ' ')))"
        )
        op.execute("CREATE INDEX ix_message_words_words ON message_words USING gin (words)")
    else:
        op.execute(
            "CREATE VIRTUAL TABLE message_words USING fts5"
            " (words, tokenize = 'unicode61 remove_diacritics 0', detail = none)"
        )
        _fill("INSERT INTO message_words (rowid, words) VALUES (:id, :words)")


def _fill(statement: str) -> None:
    connection = op.get_bind()
    messages = sa.table("messages", sa.column("id"), sa.column("sender"), sa.column("content", sa.JSON))
    last = 0
    while True:
        wanted = (
            sa.select(messages)
            .where(messages.c.id > last, messages.c.sender != "assistant")
            .order_by(messages.c.id)
            .limit(_BATCH)
        )
        rows = connection.execute(wanted).all()
        if not rows:
            return
        last = rows[-1].id
        found = [{"id": row.id, "words": " ".join(_words(row))} for row in rows]
        if any(row["words"] for row in found):
            connection.execute(sa.text(statement), [row for row in found if row["words"]])


def _words(row: Any) -> list[str]:
    content = row.content or {}
    return [] if "payload" in content else words_of_message(row.id, str(content.get("text") or ""))
