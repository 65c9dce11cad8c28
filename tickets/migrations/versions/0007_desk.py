"""Officers' own views of the queue, and reply templates that are written on the desk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Nobody has any yet."""
    op.create_table(
        "saved_views",
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_saved_views_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("officer_id", "name", name=op.f("uq_saved_views_officer_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "own_templates",
        sa.Column("department", sa.String(48), nullable=True),
        sa.Column("title", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("statuses", JSON, nullable=False),
        sa.Column("categories", JSON, nullable=False),
        sa.Column("changed_by", BIG, nullable=True),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["officers.id"], name=op.f("fk_own_templates_changed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_templates")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_own_templates_department"), "own_templates", ["department"])
