"""Is the history of every ticket whole, and is every ticket what its history says?

Found are edits, gaps and cut-off tails of the history; vanished and slipped-in tickets; columns of a ticket,
its photos, voice messages, reviewed answers and applications that aren't what the history says; photos whose
bytes were changed or are gone. A history that somebody with full control of the database wrote anew with all
its hashes is whole in itself: that shows only beside a list of last hashes that was kept elsewhere (`Kept`).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.errors import ContactSealed
from tickets.facts import differing, recorded_photos, recorded_voices
from tickets.history import BATCH, FIRST_HASH, digest_of, hash_of, read_entries
from tickets.models import Attachment, Entry, EntryKind, Recording, Ticket, TicketCounter
from tickets.recordings import open_recording
from tickets.verified_acts import wrong_acts

if TYPE_CHECKING:
    from tickets.photos import PhotoStore
    from tickets.vault import Vault

_NUMBER = re.compile(r"(\d{8})-(\d+)$")
# What a database holds can have become unreadable: no date, no JSON, a word that isn't one.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)

# Ticket number -> how many entries it had, and the hash of the last.
Kept = Mapping[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        ticket_no: of the ticket, also of one that is missing; of a day, when its counter is meant.
        number: of the entry, or None when the ticket as a whole is meant.
        what: "edited", "content_edited", "gap", "tail_missing", "extra_entry", "unexplained_erasure",
            "erasure_undone", "status_differs" and the like for other facts, "photos_differ", "photo_changed",
            "photo_missing", "original_changed", "original_unreadable" (gone, or its key is),
            "recordings_differ", "recording_changed", "answer_differs",
            "application_differs", "unreadable", "ticket_missing", "counter_differs", "orphaned_entries",
            "rewritten".
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where the bytes lie that histories name.

    Attributes:
        vault: opens voice messages and originals; without it their bytes aren't looked at.
    """

    photos: PhotoStore
    vault: Vault | None = None


async def verify(session: AsyncSession, ticket_id: int | None = None) -> list[Problem]:
    """Check one ticket's history, or all of them; [] means that all is well. Files aren't looked at."""
    return (await verify_all(session, ticket_id)).problems


async def verify_all(
    session: AsyncSession,
    ticket_id: int | None = None,
    *,
    evidence: Evidence | None = None,
    kept: Kept | None = None,
    keep: Callable[[str, int, str], None] | None = None,
) -> Verification:
    """Check histories in batches, so that a million tickets don't have to fit into memory.

    Args:
        session: of `Database.reading`: one unchanging view, while others go on writing.
        evidence: look at the bytes of photos and voice messages, too.
        kept: what an earlier run handed to `keep`.
        keep: is given each ticket's number, length and last hash.

    Raises: OSError, when the photo store can't be used now.
    """
    run = _Run(session, evidence, kept)
    state = hashlib.sha256()
    wanted = select(Ticket.id, Ticket.ticket_no)
    wanted = wanted if ticket_id is None else wanted.where(Ticket.id == ticket_id)
    last = 0
    while batch := (await session.execute(_after(wanted, last))).all():
        last = batch[-1].id
        for ticket_no, count, last_hash in await run.check({row.id: row.ticket_no for row in batch}):
            state.update(f"{ticket_no}:{count}:{last_hash}\n".encode())
            if keep is not None:
                keep(ticket_no, count, last_hash)
        session.expunge_all()
    if ticket_id is None:
        await run.check_whole()
    run.found.digest = state.hexdigest()
    return run.found


def _after(wanted: Select[int, str], last: int) -> Select[int, str]:
    return wanted.where(Ticket.id > last).order_by(Ticket.id).limit(BATCH)


class _Run:
    """One verification under way."""

    def __init__(self, session: AsyncSession, evidence: Evidence | None, kept: Kept | None) -> None:
        self.session = session
        self.evidence = evidence
        self.kept = kept or {}
        self.found = Verification()
        self.numbers: defaultdict[str, set[int]] = defaultdict(set)
        self.seen: set[str] = set()

    def add(self, ticket_no: str, what: str, number: int | None = None) -> None:
        """One more problem."""
        self.found.problems.append(Problem(ticket_no, number, what))

    async def check(self, batch: Mapping[int, str]) -> list[tuple[str, int, str]]:
        """Check some tickets (id -> number). Returns number, length and last hash of each."""
        for ticket_no in batch.values():
            self._note_number(ticket_no)
        try:
            return await self._check(list(batch))
        except _UNREADABLE:
            self.session.expunge_all()
        ends = []
        for ticket_id, ticket_no in batch.items():
            try:
                ends += await self._check([ticket_id])
            except _UNREADABLE:
                self.session.expunge_all()
                self.add(ticket_no, "unreadable")
        return ends

    async def _check(self, ids: Sequence[int]) -> list[tuple[str, int, str]]:
        chosen = select(Ticket).where(Ticket.id.in_(ids)).order_by(Ticket.id)
        tickets = (await self.session.scalars(chosen)).all()
        entries = await read_entries(self.session, ids)
        into = {ticket.merged_into_id for ticket in tickets if ticket.merged_into_id is not None}
        names = await self.session.execute(select(Ticket.id, Ticket.ticket_no).where(Ticket.id.in_(into)))
        numbers = {row.id: row.ticket_no for row in names}
        problems: list[Problem] = []
        whole: dict[int, list[Entry]] = {}
        for ticket in tickets:
            lines = entries[ticket.id]
            broken = [*_check_chain(ticket, lines), *self._against_kept(ticket.ticket_no, lines)]
            problems += broken
            if not broken:
                # What a broken history says of the rest proves nothing.
                whole[ticket.id] = lines
                merged_into = numbers.get(ticket.merged_into_id or 0)
                wrong = [f"{name}_differs" for name in differing(ticket, lines, merged_into)]
                problems += [Problem(ticket.ticket_no, None, what) for what in wrong]
        called = {ticket.id: ticket.ticket_no for ticket in tickets}
        for ticket_id, what in (
            *await wrong_acts(self.session, whole),
            *await self._wrong_photos(whole),
            *await self._wrong_voices(whole),
        ):
            problems.append(Problem(called[ticket_id], None, what))
        self.found.tickets += len(tickets)
        self.found.entries += sum(map(len, entries.values()))
        self.found.problems += problems
        return [(ticket.ticket_no, ticket.entry_count, ticket.last_hash) for ticket in tickets]

    def _against_kept(self, ticket_no: str, entries: Sequence[Entry]) -> list[Problem]:
        count, last_hash = self.kept.get(ticket_no, (0, ""))
        if not count or (len(entries) >= count and entries[count - 1].hash == last_hash):
            return []
        return [Problem(ticket_no, count, "rewritten")]

    async def _wrong_photos(self, entries: Mapping[int, list[Entry]]) -> list[tuple[int, str]]:
        columns = (Attachment.ticket_id, Attachment.sha256, Attachment.purpose)
        rows = await self.session.execute(select(*columns).where(Attachment.ticket_id.in_(entries)))
        attached: defaultdict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
        for ticket_id, sha256, purpose in rows:
            attached[ticket_id or 0][(sha256, str(purpose))] += 1
        wrong = [
            (ticket_id, "photos_differ")
            for ticket_id, lines in entries.items()
            if attached[ticket_id] != recorded_photos(lines)
        ]
        if self.evidence is not None:
            named = {ticket_id: {sha256 for sha256, _ in photos} for ticket_id, photos in attached.items()}
            wrong += await asyncio.to_thread(_wrong_files, self.evidence, named)
        return wrong

    async def _wrong_voices(self, entries: Mapping[int, list[Entry]]) -> list[tuple[int, str]]:
        """What was said may go before the ticket does, so only what is there is looked at."""
        if not any(line.data.get("recordings") for lines in entries.values() for line in lines):
            return []
        rows = await self.session.scalars(select(Recording).where(Recording.ticket_id.in_(entries)))
        wrong = []
        for row in rows:
            ticket_id = row.ticket_id or 0
            if row.sha256 not in recorded_voices(entries[ticket_id]):
                wrong.append((ticket_id, "recordings_differ"))
            elif self.evidence is not None and not _sounds_right(row, self.evidence.vault):
                wrong.append((ticket_id, "recording_changed"))
        return wrong

    def _note_number(self, ticket_no: str) -> None:
        if self.kept:
            self.seen.add(ticket_no)
        if found := _NUMBER.search(ticket_no):
            self.numbers[found[1]].add(int(found[2]))

    async def check_whole(self) -> None:
        """Numbers of a day run without gaps, so one that isn't there was deleted."""
        counters = {
            counter.day: counter.last_number
            for counter in await self.session.scalars(select(TicketCounter).order_by(TicketCounter.day))
        }
        for day, last_number in counters.items():
            for number in range(1, last_number + 1):
                if number not in self.numbers[day]:
                    self.add(f"{day}-{number:04d}", "ticket_missing")
        for day, numbers in sorted(self.numbers.items()):
            if numbers and max(numbers) > counters.get(day, 0):
                self.add(day, "counter_differs")
        for ticket_no in self.kept.keys() - self.seen:
            self.add(ticket_no, "ticket_missing")
        ownerless = select(Entry.ticket_id).outerjoin(Ticket, Ticket.id == Entry.ticket_id)
        for ticket_id in await self.session.scalars(ownerless.where(Ticket.id.is_(None)).distinct()):
            self.add(f"id {ticket_id}", "orphaned_entries")


def _wrong_files(evidence: Evidence, named: Mapping[int, Iterable[str]]) -> list[tuple[int, str]]:
    wrong = []
    for ticket_id, hashes in named.items():
        wrong += [(ticket_id, what) for sha256 in sorted(hashes) if (what := _wrong_file(evidence, sha256))]
    return wrong


def _wrong_file(evidence: Evidence, sha256: str) -> str:
    try:
        content = evidence.photos.read(sha256)
    except FileNotFoundError:
        return "photo_missing"
    except ValueError:
        return "photo_changed"
    if hashlib.sha256(content).hexdigest() != sha256:
        return "photo_changed"
    if evidence.vault is None:
        return ""
    vault, originals = evidence.vault, evidence.photos.originals(sha256)
    return next((what for one in originals if (what := _wrong_original(evidence.photos, one, vault))), "")


def _wrong_original(photos: PhotoStore, sha256: str, vault: Vault) -> str:
    """Those of before there were keys lie in clear."""
    stored: list[bytes] = []

    def unseal(content: bytes) -> bytes:
        stored.append(content)
        return vault.open_bytes(content) if vault.has_key_of(content) else content

    try:
        photos.read_original(sha256, unseal)
    except (FileNotFoundError, ValueError, ContactSealed):
        return "original_changed" if stored and vault.has_key_of(stored[0]) else "original_unreadable"
    return ""


def _sounds_right(row: Recording, vault: Vault | None) -> bool:
    if vault is None:
        return True
    try:
        return hashlib.sha256(open_recording(row, vault)).hexdigest() == row.sha256
    except ContactSealed:
        return False


def _check_chain(ticket: Ticket, entries: list[Entry]) -> list[Problem]:
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
    if entry.hash != hash_of(ticket_no, entry):
        return [Problem(ticket_no, entry.number, "edited")]
    if entry.erased_at is None:
        is_whole = entry.content_digest == digest_of(entry.salt, entry.text, entry.data)
    else:
        # Nothing may stand where words were.
        is_whole = (entry.text, entry.data, entry.salt) == ("", {}, "")
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
    explained: defaultdict[int, set[datetime]] = defaultdict(set)
    for entry in entries:
        for number in entry.data.get("entries", ()) if entry.kind is EntryKind.ERASURE else ():
            explained[number].add(entry.at)
    problems = []
    for entry in entries:
        if entry.erased_at is not None and entry.erased_at not in explained[entry.number]:
            problems.append(Problem(ticket.ticket_no, entry.number, "unexplained_erasure"))
        elif entry.erased_at is None and explained[entry.number]:
            problems.append(Problem(ticket.ticket_no, entry.number, "erasure_undone"))
    return problems
