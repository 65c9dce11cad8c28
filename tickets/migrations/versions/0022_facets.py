"""Beside the words of a ticket in the index: its unit, officer, category, town, kind and marks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_CLOSED = "closed_at IS NOT NULL"
_FACETS = """
CREATE FUNCTION facets_of(ticket tickets) RETURNS tsvector LANGUAGE sql STABLE AS $$
  SELECT array_to_tsvector(array_remove(ARRAY[
    'unit_' || ticket.department,
    'officer_' || ticket.officer_id,
    'category_' || ticket.category,
    'town_' || ticket.town,
    'kind_' || ticket.kind,
    CASE WHEN ticket.priority = 'urgent' THEN 'mark_urgent' END,
    CASE WHEN ticket.supervised_at IS NOT NULL THEN 'mark_supervised' END
  ], NULL))
$$
"""
_FOLLOW = """
CREATE OR REPLACE FUNCTION words_follow_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE ticket_words
  SET is_open = NEW.closed_at IS NULL AND NEW.merged_into_id IS NULL, facets = facets_of(NEW)
  WHERE ticket_id = NEW.id;
  RETURN NULL;
END $$
"""
_TRIGGER = """
CREATE TRIGGER tickets_words AFTER UPDATE ON tickets FOR EACH ROW
WHEN ((OLD.closed_at IS NULL AND OLD.merged_into_id IS NULL)
  IS DISTINCT FROM (NEW.closed_at IS NULL AND NEW.merged_into_id IS NULL)
  OR facets_of(OLD) IS DISTINCT FROM facets_of(NEW))
EXECUTE FUNCTION words_follow_ticket()
"""


def upgrade() -> None:
    """Lists of closed tickets by status get an index everywhere; SQLite finds the rest by walking."""
    closed = sa.text(_CLOSED)
    op.create_index(
        "ix_tickets_closed_status",
        "tickets",
        ["status", "id"],
        sqlite_where=closed,
        postgresql_where=closed,
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(_FACETS)
    op.execute("DROP INDEX ix_ticket_words_words")
    op.execute("DROP INDEX ix_ticket_words_open")
    op.execute("ALTER TABLE ticket_words ADD COLUMN facets tsvector NOT NULL DEFAULT ''")
    op.execute(
        "UPDATE ticket_words SET facets = facets_of(tickets) FROM tickets"
        " WHERE tickets.id = ticket_words.ticket_id"
    )
    op.execute(
        "CREATE INDEX ix_ticket_words_words ON ticket_words USING gin (words, facets) WITH (fastupdate = off)"
    )
    op.execute(
        "CREATE INDEX ix_ticket_words_open ON ticket_words USING gin (words, facets) WITH (fastupdate = off)"
        " WHERE is_open"
    )
    op.execute(_FOLLOW)
    op.execute("DROP TRIGGER tickets_words ON tickets")
    op.execute(_TRIGGER)
