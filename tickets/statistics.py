"""Figures for the dashboard: load, promptness and what people report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Integer, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.deadlines import SHANGHAI
from tickets.models import Entry, EntryKind, Ticket
from tickets.workflow import Status


@dataclass(frozen=True, slots=True)
class Load:
    """What one unit has to do, and how prompt it was with what was filed in the period.

    Attributes:
        first_replies_in_time: share, 0 to 1, of tickets whose first reply is due or done; None without any.
        resolved_in_time: the same for resolving.
    """

    code: str
    open: int
    overdue: int
    filed: int
    first_replies_in_time: float | None
    resolved_in_time: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one dashboard; `since` is the first day of the period."""

    since: date
    units: tuple[Load, ...]
    categories: tuple[tuple[str, int], ...]
    days: tuple[tuple[date, int], ...]
    reopened: int

    @property
    def open(self) -> int:
        """Open tickets of all units."""
        return sum(unit.open for unit in self.units)

    @property
    def overdue(self) -> int:
        """Overdue tickets of all units."""
        return sum(unit.overdue for unit in self.units)

    @property
    def filed(self) -> int:
        """Tickets filed in the period."""
        return sum(unit.filed for unit in self.units)


async def figures(
    session: AsyncSession, scope: ColumnElement[bool], now: datetime, days: int = 30
) -> Figures:
    """The figures of the last `days` days, today among them."""
    today = now.astimezone(SHANGHAI).date()
    since = today - timedelta(days=days - 1)
    begins = datetime.combine(since, datetime.min.time(), SHANGHAI)
    return Figures(
        since,
        await _units(session, scope, now, begins),
        await _categories(session, scope, begins),
        await _days(session, scope, begins, since, days),
        await _reopened(session, scope, begins),
    )


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


async def _units(
    session: AsyncSession, scope: ColumnElement[bool], now: datetime, begins: datetime
) -> tuple[Load, ...]:
    is_open = Ticket.closed_at.is_(None)
    is_new = Ticket.created_at >= begins
    counts_reply = is_new & (
        Ticket.first_replied_at.is_not(None) | (is_open & (Ticket.first_reply_due_at < now))
    )
    counts_end = is_new & (Ticket.closed_at.is_not(None) | (Ticket.due_at < now))
    counts_end &= Ticket.status.not_in((Status.WITHDRAWN, Status.REJECTED))
    query = (
        select(
            Ticket.department,
            _number(is_open),
            _number(is_open & (Ticket.due_at < now)),
            _number(is_new),
            _number(counts_reply),
            _number(counts_reply & (Ticket.first_replied_at <= Ticket.first_reply_due_at)),
            _number(counts_end),
            _number(counts_end & (Ticket.closed_at <= Ticket.due_at)),
        )
        .where(scope, is_open | is_new)
        .group_by(Ticket.department)
    )
    rows = (await session.execute(query)).all()
    loads = [
        Load(row[0], row[1], row[2], row[3], _share(row[5], row[4]), _share(row[7], row[6])) for row in rows
    ]
    return tuple(sorted(loads, key=lambda load: (-load.open, -load.filed, load.code)))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


async def _categories(
    session: AsyncSession, scope: ColumnElement[bool], begins: datetime
) -> tuple[tuple[str, int], ...]:
    number = func.count()
    query = (
        select(Ticket.category, number)
        .where(scope, Ticket.created_at >= begins)
        .group_by(Ticket.category)
        .order_by(number.desc(), Ticket.category)
    )
    return tuple((row[0], row[1]) for row in (await session.execute(query)).all())


async def _days(
    session: AsyncSession, scope: ColumnElement[bool], begins: datetime, since: date, days: int
) -> tuple[tuple[date, int], ...]:
    # Days of Shanghai, counted from the first: every database can do that, for the zone has no summer time.
    if session.get_bind().dialect.name == "sqlite":
        seconds: ColumnElement[int] = cast(func.strftime("%s", Ticket.created_at), Integer)
    else:
        seconds = cast(func.floor(func.extract("epoch", Ticket.created_at)), Integer)
    day = (seconds - int(begins.timestamp())) // 86400
    query = select(day.label("day"), func.count()).where(scope, Ticket.created_at >= begins).group_by("day")
    numbers = {int(row[0]): row[1] for row in (await session.execute(query)).all()}
    return tuple((since + timedelta(days=index), numbers.get(index, 0)) for index in range(days))


async def _reopened(session: AsyncSession, scope: ColumnElement[bool], begins: datetime) -> int:
    query = (
        select(func.count(func.distinct(Entry.ticket_id)))
        .join(Ticket, Ticket.id == Entry.ticket_id)
        .where(
            scope,
            Entry.at >= begins,
            Entry.kind == EntryKind.STATUS,
            Entry.to_status == Status.REOPENED,
        )
    )
    return await session.scalar(query) or 0
