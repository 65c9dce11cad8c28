"""What the history says that a ticket must be now.

The columns of `tickets` repeat it, so that queues are fast; whoever changes a column and not the history is
found by comparing the two. A fact that the history doesn't tell (of a time before it was recorded, or emptied
by an erasure whose tombstone doesn't repeat it) is not compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from tickets.models import Entry, EntryKind, Purpose, Ticket
from tickets.workflow import ActorKind, Status

Facts = dict[str, Any]

# What stands where a citizen's words were.
ERASED = "（已按诉求人要求删除）"
# Levels of `Ticket.escalation_level`; an approved extension and a reopening begin anew.
CALM = 0
WARNED = 1
OVERDUE = 2
# Bits of `Ticket.late_steps`.
NOT_ACCEPTED = 1
NOT_REPLIED = 2
STEPS = {NOT_ACCEPTED: "accept", NOT_REPLIED: "first_reply"}
# What one entry attaches at most.
MAX_PHOTOS = 9


def facts_of(ticket: Ticket, merged_into: str | None = None) -> Facts:
    """A ticket's columns as JSON without floats.

    Args:
        merged_into: the number of the ticket that it went into; it has only the id.
    """
    place = ticket.place or {}
    return {
        "kind": str(ticket.kind),
        "category": ticket.category,
        "categories": list(ticket.categories),
        "summary": ticket.summary,
        "place": str(place.get("text", "")),
        "happened": ticket.happened,
        "town": ticket.town,
        "position": position_of(ticket),
        "reporter_mode": str(ticket.reporter_mode),
        "priority": str(ticket.priority),
        "conversation": ticket.conversation_id,
        "department": ticket.department,
        "officer_id": ticket.officer_id,
        "accept_due_at": _iso(ticket.accept_due_at),
        "first_reply_due_at": _iso(ticket.first_reply_due_at),
        "due_at": _iso(ticket.due_at),
        "created_at": _iso(ticket.created_at),
        "status_since": _iso(ticket.status_since),
        "closed_at": _iso(ticket.closed_at),
        "first_replied_at": _iso(ticket.first_replied_at),
        "supervised_at": _iso(ticket.supervised_at),
        "urged_at": _iso(ticket.urged_at),
        "urged_count": ticket.urged_count,
        "hand_back_count": ticket.hand_back_count,
        "extension_count": ticket.extension_count,
        "reopened_count": ticket.reopened_count,
        "escalation_level": ticket.escalation_level,
        "late_steps": ticket.late_steps,
        "rating": ticket.rating,
        "rating_reason": ticket.rating_reason,
        "is_solved": ticket.is_solved,
        "merged_into": merged_into,
    }


def position_of(ticket: Ticket) -> str | None:
    """Latitude and longitude as text, which every database writes alike."""
    if ticket.latitude is None or ticket.longitude is None:
        return None
    return f"{ticket.latitude:.7f},{ticket.longitude:.7f}"


def deadlines_of(ticket: Ticket) -> Facts:
    """A ticket's deadlines, for the data of the entry that sets them."""
    return {
        "accept_due_at": _iso(ticket.accept_due_at),
        "first_reply_due_at": _iso(ticket.first_reply_due_at),
        "due_at": _iso(ticket.due_at),
    }


def is_told(entry: Entry) -> bool:
    """Whether the citizen read an officer's words in it: a reply, a note beside a move, a live word."""
    is_note_of_a_move = (
        entry.kind is EntryKind.STATUS and entry.actor_kind is ActorKind.OFFICER and bool(entry.text.strip())
    )
    return entry.kind is EntryKind.REPLY or is_note_of_a_move or bool(entry.data.get("first_reply"))


def recorded_facts(entries: Sequence[Entry]) -> Facts:
    """What follows from the history alone, entry by entry; what doesn't isn't in it."""
    known: Facts = {}
    for entry in entries:
        _move(known, entry)
        # What only `kind` and `at` say outlives an erasure.
        if effect := _COUNTED.get(entry.kind):
            effect(known, entry)
        if entry.erased_at is not None:
            for name in _LOST.get(entry.kind, ()):
                known.pop(name, None)
        elif effect := _EFFECTS.get(entry.kind):
            effect(known, entry)
        if "first_replied_at" in known and entry.erased_at is None and is_told(entry):
            known["first_replied_at"] = known["first_replied_at"] or _iso(entry.at)
    return known


def differing(ticket: Ticket, entries: Sequence[Entry], merged_into: str | None) -> list[str]:
    """Names of the facts in which a ticket isn't what its history says."""
    now = facts_of(ticket, merged_into)
    return [name for name, value in recorded_facts(entries).items() if now[name] != value]


def recorded_photos(entries: Sequence[Entry]) -> Counter[tuple[str, str]]:
    """Photos that the history says belong to the ticket: hash and purpose, how often."""
    found: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if _is_tombstone(entry):
            found.clear()
        purpose = _PURPOSES.get(entry.kind) or entry.data.get("purpose")
        if purpose and entry.kind is not EntryKind.REPLY:
            photos = list(dict.fromkeys(entry.data.get("photos", ())))[:MAX_PHOTOS]
            found.update((sha256, str(purpose)) for sha256 in photos)
    return found


def recorded_voices(entries: Sequence[Entry]) -> set[str]:
    """Hashes of the voice messages that the history says were attached."""
    return {sha256 for entry in entries for sha256 in entry.data.get("recordings", ())}


def standing(ticket: Ticket) -> Facts:
    """What a tombstone repeats, because the entries that said so are emptied. Of people's words it says at
    most that there are none any more; merges stay on record.
    """
    facts = facts_of(ticket)
    words = {name: facts.pop(name) for name in _WORDS}
    del facts["merged_into"]
    return facts | {name: value for name, value in words.items() if value in (None, "", ERASED)}


_WORDS = ("summary", "place", "happened", "position", "conversation", "rating_reason")
_FILED = (
    "kind",
    "categories",
    "place",
    "happened",
    "town",
    "position",
    "department",
    "reporter_mode",
    "priority",
)
_DUE = ("accept_due_at", "first_reply_due_at", "due_at")
_PURPOSES = {
    EntryKind.SUBMITTED: Purpose.REPORT,
    EntryKind.CITIZEN_MESSAGE: Purpose.REPORT,
    EntryKind.STATUS: Purpose.AFTER,
}


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _normal(moment: str | None) -> str | None:
    return _iso(datetime.fromisoformat(moment)) if moment else None


def _is_tombstone(entry: Entry) -> bool:
    return entry.kind is EntryKind.ERASURE and bool(entry.data.get("entries"))


def _move(known: Facts, entry: Entry) -> None:
    if entry.to_status is None:
        return
    # Of tickets from before it was kept it was guessed.
    if "status_since" in known or "priority" in entry.data:
        known["status_since"] = _iso(entry.at)
    known["closed_at"] = None if entry.to_status.is_open else _iso(entry.at)


def _submitted(known: Facts, entry: Entry) -> None:
    data = entry.data
    known["summary"] = entry.text
    for name in _FILED:
        if name in data:
            known[name] = data[name]
    if data.get("categories"):
        known["category"] = data["categories"][0]
    for name in _DUE:
        if name in data:
            known[name] = _normal(data[name])
    known |= {"officer_id": None, "supervised_at": None, "first_replied_at": None}
    known |= {"rating": None, "rating_reason": None, "is_solved": None}
    known |= {"hand_back_count": 0, "extension_count": 0, "escalation_level": CALM, "late_steps": 0}


def _assigned(known: Facts, entry: Entry) -> None:
    for name in ("department", "officer_id"):
        if name in entry.data:
            known[name] = entry.data[name]
    if "count" in entry.data:
        known["hand_back_count"] = entry.data["count"]


def _handed_back(known: Facts, entry: Entry) -> None:
    if entry.to_status is Status.ACCEPTED:
        known["officer_id"] = None
    elif "count" in entry.data:
        known["hand_back_count"] = entry.data["count"]


def _ruled(known: Facts, entry: Entry) -> None:
    for name in ("category", "categories", "department", "officer_id"):
        if name in entry.data:
            known[name] = entry.data[name]
    if "to" not in entry.data:
        return
    known["due_at"] = _normal(entry.data["to"])
    known["escalation_level"] = CALM
    if "extension_count" in known:
        known["extension_count"] += 1


def _supervised(known: Facts, entry: Entry) -> None:
    known["supervised_at"] = _iso(entry.at)
    if entry.data.get("because") != "reopened":
        return
    known["escalation_level"] = CALM
    for name in _DUE:
        # Written since verification compares it.
        known.pop(name, None)
        if name in entry.data:
            known[name] = _normal(entry.data[name])


def _escalated(known: Facts, entry: Entry) -> None:
    data, step = entry.data, entry.data.get("step")
    is_grave = data.get("because") == "nobody_on_duty" or (step == "resolve" and data["level"] >= OVERDUE)
    if is_grave and "supervised_at" in known:
        known["supervised_at"] = known["supervised_at"] or _iso(entry.at)
    if step == "resolve":
        known["escalation_level"] = data["level"]
    elif "late_steps" in known:
        known["late_steps"] |= sum(bit for bit, name in STEPS.items() if name == step)


def _dated(known: Facts, entry: Entry) -> None:
    # As far as it is set: older entries have no `accept_due_at`.
    known.pop("accept_due_at", None)
    for name, moment in entry.data.items():
        known[name] = _normal(moment)


def _rated(known: Facts, entry: Entry) -> None:
    known["rating"], known["is_solved"] = entry.data.get("score"), entry.data.get("is_solved")
    known["rating_reason"] = entry.text


def _noted(known: Facts, entry: Entry) -> None:
    if entry.data.get("followup") in ("solved", "unsolved"):
        known["is_solved"] = entry.data["followup"] == "solved"


def _merged(known: Facts, entry: Entry) -> None:
    if "into" in entry.data:
        known["merged_into"] = entry.data["into"]
    elif "out_of" in entry.data:
        known["merged_into"] = None


def _erased(known: Facts, entry: Entry) -> None:
    if not entry.data.get("entries"):
        return
    # What stood when the words went: the entries that said so are empty now.
    kept = {name: known[name] for name in _OUTLIVING if name in known}
    known.clear()
    known |= kept | entry.data.get("stands", {})


def _begun(known: Facts, entry: Entry) -> None:
    known["created_at"] = _iso(entry.at)
    known |= {"urged_count": 0, "urged_at": None, "reopened_count": 0, "merged_into": None}
    if entry.actor_kind is ActorKind.CITIZEN:
        known["conversation"] = int(entry.actor_id) if entry.actor_id.isdigit() else None


def _urged(known: Facts, entry: Entry) -> None:
    if "urged_count" in known:
        known["urged_count"] += 1
    known["urged_at"] = _iso(entry.at)


def _reopened(known: Facts, entry: Entry) -> None:
    if "reopened_count" in known and entry.actor_kind is ActorKind.SYSTEM:
        known["reopened_count"] += 1


_Effect = Callable[[Facts, Entry], None]
_COUNTED: dict[EntryKind, _Effect] = {
    EntryKind.SUBMITTED: _begun,
    EntryKind.URGE: _urged,
    EntryKind.SUPERVISION: _reopened,
}
_EFFECTS: dict[EntryKind, _Effect] = {
    EntryKind.SUBMITTED: _submitted,
    EntryKind.ASSIGNMENT: _assigned,
    EntryKind.HAND_BACK: _handed_back,
    EntryKind.RULING: _ruled,
    EntryKind.SUPERVISION: _supervised,
    EntryKind.ESCALATION: _escalated,
    EntryKind.DEADLINE: _dated,
    EntryKind.RATING: _rated,
    EntryKind.NOTE: _noted,
    EntryKind.MERGE: _merged,
    EntryKind.ERASURE: _erased,
}
# What an entry that was emptied may have changed.
_LOST: dict[EntryKind, tuple[str, ...]] = {
    EntryKind.ASSIGNMENT: ("department", "officer_id", "hand_back_count"),
    EntryKind.HAND_BACK: ("officer_id", "hand_back_count"),
    EntryKind.RULING: (
        "category",
        "categories",
        "department",
        "officer_id",
        "due_at",
        "escalation_level",
        "extension_count",
    ),
    EntryKind.SUPERVISION: (*_DUE, "escalation_level", "supervised_at"),
    EntryKind.ESCALATION: ("supervised_at", "escalation_level", "late_steps"),
    EntryKind.DEADLINE: _DUE,
    EntryKind.RATING: ("rating", "rating_reason", "is_solved"),
    EntryKind.NOTE: ("is_solved", "first_replied_at"),
    EntryKind.STATUS: ("first_replied_at",),
    EntryKind.REPLY: ("first_replied_at",),
    EntryKind.MERGE: ("merged_into",),
}
# Facts that kinds and moments tell, which no erasure empties.
_OUTLIVING = (
    "created_at",
    "status_since",
    "closed_at",
    "urged_at",
    "urged_count",
    "reopened_count",
    "merged_into",
)
