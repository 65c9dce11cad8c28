"""The officers' group on Telegram: whose account is whose, and which topic is which ticket."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nobody is linked yet."""
    op.create_table(
        "staff_links",
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=True),
        sa.Column("code_expires_at", MOMENT, nullable=True),
        sa.Column("telegram_user_id", sa.BigInteger(), nullable=True),
        sa.Column("linked_at", MOMENT, nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_staff_links_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_links")),
        sa.UniqueConstraint("officer_id", name=op.f("uq_staff_links_officer_id")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_staff_links_code_hash")),
        sa.UniqueConstraint("telegram_user_id", name=op.f("uq_staff_links_telegram_user_id")),
    )
    op.create_table(
        "staff_topics",
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("topic_id", sa.BigInteger(), nullable=True),
        sa.Column("told_entry", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_update_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_staff_topics_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_topics")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_staff_topics_ticket_id")),
        sa.UniqueConstraint("chat_id", "topic_id", name=op.f("uq_staff_topics_chat_id_topic_id")),
    )
