"""Tables around a ticket: what a unit applies for, and who else follows it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, UtcDateTime, Word, one_of


class ApplicationKind(StrEnum):
    """What a unit may ask a supervisor for: to be rid of a ticket (退单), or more time (延期)."""

    HAND_BACK = "hand_back"
    EXTENSION = "extension"


class Application(Base):
    """A unit's wish that a supervisor rules on. Until then nothing about the ticket changes, the clock
    included.
    """

    __tablename__ = "applications"
    __table_args__ = (
        CheckConstraint(one_of("kind", ApplicationKind), name="kind"),
        Index(
            "uq_applications_open",
            "ticket_id",
            "kind",
            unique=True,
            sqlite_where=text("ruled_at IS NULL"),
            postgresql_where=text("ruled_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    kind: Mapped[ApplicationKind] = mapped_column(Word(ApplicationKind))
    reason: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(String(48))
    wanted_department: Mapped[str | None] = mapped_column(String(48))
    applied_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ruled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ruled_by: Mapped[str | None] = mapped_column(String(64))
    is_approved: Mapped[bool | None]
    note: Mapped[str] = mapped_column(Text, default="", server_default="")


class Follower(Base):
    """A conversation that is told what happens to a ticket somebody else filed.

    `from_ticket_id`: what they followed, when it was merged into this one; None for whoever chose this one.
    """

    __tablename__ = "followers"
    __table_args__ = (
        UniqueConstraint("ticket_id", "conversation_id"),
        {"sqlite_autoincrement": True},
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    from_ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
