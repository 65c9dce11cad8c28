"""The first tables, and triggers that keep the history append-only."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)

_ROLES = "officer unit_head legal_adviser legal_reviewer supervisor knowledge_editor administrator auditor"
_STATUSES = (
    "submitted accepted assigned in_progress awaiting_citizen resolved closed reopened rejected withdrawn"
)
_ENTRY_KINDS = (
    "submitted status assignment reply note citizen_message hand_back ruling urge supervision extension"
    " escalation deadline rating follower merge unseal erasure"
)

# What the hash chain covers never changes; text, data and salt may only be emptied, once.
_FROZEN = (
    "id",
    "ticket_id",
    "number",
    "kind",
    "actor_kind",
    "actor_id",
    "actor_name",
    "from_status",
    "to_status",
    "at",
    "content_digest",
    "previous_hash",
    "hash",
)


def _one_of(column: str, words: str) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words.split())})"


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Create everything."""
    _people()
    _conversations()
    _tickets()
    _messages()
    _append_only()


def _people() -> None:
    op.create_table(
        "officers",
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.Column("role", sa.String(24), nullable=False),
        sa.Column("department", sa.String(length=48), nullable=True),
        sa.Column("totp_secret", sa.String(length=64), nullable=True),
        sa.Column("last_totp_step", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint(
            _one_of(
                "role",
                _ROLES,
            ),
            name=op.f("ck_officers_role"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officers")),
        sa.UniqueConstraint("username", name=op.f("uq_officers_username")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_officers_department", "officers", ["department"])
    op.create_table(
        "officer_sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_officer_sessions_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_officer_sessions_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_officer_sessions_officer_id", "officer_sessions", ["officer_id"])
    op.create_table(
        "invitations",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(24), nullable=False),
        sa.Column("department", sa.String(length=48), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint(
            _one_of(
                "role",
                _ROLES,
            ),
            name=op.f("ck_invitations_role"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_entries",
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_id", BIG, nullable=True),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), server_default="", nullable=False),
        sa.Column("address", sa.String(length=64), server_default="", nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["officers.id"], name=op.f("fk_audit_entries_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"])
    op.create_index("ix_audit_entries_actor_id_at", "audit_entries", ["actor_id", "at"])


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=128), nullable=False),
        sa.Column("state", JSON, nullable=False),
        sa.Column("mode", sa.String(24), nullable=False),
        sa.Column("officer_id", BIG, nullable=True),
        sa.Column("seen_message_id", BIG, nullable=True),
        sa.Column("gone_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint(_one_of("mode", "assistant officer"), name=op.f("ck_conversations_mode")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_conversations_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("channel", "address", name=op.f("uq_conversations_channel_address")),
        sqlite_autoincrement=True,
    )


def _tickets() -> None:
    op.create_table(
        "ticket_counters",
        sa.Column("day", sa.String(length=8), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_counters")),
        sa.UniqueConstraint("day", name=op.f("uq_ticket_counters_day")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tickets",
        sa.Column("ticket_no", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("categories", JSON, nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("place", JSON, nullable=True),
        sa.Column("town", sa.String(length=32), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("happened", sa.Text(), nullable=True),
        sa.Column("reporter_mode", sa.String(24), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("conversation_id", BIG, nullable=True),
        sa.Column("receipt_code_hash", sa.String(length=64), nullable=False),
        sa.Column("request_key", sa.String(length=64), nullable=True),
        sa.Column("department", sa.String(length=48), nullable=False),
        sa.Column("officer_id", BIG, nullable=True),
        sa.Column("priority", sa.String(24), nullable=False),
        sa.Column("accept_due_at", MOMENT, nullable=True),
        sa.Column("first_reply_due_at", MOMENT, nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("first_replied_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("last_hash", sa.String(length=64), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint(
            _one_of("kind", "consultation help complaint tip suggestion"), name=op.f("ck_tickets_kind")
        ),
        sa.CheckConstraint(_one_of("priority", "urgent normal"), name=op.f("ck_tickets_priority")),
        sa.CheckConstraint(
            _one_of("reporter_mode", "real_name anonymous confidential"),
            name=op.f("ck_tickets_reporter_mode"),
        ),
        sa.CheckConstraint(
            _one_of(
                "status",
                _STATUSES,
            ),
            name=op.f("ck_tickets_status"),
        ),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_tickets_position")
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_tickets_version")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_tickets_conversation_id")
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_tickets_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("ticket_no", name=op.f("uq_tickets_ticket_no")),
        sa.UniqueConstraint("request_key", name=op.f("uq_tickets_request_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tickets_category_town_status", "tickets", ["category", "town", "status"])
    op.create_index("ix_tickets_conversation_id_id", "tickets", ["conversation_id", "id"])
    op.create_index("ix_tickets_department_status_due_at", "tickets", ["department", "status", "due_at"])
    op.create_index("ix_tickets_officer_id_status_due_at", "tickets", ["officer_id", "status", "due_at"])
    op.create_index("ix_tickets_status_due_at", "tickets", ["status", "due_at"])
    op.create_table(
        "entries",
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("actor_kind", sa.String(24), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("from_status", sa.String(24), nullable=True),
        sa.Column("to_status", sa.String(24), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint(
            _one_of("actor_kind", "citizen officer system"), name=op.f("ck_entries_actor_kind")
        ),
        sa.CheckConstraint(
            _one_of(
                "kind",
                _ENTRY_KINDS,
            ),
            name=op.f("ck_entries_kind"),
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_entries_number")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_entries_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("ticket_id", "number", name=op.f("uq_entries_ticket_id_number")),
        sqlite_autoincrement=True,
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("sender", sa.String(24), nullable=False),
        sa.Column("update_id", sa.String(length=128), nullable=True),
        sa.Column("content", JSON, nullable=False),
        sa.Column("ticket_id", BIG, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("handled_at", MOMENT, nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint(_one_of("sender", "citizen assistant officer"), name=op.f("ck_messages_sender")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_messages_conversation_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_messages_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "conversation_id", "update_id", name=op.f("uq_messages_conversation_id_update_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_conversation_id_id", "messages", ["conversation_id", "id"])
    op.create_index("ix_messages_ticket_id", "messages", ["ticket_id"])
    op.create_index(
        "ix_messages_unhandled", "messages", ["id"], **_only("handled_at IS NULL AND sender = 'citizen'")
    )
    op.create_table(
        "attachments",
        sa.Column("ticket_id", BIG, nullable=True),
        sa.Column("message_id", BIG, nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.CheckConstraint(_one_of("purpose", "report after"), name=op.f("ck_attachments_purpose")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_attachments_message_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_attachments_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_attachments_message_id", "attachments", ["message_id"])
    op.create_index("ix_attachments_sha256", "attachments", ["sha256"])
    op.create_index("ix_attachments_ticket_id", "attachments", ["ticket_id"])
    op.create_table(
        "outbox_items",
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("available_at", MOMENT, nullable=False),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.Column("failed_at", MOMENT, nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_outbox_items_conversation_id")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_outbox_items_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_items")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_items_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_items_waiting",
        "outbox_items",
        ["conversation_id", "id"],
        **_only("delivered_at IS NULL AND failed_at IS NULL"),
    )
    op.create_table(
        "feedback",
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("card_id", sa.String(length=40), nullable=True),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_feedback_conversation_id")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_feedback_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("message_id", name=op.f("uq_feedback_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_feedback_conversation_id", "feedback", ["conversation_id"])


def _append_only() -> None:
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _FROZEN)
    illegal = (
        f"{changed} OR OLD.erased_at IS NOT NULL OR NEW.erased_at IS NULL"
        " OR NEW.text <> '' OR NEW.salt <> '' OR CAST(NEW.data AS TEXT) <> '{}'"
    )
    if op.get_bind().dialect.name == "sqlite":
        refuse = "BEGIN SELECT RAISE(ABORT, 'history is append-only'); END"
        illegal = illegal.replace("IS DISTINCT FROM", "IS NOT")
        op.execute(f"CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries WHEN {illegal} {refuse}")
        op.execute(f"CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries {refuse}")
        return
    op.execute(
        "CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'history is append-only'; END $$"
    )
    run = "EXECUTE FUNCTION refuse_history_change()"
    op.execute(
        f"CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries FOR EACH ROW WHEN ({illegal}) {run}"
    )
    op.execute(f"CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries FOR EACH ROW {run}")
    op.execute(f"CREATE TRIGGER entries_no_truncate BEFORE TRUNCATE ON entries FOR EACH STATEMENT {run}")
