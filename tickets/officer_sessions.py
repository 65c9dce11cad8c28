"""Where officers are signed in. A session's token is shown once; the database keeps its SHA-256."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from tickets.models import Officer, OfficerSession
from tickets.tokens import hash_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

IDLE_HOURS = 12
LONGEST_SESSION_DAYS = 7
# A session's last use is written at most this often, so that reading a page rarely writes.
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just begun; `token` exists nowhere else."""

    token: str
    session_id: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The officer behind a cookie."""

    officer: Officer
    session: OfficerSession


async def begin_session(session: AsyncSession, officer_id: int, user_agent: str, now: datetime) -> NewSession:
    """Sign an officer in."""
    token = secrets.token_urlsafe(32)
    row = OfficerSession(
        token_hash=hash_token(token),
        officer_id=officer_id,
        csrf_token=secrets.token_urlsafe(24),
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(hours=IDLE_HOURS),
        user_agent=user_agent[:200],
    )
    session.add(row)
    await session.flush()
    return NewSession(token, row.id)


async def find_session(session: AsyncSession, token: str, now: datetime) -> SignedIn | None:
    """Who holds this token; None when it is unknown, ended or expired, or the account is closed."""
    query = (
        select(OfficerSession, Officer)
        .join(Officer, Officer.id == OfficerSession.officer_id)
        .where(
            OfficerSession.token_hash == hash_token(token),
            OfficerSession.ended_at.is_(None),
            OfficerSession.expires_at > now,
            OfficerSession.created_at > now - timedelta(days=LONGEST_SESSION_DAYS),
            Officer.is_active,
        )
    )
    row = (await session.execute(query)).first()
    return SignedIn(row[1], row[0]) if row else None


async def touch_session(session: AsyncSession, session_id: int, now: datetime) -> None:
    """Put off the expiry, because the session was used."""
    await session.execute(
        update(OfficerSession)
        .where(OfficerSession.id == session_id, OfficerSession.ended_at.is_(None))
        .values(last_seen_at=now, expires_at=now + timedelta(hours=IDLE_HOURS))
    )


async def open_sessions(session: AsyncSession, officer_id: int, now: datetime) -> Sequence[OfficerSession]:
    """Where an officer is signed in, last used first."""
    query = (
        select(OfficerSession)
        .where(
            OfficerSession.officer_id == officer_id,
            OfficerSession.ended_at.is_(None),
            OfficerSession.expires_at > now,
        )
        .order_by(OfficerSession.last_seen_at.desc())
    )
    return (await session.scalars(query)).all()


async def end_sessions(
    session: AsyncSession, officer_id: int, now: datetime, *, only: int | None = None, but: int | None = None
) -> None:
    """Sign an officer out: everywhere, of the session `only`, or of all `but` one."""
    query = update(OfficerSession).where(
        OfficerSession.officer_id == officer_id, OfficerSession.ended_at.is_(None)
    )
    if only is not None:
        query = query.where(OfficerSession.id == only)
    if but is not None:
        query = query.where(OfficerSession.id != but)
    await session.execute(query.values(ended_at=now))
