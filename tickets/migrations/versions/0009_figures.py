"""The citizen's verdict beside the score, and indexes for the figures of supervision."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """What citizens said so far is in the history; the last word counts."""
    op.add_column("tickets", sa.Column("is_solved", sa.Boolean(), nullable=True))
    _take_over_verdicts(op.get_bind())
    op.create_index(
        "ix_tickets_load",
        "tickets",
        ["department", "category", "due_at"],
        **_only("closed_at IS NULL AND merged_into_id IS NULL"),
    )
    op.create_index(
        "ix_tickets_figures",
        "tickets",
        [
            "created_at",
            "department",
            "category",
            "closed_at",
            "first_replied_at",
            "first_reply_due_at",
            "due_at",
            "status",
            "rating",
            "is_solved",
        ],
        **_only("merged_into_id IS NULL"),
    )
    op.create_index("ix_entries_reopened", "entries", ["at", "ticket_id"], **_only("to_status = 'reopened'"))


def _take_over_verdicts(connection: sa.Connection) -> None:
    rows = connection.execute(
        sa.text("SELECT ticket_id, data FROM entries WHERE kind = 'rating' ORDER BY ticket_id, number")
    )
    said: dict[int, bool] = {}
    for ticket_id, data in rows:
        verdict = json.loads(data) if isinstance(data, str) else data
        if "is_solved" in verdict:
            said[ticket_id] = bool(verdict["is_solved"])
    if said:
        connection.execute(
            sa.text("UPDATE tickets SET is_solved = :is_solved WHERE id = :id"),
            [{"id": ticket_id, "is_solved": is_solved} for ticket_id, is_solved in said.items()],
        )
