"""The audit log: who did what outside of a ticket's history. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.models import Officer
from tickets.staff import AuditEntry

PAGE_SIZE = 50


def record_audit(
    session: AsyncSession,
    action: str,
    *,
    at: datetime,
    officer: Officer | None = None,
    subject: str = "",
    address: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """Add a line in the caller's transaction.

    Args:
        action: a word such as "sign_in" or "export"; the desk has its label.
        officer: who did it; None for one who isn't signed in or an operator at the console.
        subject: what it was done to: a username, a ticket number.
    """
    session.add(
        AuditEntry(
            at=at,
            actor_id=officer.id if officer else None,
            actor_name=officer.display_name if officer else "",
            action=action[:60],
            subject=storable(subject)[:120],
            address=address[:64],
            data=storable(data or {}),
        )
    )


async def audit_page(session: AsyncSession, page: int, action: str = "") -> Sequence[AuditEntry]:
    """Newest first; one row more than `PAGE_SIZE` says that there is a next page."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc())
    if action:
        query = query.where(AuditEntry.action == action)
    return (await session.scalars(query.offset((max(1, page) - 1) * PAGE_SIZE).limit(PAGE_SIZE + 1))).all()
