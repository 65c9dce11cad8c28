"""Random checks: rounds, drawn tickets, and an index for tickets by the day they were closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
_STATES = "'drawn', 'passed', 'to_rectify', 'rectified', 'confirmed'"


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    """Nothing that exists changes."""
    closed = sa.text("closed_at IS NOT NULL AND merged_into_id IS NULL")
    op.create_index(
        "ix_tickets_closed_at", "tickets", ["closed_at"], sqlite_where=closed, postgresql_where=closed
    )
    op.create_table(
        "check_rounds",
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("sample_size", sa.Integer(), nullable=False),
        sa.Column("candidate_count", sa.Integer(), nullable=False),
        sa.Column("list_text", sa.Text(), nullable=False),
        sa.Column("list_hash", sa.String(64), nullable=False),
        sa.Column("announced_by", BIG, nullable=False),
        sa.Column("announced_at", MOMENT, nullable=False),
        sa.Column("seed", sa.Text(), nullable=True),
        sa.Column("seed_source", sa.Text(), server_default="", nullable=False),
        sa.Column("drawn_on", sa.Date(), nullable=True),
        sa.Column("drawn_by", BIG, nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_check_rounds_days")),
        sa.CheckConstraint("sample_size > 0", name=op.f("ck_check_rounds_sample_size")),
        sa.CheckConstraint("(seed IS NULL) = (drawn_on IS NULL)", name=op.f("ck_check_rounds_drawn")),
        _refers("check_rounds", "announced_by", "officers"),
        _refers("check_rounds", "drawn_by", "officers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_rounds")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "checks",
        sa.Column("round_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(48), nullable=False),
        sa.Column("reviewer_id", BIG, nullable=False),
        sa.Column("recused", JSON, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("scores", JSON, nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("findings", sa.Text(), server_default="", nullable=False),
        sa.Column("checked_at", MOMENT, nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("rectification", sa.Text(), server_default="", nullable=False),
        sa.Column("rectified_by", BIG, nullable=True),
        sa.Column("rectified_at", MOMENT, nullable=True),
        sa.Column("confirmation", sa.Text(), server_default="", nullable=False),
        sa.Column("confirmed_by", BIG, nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_checks_state")),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_checks_score")),
        _refers("checks", "round_id", "check_rounds"),
        _refers("checks", "ticket_id", "tickets"),
        _refers("checks", "reviewer_id", "officers"),
        _refers("checks", "rectified_by", "officers"),
        _refers("checks", "confirmed_by", "officers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checks")),
        sa.UniqueConstraint("round_id", "ticket_id", name=op.f("uq_checks_round_id_ticket_id")),
        sa.UniqueConstraint("round_id", "position", name=op.f("uq_checks_round_id_position")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checks_ticket_id", "checks", ["ticket_id"])
    op.create_index("ix_checks_reviewer_id_state", "checks", ["reviewer_id", "state"])
    op.create_index("ix_checks_department_state", "checks", ["department", "state"])
