"""Small values that all processes share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A table of its own; nothing there was before."""
    op.create_table(
        "shared_values",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_values")),
        sa.UniqueConstraint("name", name=op.f("uq_shared_values_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_shared_values_expires_at"), "shared_values", ["expires_at"])
