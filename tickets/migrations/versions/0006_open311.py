"""Keys of other systems, what they filed, and photos that anybody may see."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Photos that exist stay unreleased: nobody has looked at them for that."""
    op.add_column("attachments", sa.Column("released_at", MOMENT, nullable=True))
    op.create_index(op.f("ix_tickets_created_at_id"), "tickets", ["created_at", "id"])
    op.create_table(
        "api_keys",
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("daily_quota", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint("daily_quota > 0", name=op.f("ck_api_keys_daily_quota")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "api_filings",
        sa.Column("api_key_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_api_filings_api_key_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_api_filings_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_filings")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_api_filings_ticket_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_api_filings_api_key_id_created_at"), "api_filings", ["api_key_id", "created_at"])
