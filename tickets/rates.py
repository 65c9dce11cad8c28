"""The three rates (响应率、解决率、满意率) computed again from the history alone.

The dashboard counts columns of `tickets`, which is fast. Somebody who doubts it, or who reached into these
columns, is answered by the append-only history: here nothing of a ticket is read but what never changes (its
unit for the filter) and, where an erasure emptied the history, kind, priority and the first reply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.deadlines import WorkingCalendar
from tickets.errors import CalendarYearMissing
from tickets.facts import is_told
from tickets.history import histories
from tickets.models import Entry, EntryKind, Ticket
from tickets.statistics import SATISFIED_FROM, Period, Tally
from tickets.workflow import Status


@dataclass(slots=True)
class Rates:
    """The counts behind the three rates; the names are those of `Tally`."""

    filed: int = 0
    replies: int = 0
    replies_in_time: int = 0
    rated: int = 0
    solved: int = 0
    satisfied: int = 0

    @classmethod
    def of(cls, tally: Tally) -> Rates:
        """What the dashboard says."""
        return cls(
            tally.filed, tally.replies, tally.replies_in_time, tally.rated, tally.solved, tally.satisfied
        )


async def rates_from_history(
    session: AsyncSession,
    period: Period,
    calendar: WorkingCalendar,
    now: datetime,
    department: str | None = None,
) -> Rates:
    """Go through the history of every ticket filed in the period, in batches."""
    found = Rates()
    async for ticket, entries in histories(session, _filed_in(period, department)):
        if not _is_merged(entries):
            _count(found, ticket, entries, calendar, now)
    return found


def _filed_in(period: Period, department: str | None) -> Select[Ticket]:
    wanted = (
        select(Ticket)
        .join(Entry, (Entry.ticket_id == Ticket.id) & (Entry.number == 1))
        .where(Entry.at >= period.begins, Entry.at < period.ends)
    )
    return wanted if department is None else wanted.where(Ticket.department == department)


def _count(
    found: Rates, ticket: Ticket, entries: Sequence[Entry], calendar: WorkingCalendar, now: datetime
) -> None:
    found.filed += 1
    replied_at = _first_reply(ticket, entries)
    due_at = _first_reply_due(ticket, entries, calendar)
    stands = next((entry.to_status for entry in reversed(entries) if entry.to_status), Status.SUBMITTED)
    if replied_at is not None or (stands.is_open and due_at is not None and due_at < now):
        found.replies += 1
        found.replies_in_time += replied_at is not None and due_at is not None and replied_at <= due_at
    verdict = next((entry for entry in reversed(entries) if entry.kind is EntryKind.RATING), None)
    if verdict is not None and verdict.erased_at is None:
        found.rated += 1
        found.solved += bool(verdict.data["is_solved"])
        found.satisfied += verdict.data["score"] >= SATISFIED_FROM


def _first_reply(ticket: Ticket, entries: Sequence[Entry]) -> datetime | None:
    """When an officer first said what the citizen reads: a reply, a note beside a move, a live word."""
    if any(entry.erased_at is not None for entry in entries):
        return ticket.first_replied_at
    return next((entry.at for entry in entries if is_told(entry)), None)


def _is_merged(entries: Sequence[Entry]) -> bool:
    """Whether the ticket rests in another one now."""
    acts = [
        entry.data
        for entry in entries
        if entry.kind is EntryKind.MERGE and not entry.data.keys().isdisjoint({"into", "out_of"})
    ]
    return bool(acts) and "into" in acts[-1]


def _first_reply_due(ticket: Ticket, entries: Sequence[Entry], calendar: WorkingCalendar) -> datetime | None:
    """As promised when the ticket was filed, or when the year's calendar became known."""
    for entry in entries:
        promised = entry.data.get("first_reply_due_at")
        if promised:
            return datetime.fromisoformat(promised).astimezone(UTC)
    try:
        return calendar.due_times(ticket.kind, ticket.priority, entries[0].at).first_reply
    except CalendarYearMissing:
        return None
