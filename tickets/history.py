"""The history of a ticket (执法全过程记录): append-only, each entry chained to the one before by SHA-256.

Whether it is whole is the question of `tickets.verification`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.facts import standing
from tickets.models import Entry, EntryKind, Ticket
from tickets.values import Actor
from tickets.webhook_events import queue_event
from tickets.workflow import Status

FIRST_HASH = "0" * 64
BATCH = 500


def canonical(value: Any) -> bytes:
    """One byte string for one JSON value: keys sorted, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(salt: str, text: str, data: Any) -> str:
    """What the chain covers of an entry's content."""
    return hashlib.sha256(canonical([salt, text, data])).hexdigest()


def hash_of(ticket_no: str, entry: Entry) -> str:
    """The link of the chain that an entry is."""
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
        content_digest=digest_of(salt, text, data),
        previous_hash=ticket.last_hash or FIRST_HASH,
    )
    entry.hash = hash_of(ticket.ticket_no, entry)
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
    data = {"entries": wanted, "stands": standing(ticket)}
    await session.execute(
        update(Entry)
        .where(Entry.ticket_id == ticket.id, Entry.number.in_(wanted), Entry.erased_at.is_(None))
        .values(text="", data={}, salt="", erased_at=at)
        .execution_options(synchronize_session=False)
    )
    return await append_entry(session, ticket, EntryKind.ERASURE, actor, reason, at=at, data=data)


async def histories(
    session: AsyncSession, tickets: Select[Ticket]
) -> AsyncIterator[tuple[Ticket, list[Entry]]]:
    """The chosen tickets by id, each with its entries in order, read in pieces that the session forgets."""
    last = 0
    while True:
        wanted = tickets.where(Ticket.id > last).order_by(Ticket.id).limit(BATCH)
        batch = (await session.scalars(wanted)).all()
        if not batch:
            return
        last = batch[-1].id
        lines = await read_entries(session, [ticket.id for ticket in batch])
        for ticket in batch:
            yield ticket, lines[ticket.id]
        session.expunge_all()


async def read_entries(session: AsyncSession, ticket_ids: Sequence[int]) -> dict[int, list[Entry]]:
    """The entries of some tickets, in order; [] for one that has none."""
    lines: dict[int, list[Entry]] = {ticket_id: [] for ticket_id in ticket_ids}
    rows = select(Entry).where(Entry.ticket_id.in_(lines)).order_by(Entry.ticket_id, Entry.number)
    for entry in await session.scalars(rows):
        lines[entry.ticket_id].append(entry)
    return lines
