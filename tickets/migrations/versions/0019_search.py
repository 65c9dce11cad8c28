"""Full-text search over tickets, indexes for the clock and the call-backs, and which steps were late."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from tickets.search import index_words

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_BATCH = 1000


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Tickets that are there already are put into the index."""
    op.add_column("tickets", sa.Column("late_steps", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "ix_tickets_silent",
        "tickets",
        ["status_since"],
        **_only("status = 'awaiting_citizen' AND merged_into_id IS NULL"),
    )
    op.create_index(
        "ix_tickets_unarchived",
        "tickets",
        ["status_since"],
        **_only("status = 'resolved' AND merged_into_id IS NULL"),
    )
    op.create_index("ix_tickets_followup", "tickets", ["followup_at"], **_only("followup_at IS NOT NULL"))
    if op.get_bind().dialect.name == "postgresql":
        # Only here: alembic loses an index of an expression when it rebuilds a table for SQLite.
        op.execute(
            "CREATE INDEX ix_messages_photo ON messages ((content ->> 'photo'))"
            " WHERE (content ->> 'photo') IS NOT NULL"
        )
        op.execute(
            "CREATE TABLE ticket_words (words tsvector NOT NULL,"
            " ticket_id bigint PRIMARY KEY REFERENCES tickets (id) ON DELETE CASCADE)"
        )
        _fill(
            "INSERT INTO ticket_words (ticket_id, words)"
            " VALUES (:id, array_to_tsvector(string_to_array(:words, ' ')))"
        )
        op.execute("CREATE INDEX ix_ticket_words_words ON ticket_words USING gin (words)")
    else:
        op.execute(
            "CREATE VIRTUAL TABLE ticket_words USING fts5"
            " (words, tokenize = 'unicode61 remove_diacritics 0', detail = none)"
        )
        _fill("INSERT INTO ticket_words (rowid, words) VALUES (:id, :words)")


def _fill(statement: str) -> None:
    connection = op.get_bind()
    tickets = sa.table(
        "tickets", sa.column("id"), sa.column("ticket_no"), sa.column("summary"), sa.column("place", sa.JSON)
    )
    last = 0
    while True:
        wanted = sa.select(tickets).where(tickets.c.id > last).order_by(tickets.c.id).limit(_BATCH)
        rows = connection.execute(wanted).all()
        if not rows:
            return
        last = rows[-1].id
        connection.execute(
            sa.text(statement),
            [
                {"id": row.id, "words": " ".join(index_words(row.id, row.ticket_no, *_texts(row)))}
                for row in rows
            ],
        )


def _texts(row: Any) -> tuple[str, str]:
    return row.summary, str((row.place or {}).get("text", ""))
