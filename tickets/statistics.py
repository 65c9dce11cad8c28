"""Figures for supervision: load, promptness, the three rates, and what people report.

Three bounded queries give everything by unit and category, each on an index of its own. `tickets.rates`
computes the three rates again from the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Executable, Integer, Row, case, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.deadlines import SHANGHAI
from tickets.models import Entry, Ticket
from tickets.workflow import Status

# From this score on a citizen is satisfied (满意); the scores run from 1 to 5.
SATISFIED_FROM = 4
MAX_DAYS = 731


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in Shanghai, both ends included."""

    first: date
    last: date

    @classmethod
    def until(cls, day: date, days: int) -> Period:
        """The last `days` days, `day` among them."""
        return cls(day - timedelta(days=days - 1), day)

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def begins(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, datetime.min.time(), SHANGHAI)

    @property
    def ends(self) -> datetime:
        """The first moment that isn't in it any more."""
        return datetime.combine(self.last + timedelta(days=1), datetime.min.time(), SHANGHAI)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one unit, one category, or all. `open` and `overdue` are of now, `reopened` counts reopenings
    in the period, all else is of the tickets that were filed in it.

    Attributes:
        replies: tickets whose first reply is made or due; `replies_in_time` of them were in time.
        endings: tickets that are closed or due, without those withdrawn or rejected.
        rated: tickets with the citizen's verdict; `score` is the sum of their scores.
    """

    code: str = ""
    open: int = 0
    overdue: int = 0
    filed: int = 0
    replies: int = 0
    replies_in_time: int = 0
    endings: int = 0
    endings_in_time: int = 0
    rated: int = 0
    solved: int = 0
    satisfied: int = 0
    score: int = 0
    reopened: int = 0

    @property
    def response_rate(self) -> float | None:
        """响应率: first replies in time, 0 to 1; None without any."""
        return _share(self.replies_in_time, self.replies)

    @property
    def in_time_rate(self) -> float | None:
        """按期办结率: resolved in time."""
        return _share(self.endings_in_time, self.endings)

    @property
    def solved_rate(self) -> float | None:
        """解决率: of those who said, who said that it is solved."""
        return _share(self.solved, self.rated)

    @property
    def satisfaction_rate(self) -> float | None:
        """满意率: of those who rated, who are satisfied."""
        return _share(self.satisfied, self.rated)

    @property
    def average_score(self) -> float | None:
        """Mean score, 1 to 5."""
        return _share(self.score, self.rated)


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one dashboard.

    Attributes:
        units, categories: most open first, then most filed.
        days: what was filed on each day of the period.
        scores: how many tickets of the period got 1, 2 ... 5.
    """

    period: Period
    total: Tally
    units: tuple[Tally, ...]
    categories: tuple[Tally, ...]
    days: tuple[tuple[date, int], ...]
    scores: tuple[int, ...]


_COUNTS = tuple(field.name for field in fields(Tally) if field.name != "code")


async def figures(
    session: AsyncSession, scope: ColumnElement[bool], now: datetime, period: Period
) -> Figures:
    """The figures of a period over the tickets that `scope` covers; merged tickets rest and don't count."""
    scope &= Ticket.merged_into_id.is_(None)
    cells: list[tuple[str, str, dict[str, int]]] = []
    for query in figure_queries(scope, now, period):
        cells += [_cell(row) for row in await session.execute(query)]
    return Figures(
        period,
        _sum("", (counts for _, _, counts in cells)),
        _by_code((department, counts) for department, _, counts in cells),
        _by_code((category, counts) for _, category, counts in cells),
        await _days(session, scope, period),
        await _scores(session, scope, period),
    )


def figure_queries(scope: ColumnElement[bool], now: datetime, period: Period) -> tuple[Executable, ...]:
    """Counts by unit and category: of open tickets, of those filed in the period, of reopenings in it."""
    return _load(scope, now), _filed(scope, now, period), _reopened(scope, period)


def _cell(row: Row[Any]) -> tuple[str, str, dict[str, int]]:
    found = dict(row._mapping)
    return found.pop("department"), found.pop("category"), found


def _sum(code: str, parts: Iterable[dict[str, int]]) -> Tally:
    counts = dict.fromkeys(_COUNTS, 0)
    for part in parts:
        for name, number in part.items():
            counts[name] += int(number)
    return Tally(code, **counts)


def _by_code(parts: Iterable[tuple[str, dict[str, int]]]) -> tuple[Tally, ...]:
    groups: dict[str, list[dict[str, int]]] = {}
    for code, counts in parts:
        groups.setdefault(code, []).append(counts)
    tallies = [_sum(code, group) for code, group in groups.items()]
    return tuple(sorted(tallies, key=lambda tally: (-tally.open, -tally.filed, tally.code)))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _load(scope: ColumnElement[bool], now: datetime) -> Executable:
    return (
        select(
            Ticket.department,
            Ticket.category,
            func.count().label("open"),
            _number(Ticket.due_at < now).label("overdue"),
        )
        .where(scope, Ticket.closed_at.is_(None))
        .group_by(Ticket.department, Ticket.category)
    )


def _filed(scope: ColumnElement[bool], now: datetime, period: Period) -> Executable:
    is_replied = Ticket.first_replied_at.is_not(None)
    counts_reply = is_replied | (Ticket.closed_at.is_(None) & (Ticket.first_reply_due_at < now))
    counts_end = (Ticket.closed_at.is_not(None) | (Ticket.due_at < now)) & Ticket.status.not_in(
        (Status.WITHDRAWN, Status.REJECTED)
    )
    is_rated = Ticket.rating.is_not(None) & Ticket.is_solved.is_not(None)
    return (
        select(
            Ticket.department,
            Ticket.category,
            func.count().label("filed"),
            _number(counts_reply).label("replies"),
            _number(counts_reply & (Ticket.first_replied_at <= Ticket.first_reply_due_at)).label(
                "replies_in_time"
            ),
            _number(counts_end).label("endings"),
            _number(counts_end & (Ticket.closed_at <= Ticket.due_at)).label("endings_in_time"),
            _number(is_rated).label("rated"),
            _number(is_rated & Ticket.is_solved.is_(True)).label("solved"),
            _number(is_rated & (Ticket.rating >= SATISFIED_FROM)).label("satisfied"),
            func.coalesce(func.sum(case((is_rated, Ticket.rating), else_=0)), 0).label("score"),
        )
        .where(scope, *_within(period))
        .group_by(Ticket.department, Ticket.category)
    )


def _within(period: Period) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Ticket.created_at >= period.begins, Ticket.created_at < period.ends


def _reopened(scope: ColumnElement[bool], period: Period) -> Executable:
    return (
        select(Ticket.department, Ticket.category, func.count().label("reopened"))
        .join(Entry, Entry.ticket_id == Ticket.id)
        .where(
            scope,
            Entry.at >= period.begins,
            Entry.at < period.ends,
            # In the words of the index, so that the planner sees that it fits.
            text("entries.to_status = 'reopened'"),
        )
        .group_by(Ticket.department, Ticket.category)
    )


async def _scores(session: AsyncSession, scope: ColumnElement[bool], period: Period) -> tuple[int, ...]:
    query = (
        select(Ticket.rating, func.count())
        .where(scope, *_within(period), Ticket.rating.is_not(None), Ticket.is_solved.is_not(None))
        .group_by(Ticket.rating)
    )
    numbers = {row[0]: row[1] for row in await session.execute(query)}
    return tuple(numbers.get(score, 0) for score in range(1, 6))


async def _days(
    session: AsyncSession, scope: ColumnElement[bool], period: Period
) -> tuple[tuple[date, int], ...]:
    # Days of Shanghai, counted from the first: every database can do that, for the zone has no summer time.
    if session.get_bind().dialect.name == "sqlite":
        seconds: ColumnElement[int] = cast(func.strftime("%s", Ticket.created_at), Integer)
    else:
        seconds = cast(func.floor(func.extract("epoch", Ticket.created_at)), Integer)
    day = (seconds - int(period.begins.timestamp())) // 86400
    query = select(day.label("day"), func.count()).where(scope, *_within(period)).group_by("day")
    numbers = {int(row[0]): row[1] for row in await session.execute(query)}
    return tuple(
        (period.first + timedelta(days=index), numbers.get(index, 0)) for index in range(period.days)
    )
