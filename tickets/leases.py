"""Work that must be done outside of a transaction, at least once, by any number of processes.

A worker takes rows under a lease in one short transaction, works with no transaction open, and reports in
another. A worker that dies in between loses its lease, and the rows come back. Rows of one *lane* (a
conversation, one receiver's news of one ticket) go in order: only the oldest waiting one of a lane is taken.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from tickets.columns import Base, UtcDateTime

MAX_ATTEMPTS = 18
_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 6 * 3600.0
# In the column `error` of a row that waits for a certain time: what is behind it in its lane goes ahead.
PUT_OFF = "put off"
# For partial indexes: what still waits.
WAITING = "delivered_at IS NULL AND failed_at IS NULL"


class Leased(Base):
    """What such a table has. `failed_at`: given up; `error` says why, also while it is tried again."""

    __abstract__ = True

    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    available_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str] = mapped_column(Text, default="", server_default="")


def waiting(kind: type[Leased]) -> tuple[ColumnElement[bool], ...]:
    """Neither done nor given up."""
    return (kind.delivered_at.is_(None), kind.failed_at.is_(None))


def takeable(kind: type[Leased], now: datetime, *lane: str) -> tuple[ColumnElement[bool], ...]:
    """Waiting, due, leased by nobody, and the oldest of its lane (the columns that name it), but for what was
    put off.
    """
    older = aliased(kind)
    same_lane = [getattr(older, column) == getattr(kind, column) for column in lane]
    return (
        *waiting(kind),
        kind.available_at <= now,
        kind.leased_until.is_(None) | (kind.leased_until <= now),
        ~select(older.id)
        .where(
            *same_lane,
            older.id < kind.id,
            older.delivered_at.is_(None),
            older.failed_at.is_(None),
            older.error != PUT_OFF,
        )
        .exists(),
    )


def lease(row: Leased, now: datetime, seconds: float) -> None:
    """Take a row that was selected for update; this counts as an attempt."""
    row.leased_until = now + timedelta(seconds=seconds)
    row.attempts += 1


async def mark_delivered(session: AsyncSession, kind: type[Leased], now: datetime, *row_ids: int) -> None:
    """They are done. Reporting twice does no harm; it counts also when somebody had given it up meanwhile."""
    await session.execute(
        update(kind)
        .where(kind.id.in_(row_ids), kind.delivered_at.is_(None))
        .values(delivered_at=now, leased_until=None, failed_at=None, error="")
    )


async def mark_failed(
    session: AsyncSession,
    kind: type[Leased],
    row_id: int,
    error: str,
    now: datetime,
    retry_at: datetime | None,
) -> None:
    """It isn't done: try again at `retry_at`, or never if that is None.

    A late report about a row that another worker has done meanwhile changes nothing.
    """
    values: dict[str, Any] = {"leased_until": None, "error": error[:500]}
    values |= {"failed_at": now} if retry_at is None else {"available_at": retry_at}
    await session.execute(update(kind).where(kind.id == row_id, *waiting(kind)).values(**values))


def next_attempt(attempts: int, now: datetime, retry_after_seconds: float | None = None) -> datetime | None:
    """When to try again after so many attempts, or None to give up. Doubles, with jitter; 14 attempts
    take about a day.

    Args:
        retry_after_seconds: what the other side asked for; we never come back earlier.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    pause = min(_FIRST_PAUSE_SECONDS * 2 ** max(attempts - 1, 0), _LONGEST_PAUSE_SECONDS)
    pause *= random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, keeps no secret
    return now + timedelta(seconds=max(pause, retry_after_seconds or 0.0))
