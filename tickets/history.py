"""The history of a ticket (执法全过程记录): append-only, each entry chained to the one before by SHA-256.

`verify` finds edits, gaps, cut-off tails and vanished tickets. It cannot find a history that somebody
with full control of the database rewrote from some point on with all its hashes; for that, write the
`Verification.digest` that `wenfa tickets verify` prints into a place that this somebody does not control.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.models import Entry, EntryKind, Ticket, TicketCounter
from tickets.values import Actor
from tickets.webhook_events import queue_event
from tickets.workflow import Status

FIRST_HASH = "0" * 64
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        ticket_no: of the ticket, also of one that is missing.
        number: of the entry, or None when the ticket as a whole is meant.
        what: "edited", "content_edited", "gap", "tail_missing", "extra_entry", "status_differs",
        "ticket_missing",
            "unexplained_erasure".
    """

    ticket_no: str
    number: int | None
    what: str


@dataclass(slots=True)
class Verification:
    """What `verify_all` found; `digest` stands for the state of all histories at once."""

    tickets: int = 0
    entries: int = 0
    problems: list[Problem] = field(default_factory=list)
    digest: str = ""


def canonical(value: Any) -> bytes:
    """One byte string for one JSON value: keys sorted, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _digest(salt: str, text: str, data: Any) -> str:
    return hashlib.sha256(canonical([salt, text, data])).hexdigest()


def _hash(ticket_no: str, entry: Entry) -> str:
    form = {
        "ticket_no": ticket_no,
        "number": entry.number,
        "kind": entry.kind,
        "actor": [entry.actor_kind, entry.actor_id, entry.actor_name],
        "from_status": entry.from_status,
        "to_status": entry.to_status,
        "content": entry.content_digest,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "previous": entry.previous_hash,
    }
    return hashlib.sha256(canonical(form)).hexdigest()


async def append_entry(
    session: AsyncSession,
    ticket: Ticket,
    kind: EntryKind,
    actor: Actor,
    text: str = "",
    *,
    at: datetime,
    from_status: Status | None = None,
    to_status: Status | None = None,
    data: dict[str, Any] | None = None,
) -> Entry:
    """Add a line to a ticket's history. The caller holds the ticket's row lock.

    Args:
        data: JSON without floats, because databases write those in more than one way.
    """
    text, data, salt = storable(text), storable(data or {}), secrets.token_hex(16)
    entry = Entry(
        ticket_id=ticket.id,
        number=ticket.entry_count + 1,
        kind=kind,
        actor_kind=actor.kind,
        actor_id=storable(actor.id),
        actor_name=storable(actor.name),
        from_status=from_status,
        to_status=to_status,
        text=text,
        data=data,
        at=at.astimezone(UTC),
        salt=salt,
        content_digest=_digest(salt, text, data),
        previous_hash=ticket.last_hash or FIRST_HASH,
    )
    entry.hash = _hash(ticket.ticket_no, entry)
    session.add(entry)
    ticket.entry_count = entry.number
    ticket.last_hash = entry.hash
    ticket.updated_at = at
    await session.flush()
    await queue_event(session, ticket, entry)
    return entry


async def erase_entries(
    session: AsyncSession, ticket: Ticket, numbers: Sequence[int], actor: Actor, reason: str, at: datetime
) -> Entry:
    """Empty the text and data of some entries for good, and add the tombstone that says which and why."""
    wanted = sorted(set(numbers))
    await session.execute(
        update(Entry)
        .where(Entry.ticket_id == ticket.id, Entry.number.in_(wanted), Entry.erased_at.is_(None))
        .values(text="", data={}, salt="", erased_at=at)
        .execution_options(synchronize_session=False)
    )
    return await append_entry(
        session, ticket, EntryKind.ERASURE, actor, reason, at=at, data={"entries": wanted}
    )


async def verify(session: AsyncSession, ticket_id: int | None = None) -> list[Problem]:
    """Check one ticket's history, or all of them; [] means that all is well."""
    return (await verify_all(session, ticket_id)).problems


async def verify_all(session: AsyncSession, ticket_id: int | None = None) -> Verification:
    """Check histories in batches, so that a million tickets don't have to fit into memory."""
    found = Verification()
    state = hashlib.sha256()
    wanted = select(Ticket) if ticket_id is None else select(Ticket).where(Ticket.id == ticket_id)
    async for ticket, entries in histories(session, wanted):
        found.tickets += 1
        found.entries += len(entries)
        found.problems += _check(ticket, entries)
        state.update(f"{ticket.ticket_no}:{ticket.entry_count}:{ticket.last_hash}\n".encode())
    if ticket_id is None:
        found.problems += await _missing_tickets(session)
    found.digest = state.hexdigest()
    return found


async def histories(
    session: AsyncSession, tickets: Select[Ticket]
) -> AsyncIterator[tuple[Ticket, list[Entry]]]:
    """The chosen tickets by id, each with its entries in order, read in pieces that the session forgets."""
    last = 0
    while True:
        wanted = tickets.where(Ticket.id > last).order_by(Ticket.id).limit(_BATCH)
        batch = (await session.scalars(wanted)).all()
        if not batch:
            return
        last = batch[-1].id
        lines: dict[int, list[Entry]] = {ticket.id: [] for ticket in batch}
        rows = select(Entry).where(Entry.ticket_id.in_(lines)).order_by(Entry.ticket_id, Entry.number)
        for entry in await session.scalars(rows):
            lines[entry.ticket_id].append(entry)
        for ticket in batch:
            yield ticket, lines[ticket.id]
        session.expunge_all()


def _check(ticket: Ticket, entries: list[Entry]) -> list[Problem]:
    problems = []
    previous, number = FIRST_HASH, 0
    for entry in entries:
        number += 1
        if entry.number != number:
            problems.append(Problem(ticket.ticket_no, number, "gap"))
            number = entry.number
        elif entry.previous_hash != previous:
            problems.append(Problem(ticket.ticket_no, number, "edited"))
        problems += _check_entry(ticket.ticket_no, entry)
        previous = entry.hash
    return problems + _check_end(ticket, entries) + _check_erasures(ticket, entries)


def _check_entry(ticket_no: str, entry: Entry) -> list[Problem]:
    if entry.hash != _hash(ticket_no, entry):
        return [Problem(ticket_no, entry.number, "edited")]
    is_whole = entry.erased_at is not None or entry.content_digest == _digest(
        entry.salt, entry.text, entry.data
    )
    return [] if is_whole else [Problem(ticket_no, entry.number, "content_edited")]


def _check_end(ticket: Ticket, entries: list[Entry]) -> list[Problem]:
    last = entries[-1].number if entries else 0
    if last < ticket.entry_count or not entries:
        return [Problem(ticket.ticket_no, ticket.entry_count, "tail_missing")]
    if last > ticket.entry_count or entries[-1].hash != ticket.last_hash:
        return [Problem(ticket.ticket_no, last, "extra_entry")]
    stands = next((entry.to_status for entry in reversed(entries) if entry.to_status), None)
    if stands is not None and stands != ticket.status:
        return [Problem(ticket.ticket_no, None, "status_differs")]
    return []


def _check_erasures(ticket: Ticket, entries: list[Entry]) -> list[Problem]:
    explained: set[int] = set()
    for entry in entries:
        if entry.kind is EntryKind.ERASURE:
            explained.update(entry.data.get("entries", ()))
    return [
        Problem(ticket.ticket_no, entry.number, "unexplained_erasure")
        for entry in entries
        if entry.erased_at is not None and entry.number not in explained
    ]


async def _missing_tickets(session: AsyncSession) -> list[Problem]:
    """Numbers of a day run without gaps, so one that isn't there was deleted."""
    problems = []
    for counter in await session.scalars(select(TicketCounter).order_by(TicketCounter.day)):
        found = set(
            await session.scalars(select(Ticket.ticket_no).where(Ticket.ticket_no.like(f"%{counter.day}-%")))
        )
        present = {int(ticket_no.rsplit("-", 1)[1]) for ticket_no in found}
        problems += [
            Problem(f"{counter.day}-{number:04d}", None, "ticket_missing")
            for number in range(1, counter.last_number + 1)
            if number not in present
        ]
    return problems
