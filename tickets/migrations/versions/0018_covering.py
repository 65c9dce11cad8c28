"""Indexes that hold all that the figures count, and one of merged tickets that doesn't hold all others."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """SQLite reads the column of a partial index's condition from the row, unless the index holds it, too."""
    op.drop_index("ix_tickets_merged_into_id", "tickets")
    op.create_index(
        "ix_tickets_merged_into_id", "tickets", ["merged_into_id"], **_only("merged_into_id IS NOT NULL")
    )
    op.drop_index("ix_tickets_load", "tickets")
    op.create_index(
        "ix_tickets_load",
        "tickets",
        ["department", "category", "due_at", "closed_at", "merged_into_id"],
        **_only("closed_at IS NULL AND merged_into_id IS NULL"),
    )
    op.drop_index("ix_tickets_figures", "tickets")
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
            "merged_into_id",
        ],
        **_only("merged_into_id IS NULL"),
    )
