"""Hand-backs, extensions, supervision, ratings, followers and merged tickets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
_COUNTS = ("hand_back_count", "urged_count", "extension_count", "reopened_count", "escalation_level")


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Tickets that exist have no hand-back, no rating and no follower."""
    with op.batch_alter_table("tickets") as batch:
        for name in _COUNTS:
            batch.add_column(sa.Column(name, sa.Integer(), server_default="0", nullable=False))
        for name in ("urged_at", "supervised_at", "followup_at", "status_since"):
            batch.add_column(sa.Column(name, MOMENT, nullable=True))
        batch.add_column(sa.Column("rating", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("rating_reason", sa.Text(), nullable=True))
        batch.add_column(sa.Column("merged_into_id", BIG, nullable=True))
        batch.create_foreign_key(op.f("fk_tickets_merged_into_id"), "tickets", ["merged_into_id"], ["id"])
        batch.create_check_constraint(op.f("ck_tickets_rating"), "rating BETWEEN 1 AND 5")
        batch.create_check_constraint(op.f("ck_tickets_merged_into_id"), "merged_into_id <> id")
    # The newest entry is the best guess for what was not written down before.
    op.execute("UPDATE tickets SET status_since = updated_at")
    with op.batch_alter_table("tickets") as batch:
        batch.alter_column("status_since", existing_type=MOMENT, nullable=False)
    op.create_index("ix_tickets_merged_into_id", "tickets", ["merged_into_id"])
    op.create_table(
        "applications",
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("department", sa.String(48), nullable=False),
        sa.Column("wanted_department", sa.String(48), nullable=True),
        sa.Column("applied_by", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ruled_at", MOMENT, nullable=True),
        sa.Column("ruled_by", sa.String(64), nullable=True),
        sa.Column("is_approved", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint("kind IN ('hand_back', 'extension')", name=op.f("ck_applications_kind")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_applications_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_applications_ticket_id", "applications", ["ticket_id"])
    op.create_index(
        "uq_applications_open",
        "applications",
        ["ticket_id", "kind"],
        unique=True,
        **_only("ruled_at IS NULL"),
    )
    op.create_table(
        "followers",
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("from_ticket_id", BIG, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_followers_ticket_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_followers_conversation_id")
        ),
        sa.ForeignKeyConstraint(["from_ticket_id"], ["tickets.id"], name=op.f("fk_followers_from_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followers")),
        sa.UniqueConstraint(
            "ticket_id", "conversation_id", name=op.f("uq_followers_ticket_id_conversation_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_followers_conversation_id", "followers", ["conversation_id"])
