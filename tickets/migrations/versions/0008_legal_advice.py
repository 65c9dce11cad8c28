"""The rota of legal advisers, and answers that wait for a legal review."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from tickets.migrations.entry_kinds import add_entry_kinds

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
_STATES = "'pending', 'approved', 'returned', 'withdrawn'"


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _officer(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["officers.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    """Nothing that exists changes; the history learns of reviews and inspections."""
    add_entry_kinds("review", "inspection")
    op.create_table(
        "rota_plans",
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("officer_ids", JSON, nullable=False),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        _officer("rota_plans", "created_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rota_plans")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rota_plans_starts_on", "rota_plans", ["starts_on"])
    op.create_table(
        "duty_leaves",
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_duty_leaves_days")),
        _officer("duty_leaves", "officer_id"),
        _officer("duty_leaves", "created_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_leaves")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_duty_leaves_last_day", "duty_leaves", ["last_day"])
    op.create_table(
        "hand_overs",
        sa.Column("from_officer_id", BIG, nullable=False),
        sa.Column("to_officer_id", BIG, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("passed_at", MOMENT, nullable=True),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_hand_overs_days")),
        sa.CheckConstraint("from_officer_id <> to_officer_id", name=op.f("ck_hand_overs_officers")),
        _officer("hand_overs", "from_officer_id"),
        _officer("hand_overs", "to_officer_id"),
        _officer("hand_overs", "created_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_overs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hand_overs_last_day", "hand_overs", ["last_day"])
    op.create_table(
        "answer_drafts",
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("resolves", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=False),
        sa.Column("reviewer_id", BIG, nullable=True),
        sa.Column("reviewed_at", MOMENT, nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_answer_drafts_state")),
        sa.CheckConstraint("reviewer_id <> author_id", name=op.f("ck_answer_drafts_four_eyes")),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'returned') OR reviewer_id IS NOT NULL",
            name=op.f("ck_answer_drafts_reviewed"),
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_answer_drafts_ticket_id")),
        _officer("answer_drafts", "author_id"),
        _officer("answer_drafts", "reviewer_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_drafts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_answer_drafts_ticket_id", "answer_drafts", ["ticket_id"])
    op.create_index(
        "uq_answer_drafts_pending", "answer_drafts", ["ticket_id"], unique=True, **_only("state = 'pending'")
    )
