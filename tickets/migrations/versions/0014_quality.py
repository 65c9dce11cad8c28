"""What the assistant did not serve well, labels, and cards written at the desk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nothing is missed yet."""
    op.create_table(
        "gap_groups",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_by", BIG, nullable=True),
        sa.Column("outcome", sa.String(24), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["closed_by"], ["officers.id"], name=op.f("fk_gap_groups_closed_by")),
        sa.CheckConstraint("outcome IN ('card', 'label', 'dismissed')", name=op.f("ck_gap_groups_outcome")),
        sa.CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name=op.f("ck_gap_groups_closed_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap_groups")),
        sqlite_autoincrement=True,
    )
    still_open = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_gap_groups_open",
        "gap_groups",
        ["count", "id"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "gaps",
        sa.Column("group_id", BIG, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("card_id", sa.String(40), nullable=True),
        sa.Column("intent", sa.String(40), server_default="", nullable=False),
        sa.Column("category", sa.String(40), nullable=True),
        sa.Column("confidence", sa.Double(), server_default="0", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["gap_groups.id"], name=op.f("fk_gaps_group_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_gaps_message_id")),
        sa.CheckConstraint("kind IN ('unanswered', 'disliked', 'unclear')", name=op.f("ck_gaps_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaps")),
        sa.UniqueConstraint("message_id", name=op.f("uq_gaps_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_gaps_group_id"), "gaps", ["group_id"])
    _create_labels()
    _create_card_drafts()


def _create_labels() -> None:
    op.create_table(
        "labels",
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("intent", sa.String(40), nullable=False),
        sa.Column("category", sa.String(40), nullable=True),
        sa.Column("group_id", BIG, nullable=True),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["gap_groups.id"], name=op.f("fk_labels_group_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_labels_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint("text", name=op.f("uq_labels_text")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_labels_group_id"), "labels", ["group_id"])


def _create_card_drafts() -> None:
    op.create_table(
        "card_drafts",
        sa.Column("card_id", sa.String(40), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("group_id", BIG, nullable=True),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("reviewer_id", BIG, nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["gap_groups.id"], name=op.f("fk_card_drafts_group_id")),
        sa.ForeignKeyConstraint(["author_id"], ["officers.id"], name=op.f("fk_card_drafts_author_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["officers.id"], name=op.f("fk_card_drafts_reviewer_id")),
        sa.CheckConstraint(
            "status IN ('draft', 'in_review', 'published', 'withdrawn')", name=op.f("ck_card_drafts_status")
        ),
        sa.CheckConstraint("reviewer_id <> author_id", name=op.f("ck_card_drafts_four_eyes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_drafts")),
        sqlite_autoincrement=True,
    )
    under_way = sa.text("status IN ('draft', 'in_review')")
    op.create_index(
        "uq_card_drafts_under_way",
        "card_drafts",
        ["card_id"],
        unique=True,
        sqlite_where=under_way,
        postgresql_where=under_way,
    )
    op.create_index(op.f("ix_card_drafts_group_id"), "card_drafts", ["group_id"])
    op.create_index(op.f("ix_card_drafts_published_at"), "card_drafts", ["published_at"])
