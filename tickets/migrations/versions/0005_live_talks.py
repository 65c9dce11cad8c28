"""Conversations in which a person is asked for, or talks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nobody talks yet."""
    op.create_table(
        "live_talks",
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=True),
        sa.Column("officer_id", BIG, nullable=True),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("waiting_since", MOMENT, nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_live_talks_conversation_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_live_talks_ticket_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_live_talks_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_talks")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_live_talks_conversation_id")),
        sqlite_autoincrement=True,
    )
    for column in ("ticket_id", "officer_id", "waiting_since"):
        op.create_index(op.f(f"ix_live_talks_{column}"), "live_talks", [column])
    op.create_index(op.f("ix_conversations_updated_at"), "conversations", ["updated_at"])
