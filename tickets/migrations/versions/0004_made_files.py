"""Files that the assistant made for a citizen, sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """A table of its own; nothing there was before."""
    op.create_table(
        "made_files",
        sa.Column("id", BIG, nullable=False),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("media_type", sa.String(120), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_made_files_size")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_made_files_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_made_files")),
        sa.UniqueConstraint("conversation_id", "sha256", name=op.f("uq_made_files_conversation_id_sha256")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_made_files_created_at"), "made_files", ["created_at"])
