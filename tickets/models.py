"""The tables: conversations and their messages, tickets and their history, photos, the outbox.

Every table of the package is importable from here, so that `Base.metadata` is complete once this module
is imported.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, mapped_column

from tickets.campaign_models import Campaign, CampaignMessage, TopicSubscription
from tickets.check_models import Check, CheckRound, CheckState
from tickets.columns import Base, BigId, Json, StateJson, UtcDateTime, Word, one_of
from tickets.desk_models import OwnTemplate, SavedView, UnitDetail
from tickets.file_models import MadeFile, PaperDraft
from tickets.leases import WAITING, Leased
from tickets.legal_models import AnswerDraft, DraftState, DutyLeave, HandOver, RotaPlan
from tickets.live_models import LiveTalk
from tickets.outward_models import ApiFiling, ApiKey, WebhookDelivery, WebhookReceipt, WebhookSubscription
from tickets.oversight_models import Application, ApplicationKind, Follower
from tickets.quality_models import CardDraft, DraftStatus, Gap, GapGroup, GapKind, GapOutcome, Label
from tickets.recording_models import Recording
from tickets.shared_models import SharedValue
from tickets.staff import AuditEntry, Invitation, Officer, OfficerSession, Role
from tickets.staff_chat_models import StaffLink, StaffTopic
from tickets.workflow import ActorKind, Status, TicketKind

__all__ = [
    "AnswerDraft",
    "ApiFiling",
    "ApiKey",
    "Application",
    "Campaign",
    "CampaignMessage",
    "ApplicationKind",
    "Attachment",
    "AuditEntry",
    "Base",
    "CardDraft",
    "Check",
    "CheckRound",
    "CheckState",
    "Conversation",
    "DraftState",
    "DraftStatus",
    "DutyLeave",
    "Entry",
    "EntryKind",
    "Feedback",
    "Follower",
    "Gap",
    "GapGroup",
    "GapKind",
    "GapOutcome",
    "HandOver",
    "Invitation",
    "Label",
    "LiveTalk",
    "MadeFile",
    "Message",
    "Mode",
    "Officer",
    "OfficerSession",
    "OutboxItem",
    "OwnTemplate",
    "PaperDraft",
    "Priority",
    "Purpose",
    "Recording",
    "ReporterMode",
    "Role",
    "RotaPlan",
    "SavedView",
    "Sender",
    "SharedValue",
    "StaffLink",
    "StaffTopic",
    "Ticket",
    "TicketCounter",
    "TopicSubscription",
    "UnitDetail",
    "WebhookDelivery",
    "WebhookReceipt",
    "WebhookSubscription",
]


class Mode(StrEnum):
    """Who talks in a conversation now."""

    ASSISTANT = "assistant"
    OFFICER = "officer"


class Sender(StrEnum):
    """Who wrote a message."""

    CITIZEN = "citizen"
    ASSISTANT = "assistant"
    OFFICER = "officer"


class ReporterMode(StrEnum):
    """How the citizen wants to appear: confidential is known to the bureau and hidden from the unit."""

    REAL_NAME = "real_name"
    ANONYMOUS = "anonymous"
    CONFIDENTIAL = "confidential"


class Priority(StrEnum):
    """How fast; the periods are in data/deadlines.yml."""

    URGENT = "urgent"
    NORMAL = "normal"


class Purpose(StrEnum):
    """What a photo shows: the matter as reported, or the place afterwards."""

    REPORT = "report"
    AFTER = "after"


class EntryKind(StrEnum):
    """What a line of a ticket's history records."""

    SUBMITTED = "submitted"
    STATUS = "status"
    ASSIGNMENT = "assignment"
    REPLY = "reply"
    NOTE = "note"
    CITIZEN_MESSAGE = "citizen_message"
    HAND_BACK = "hand_back"
    RULING = "ruling"
    URGE = "urge"
    SUPERVISION = "supervision"
    EXTENSION = "extension"
    ESCALATION = "escalation"
    DEADLINE = "deadline"
    RATING = "rating"
    FOLLOWER = "follower"
    MERGE = "merge"
    UNSEAL = "unseal"
    ERASURE = "erasure"
    REVIEW = "review"
    INSPECTION = "inspection"


class Conversation(Base):
    """One citizen's thread on one channel. `state` belongs to the actions; change its top level or
    assign it anew.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("channel", "address"),
        CheckConstraint(one_of("mode", Mode), name="mode"),
        Index(None, "updated_at"),
        {"sqlite_autoincrement": True},
    )

    channel: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(128))
    state: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(StateJson), default=dict)
    mode: Mapped[Mode] = mapped_column(Word(Mode), default=Mode.ASSISTANT)
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    seen_message_id: Mapped[int | None] = mapped_column(BigId)
    gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Message(Base):
    """What was said. `update_id` is the channel's own number of it: the same one twice is the same
    message.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "update_id"),
        CheckConstraint(one_of("sender", Sender), name="sender"),
        Index("ix_messages_conversation_id_id", "conversation_id", "id"),
        Index(
            "ix_messages_unhandled",
            "id",
            sqlite_where=text("handled_at IS NULL AND sender = 'citizen'"),
            postgresql_where=text("handled_at IS NULL AND sender = 'citizen'"),
        ),
        {"sqlite_autoincrement": True},
    )

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    sender: Mapped[Sender] = mapped_column(Word(Sender))
    update_id: Mapped[str | None] = mapped_column(String(128))
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


# As conditions without parameters: only then can the planner see that a query fits an index.
_QUEUED = text("closed_at IS NULL AND merged_into_id IS NULL")
_MERGED = text("merged_into_id IS NOT NULL")
_LEADING = text("merged_into_id IS NULL")
_CLOSED = text("closed_at IS NOT NULL AND merged_into_id IS NULL")
_ENDED = text("closed_at IS NOT NULL")


class Ticket(Base):
    """One matter. Status, department and deadlines change only through `tickets.service`.

    `town` and `department` are codes of the routing data. `latitude` and `longitude` are WGS-84, whatever
    the citizen's device sent (that stays in `place`). `contact` is sealed when the operator has set a
    key. `late_steps` has a bit for each step that was late.
    `entry_count` and `last_hash` repeat the end of the history, so that a cut-off tail shows.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        CheckConstraint(one_of("status", Status), name="status"),
        CheckConstraint(one_of("kind", TicketKind), name="kind"),
        CheckConstraint(one_of("reporter_mode", ReporterMode), name="reporter_mode"),
        CheckConstraint(one_of("priority", Priority), name="priority"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        CheckConstraint("merged_into_id <> id", name="merged_into_id"),
        CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
        CheckConstraint(
            "(closed_at IS NULL) = (status NOT IN ('resolved', 'closed', 'rejected', 'withdrawn'))",
            name="closed_at",
        ),
        # Queues cost the same however many closed tickets there are.
        *(
            Index(f"ix_tickets_queue{name}", *columns, sqlite_where=_QUEUED, postgresql_where=_QUEUED)
            for name, columns in (
                ("", ("due_at", "id")),
                ("_department", ("department", "due_at", "id")),
                ("_officer", ("officer_id", "due_at", "id")),
                ("_status", ("status", "due_at", "id")),
                ("_category", ("category", "town", "due_at", "id")),
                ("_work", ("department", "status", "due_at", "id")),
                # Where a new report looks for one of the same matter.
                ("_recent", ("category", "town", "created_at", "id")),
            )
        ),
        # All that the dashboard counts, so that it reads the index and no ticket.
        Index(
            "ix_tickets_load",
            "department",
            "category",
            "due_at",
            # SQLite reads what the condition of an index names from the row, unless the index holds it.
            "closed_at",
            "merged_into_id",
            sqlite_where=_QUEUED,
            postgresql_where=_QUEUED,
        ),
        Index(
            "ix_tickets_figures",
            "created_at",
            "department",
            "category",
            "closed_at",
            "first_replied_at",
            "first_reply_due_at",
            "due_at",
            "status",
            "rating",
            "is_solved",
            "merged_into_id",
            sqlite_where=_LEADING,
            postgresql_where=_LEADING,
        ),
        # Hardly any ticket is merged: SQLite would take this index for a good way to all others.
        Index("ix_tickets_merged_into_id", "merged_into_id", sqlite_where=_MERGED, postgresql_where=_MERGED),
        Index("ix_tickets_closed_at", "closed_at", sqlite_where=_CLOSED, postgresql_where=_CLOSED),
        # What the clock looks for, and whom to call back.
        *(
            Index(f"ix_tickets_{name}", *columns, sqlite_where=text(only), postgresql_where=text(only))
            for name, columns, only in (
                ("silent", ("status_since",), "status = 'awaiting_citizen' AND merged_into_id IS NULL"),
                ("unarchived", ("status_since",), "status = 'resolved' AND merged_into_id IS NULL"),
                ("followup", ("followup_at",), "followup_at IS NOT NULL"),
            )
        ),
        Index("ix_tickets_closed", "id", sqlite_where=_CLOSED, postgresql_where=_CLOSED),
        Index("ix_tickets_closed_status", "status", "id", sqlite_where=_ENDED, postgresql_where=_ENDED),
        Index(None, "conversation_id", "id"),
        Index(None, "created_at", "id"),
        {"sqlite_autoincrement": True},
    )

    ticket_no: Mapped[str] = mapped_column(String(24), unique=True)
    kind: Mapped[TicketKind] = mapped_column(Word(TicketKind))
    status: Mapped[Status] = mapped_column(Word(Status))
    category: Mapped[str] = mapped_column(String(40))
    categories: Mapped[list[str]] = mapped_column(Json)
    summary: Mapped[str] = mapped_column(Text)
    place: Mapped[dict[str, Any] | None] = mapped_column(Json)
    town: Mapped[str | None] = mapped_column(String(32))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    happened: Mapped[str | None] = mapped_column(Text)
    reporter_mode: Mapped[ReporterMode] = mapped_column(Word(ReporterMode))
    contact: Mapped[str | None] = mapped_column(Text)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"))
    receipt_code_hash: Mapped[str] = mapped_column(String(64))
    request_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    department: Mapped[str] = mapped_column(String(48))
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    priority: Mapped[Priority] = mapped_column(Word(Priority), default=Priority.NORMAL)
    accept_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_reply_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status_since: Mapped[datetime] = mapped_column(UtcDateTime)
    hand_back_count: Mapped[int] = mapped_column(default=0, server_default="0")
    urged_count: Mapped[int] = mapped_column(default=0, server_default="0")
    urged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    supervised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    extension_count: Mapped[int] = mapped_column(default=0, server_default="0")
    reopened_count: Mapped[int] = mapped_column(default=0, server_default="0")
    rating: Mapped[int | None]
    rating_reason: Mapped[str | None] = mapped_column(Text)
    is_solved: Mapped[bool | None]
    followup_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    late_steps: Mapped[int] = mapped_column(default=0, server_default="0")
    escalation_level: Mapped[int] = mapped_column(default=0, server_default="0")
    version: Mapped[int] = mapped_column(default=1)
    entry_count: Mapped[int] = mapped_column(default=0)
    last_hash: Mapped[str] = mapped_column(String(64), default="")

    @property
    def is_open(self) -> bool:
        """True while somebody in the bureau still owes an act."""
        return self.status.is_open


class TicketCounter(Base):
    """The last running number that was given out on a day. Numbers have no gaps: a missing ticket shows."""

    __tablename__ = "ticket_counters"

    day: Mapped[str] = mapped_column(String(8), unique=True)
    last_number: Mapped[int]


class Entry(Base):
    """One line of a ticket's history. Rows are never changed: triggers refuse it, and the hash chain
    shows it.

    The chain covers `content_digest`, a salted digest of `text` and `data`, rather than these themselves:
    so what a citizen has a right to have erased can go (`erased_at`), and the chain still holds.
    """

    __tablename__ = "entries"
    __table_args__ = (
        UniqueConstraint("ticket_id", "number"),
        CheckConstraint(one_of("kind", EntryKind), name="kind"),
        CheckConstraint(one_of("actor_kind", ActorKind), name="actor_kind"),
        CheckConstraint("number > 0", name="number"),
        Index(
            "ix_entries_reopened",
            "at",
            "ticket_id",
            sqlite_where=text("to_status = 'reopened'"),
            postgresql_where=text("to_status = 'reopened'"),
        ),
        {"sqlite_autoincrement": True},
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    number: Mapped[int]
    kind: Mapped[EntryKind] = mapped_column(Word(EntryKind))
    actor_kind: Mapped[ActorKind] = mapped_column(Word(ActorKind))
    actor_id: Mapped[str] = mapped_column(String(64))
    actor_name: Mapped[str] = mapped_column(String(64))
    from_status: Mapped[Status | None] = mapped_column(Word(Status))
    to_status: Mapped[Status | None] = mapped_column(Word(Status))
    text: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    salt: Mapped[str] = mapped_column(String(32))
    content_digest: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Attachment(Base):
    """A photo that belongs to a ticket or a message; the bytes are in the photo store under `sha256`.

    `released_at`: since when anybody may see it, because an officer looked at it and said so.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        CheckConstraint(one_of("purpose", Purpose), name="purpose"),
        Index(None, "sha256"),
        {"sqlite_autoincrement": True},
    )

    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(32), default="image/jpeg")
    width: Mapped[int | None]
    height: Mapped[int | None]
    purpose: Mapped[Purpose] = mapped_column(Word(Purpose), default=Purpose.REPORT)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OutboxItem(Leased):
    """A message that a channel still has to deliver."""

    __tablename__ = "outbox_items"
    __table_args__ = (
        Index(
            "ix_outbox_items_waiting",
            "conversation_id",
            "id",
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
        {"sqlite_autoincrement": True},
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), unique=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))


class Feedback(Base):
    """A citizen's word on one answer."""

    __tablename__ = "feedback"

    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), unique=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    card_id: Mapped[str | None] = mapped_column(String(40))
    helpful: Mapped[bool]
    question: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
