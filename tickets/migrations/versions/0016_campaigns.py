"""Topics that citizens subscribe to, and campaigns to those who did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
_STATES = "'draft', 'approved', 'scheduled', 'sending', 'sent', 'cancelled'"


def upgrade() -> None:
    """Nobody has subscribed to anything yet."""
    op.create_table(
        "campaigns",
        sa.Column("topic", sa.String(24), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("written_by_id", BIG, nullable=False),
        sa.Column("approved_by_id", BIG, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        *(
            sa.Column(name, MOMENT, nullable=True)
            for name in ("scheduled_at", "started_at", "last_batch_at", "finished_at")
        ),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_campaigns_state")),
        sa.CheckConstraint("approved_by_id <> written_by_id", name=op.f("ck_campaigns_second_person")),
        sa.ForeignKeyConstraint(["written_by_id"], ["officers.id"], name=op.f("fk_campaigns_written_by_id")),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["officers.id"], name=op.f("fk_campaigns_approved_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "topic_subscriptions",
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("topic", sa.String(24), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by_id", BIG, nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_topic_subscriptions_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["campaigns.id"], name=op.f("fk_topic_subscriptions_ended_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_subscriptions")),
        sa.UniqueConstraint(
            "conversation_id", "topic", name=op.f("uq_topic_subscriptions_conversation_id_topic")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_topic_subscriptions_topic_ended_at"), "topic_subscriptions", ["topic", "ended_at"]
    )
    op.create_index(op.f("ix_topic_subscriptions_ended_by_id"), "topic_subscriptions", ["ended_by_id"])
    op.create_table(
        "campaign_messages",
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_messages_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_campaign_messages_conversation_id")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_campaign_messages_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_messages")),
        sa.UniqueConstraint(
            "campaign_id", "conversation_id", name=op.f("uq_campaign_messages_campaign_id_conversation_id")
        ),
        sa.UniqueConstraint("message_id", name=op.f("uq_campaign_messages_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_campaign_messages_conversation_id"), "campaign_messages", ["conversation_id"])
