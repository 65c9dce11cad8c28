"""Words of open tickets in an index of their own, and indexes for queues by category and by status."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_QUEUED = "closed_at IS NULL AND merged_into_id IS NULL"
_FOLLOW = """
CREATE FUNCTION words_follow_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE ticket_words SET is_open = NEW.closed_at IS NULL AND NEW.merged_into_id IS NULL
  WHERE ticket_id = NEW.id;
  RETURN NULL;
END $$
"""
_TRIGGER = """
CREATE TRIGGER tickets_words AFTER UPDATE OF closed_at, merged_into_id ON tickets FOR EACH ROW
WHEN ((OLD.closed_at IS NULL AND OLD.merged_into_id IS NULL)
  IS DISTINCT FROM (NEW.closed_at IS NULL AND NEW.merged_into_id IS NULL))
EXECUTE FUNCTION words_follow_ticket()
"""


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """SQLite needs no second index of words: it looks through the one that it has from the newest on."""
    op.drop_index("ix_tickets_queue_category", "tickets")
    for name, columns in (
        ("category", ["category", "town", "due_at", "id"]),
        ("work", ["department", "status", "due_at", "id"]),
        ("recent", ["category", "town", "created_at", "id"]),
    ):
        op.create_index(f"ix_tickets_queue_{name}", "tickets", columns, **_only(_QUEUED))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE ticket_words ADD COLUMN is_open boolean NOT NULL DEFAULT false")
        op.execute(
            "UPDATE ticket_words SET is_open = true FROM tickets WHERE tickets.id = ticket_words.ticket_id"
            " AND tickets.closed_at IS NULL AND tickets.merged_into_id IS NULL"
        )
        # Without a list of what is still to be sorted in: every search would read all of it.
        op.execute(
            "CREATE INDEX ix_ticket_words_open ON ticket_words USING gin (words) WITH (fastupdate = off)"
            " WHERE is_open"
        )
        op.execute("ALTER INDEX ix_ticket_words_words SET (fastupdate = off)")
        op.execute(_FOLLOW)
        op.execute(_TRIGGER)
