"""Indexes that hold open tickets only, so that queues cost the same however many closed ones there are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CLOSED = "'resolved', 'closed', 'rejected', 'withdrawn'"


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """`closed_at` tells open from closed; rows that contradict their status are set right first."""
    op.execute(f"UPDATE tickets SET closed_at = NULL WHERE status NOT IN ({_CLOSED})")  # noqa: S608 - constant
    op.execute(
        "UPDATE tickets SET closed_at = status_since"  # noqa: S608 - constant
        f" WHERE status IN ({_CLOSED}) AND closed_at IS NULL"
    )
    with op.batch_alter_table("tickets") as batch:
        batch.create_check_constraint(
            op.f("ck_tickets_closed_at"), f"(closed_at IS NULL) = (status NOT IN ({_CLOSED}))"
        )
    for name in (
        "status_due_at",
        "department_status_due_at",
        "officer_id_status_due_at",
        "category_town_status",
    ):
        op.drop_index(f"ix_tickets_{name}", "tickets")
    queued = _only("closed_at IS NULL AND merged_into_id IS NULL")
    op.create_index("ix_tickets_queue", "tickets", ["due_at", "id"], **queued)
    op.create_index("ix_tickets_queue_department", "tickets", ["department", "due_at", "id"], **queued)
    op.create_index("ix_tickets_queue_officer", "tickets", ["officer_id", "due_at", "id"], **queued)
    op.create_index("ix_tickets_queue_status", "tickets", ["status", "due_at", "id"], **queued)
    op.create_index("ix_tickets_queue_category", "tickets", ["category", "town", "id"], **queued)
    op.create_index(
        "ix_tickets_closed", "tickets", ["id"], **_only("closed_at IS NOT NULL AND merged_into_id IS NULL")
    )
