"""Tables of what officers set up on the desk for their own work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, Json, UtcDateTime


class SavedView(Base):
    """A view of the queue with a name, one officer's own. `query` is that of the queue's address."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("officer_id", "name"), {"sqlite_autoincrement": True})

    officer_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    name: Mapped[str] = mapped_column(String(20))
    query: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UnitDetail(Base):
    """What the desk knows of a unit beside the routing data; for officers only.

    Attributes:
        department: the unit's code in the routing data.
        phone: of its duty desk; "" if nobody has said.
        note: where it sits, when it is reached.
    """

    __tablename__ = "unit_details"
    __table_args__ = (UniqueConstraint("department"), {"sqlite_autoincrement": True})

    department: Mapped[str] = mapped_column(String(48))
    phone: Mapped[str] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(String(200))
    changed_by: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OwnTemplate(Base):
    """A reply template that was written on the desk.

    Attributes:
        department: whose it is; None: everybody's.
        statuses: where it is offered; empty: everywhere. `categories` likewise.
    """

    __tablename__ = "own_templates"
    __table_args__ = (Index(None, "department"), {"sqlite_autoincrement": True})

    department: Mapped[str | None] = mapped_column(String(48))
    title: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    statuses: Mapped[list[Any]] = mapped_column(Json)
    categories: Mapped[list[Any]] = mapped_column(Json)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
