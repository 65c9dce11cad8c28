"""What citizens say for a paper, sealed, for a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Nobody writes a paper yet."""
    op.create_table(
        "paper_drafts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_paper_drafts_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_drafts")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_paper_drafts_conversation_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_paper_drafts_expires_at"), "paper_drafts", ["expires_at"])
