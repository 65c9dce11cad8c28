"""Tables of the people who work here and how they get in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, true
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, Json, UtcDateTime, Word, one_of


class Role(StrEnum):
    """What an officer is here for. What each may do is the desk's table of permissions."""

    OFFICER = "officer"
    UNIT_HEAD = "unit_head"
    LEGAL_ADVISER = "legal_adviser"
    LEGAL_REVIEWER = "legal_reviewer"
    SUPERVISOR = "supervisor"
    KNOWLEDGE_EDITOR = "knowledge_editor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"

    @property
    def label(self) -> str:
        """The word that people read."""
        return _ROLE_LABELS[self]


_ROLE_LABELS = {
    Role.OFFICER: "工作人员",
    Role.UNIT_HEAD: "单位负责人",
    Role.LEGAL_ADVISER: "法律顾问",
    Role.LEGAL_REVIEWER: "法制审核",
    Role.SUPERVISOR: "督办",
    Role.KNOWLEDGE_EDITOR: "知识库编辑",
    Role.ADMINISTRATOR: "系统管理员",
    Role.AUDITOR: "审计",
}


class Officer(Base):
    """Somebody with an account on the desk. Never deleted, because entries name them: `is_active` goes
    off.
    """

    __tablename__ = "officers"
    __table_args__ = (
        CheckConstraint(one_of("role", Role), name="role"),
        Index(None, "department"),
        {"sqlite_autoincrement": True},
    )

    username: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(String(256))
    role: Mapped[Role] = mapped_column(Word(Role))
    department: Mapped[str | None] = mapped_column(String(48))
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    last_totp_step: Mapped[int | None]
    is_active: Mapped[bool] = mapped_column(server_default=true(), default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OfficerSession(Base):
    """One browser that is signed in. Only the hash of its token is kept."""

    __tablename__ = "officer_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    officer_id: Mapped[int] = mapped_column(ForeignKey("officers.id"), index=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user_agent: Mapped[str] = mapped_column(Text, default="", server_default="")


class Invitation(Base):
    """A one-time link to make an account with a role. Only the hash of its token is kept."""

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint(one_of("role", Role), name="role"),
        {"sqlite_autoincrement": True},
    )

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(Word(Role))
    department: Mapped[str | None] = mapped_column(String(48))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuditEntry(Base):
    """Who looked at or changed what outside of a ticket's history: sign-ins, exports, opened contact
    data, settings.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "at"),
        Index(None, "actor_id", "at"),
        {"sqlite_autoincrement": True},
    )

    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    actor_name: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120), default="", server_default="")
    address: Mapped[str] = mapped_column(String(64), default="", server_default="")
    data: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
