"""Whether reports sound like one matter: by rare words, by how they begin, and by the places that are said.

Measured on 3,886 real reports with 21 matters among them: see docs/adr/0005-casework.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tickets.coordinates import metres_between, to_wgs84
from tickets.similarity import Weights, pairs
from tickets.values import NewTicket, Place
from tickets.workflow import Status

MIN_SIMILARITY = 0.07
MIN_PLACE_SIMILARITY = 0.25
# People begin with what matters: the first characters of one report must be partly in the other one.
BEGINNING = 40
MIN_BEGINNING = 0.2
# Of another category: what is said besides the place must be alike, too, by more than a phrase.
MIN_OTHER_SIMILARITY = 0.03
MIN_OTHER_PAIRS = 4
# Of two places that are told apart the words must be nearly the same.
MIN_SIMILARITY_ELSEWHERE = 0.5
# Where one of the two names no place (a fraud, a subsidy), they must say much that few others say: what short
# reports have in common ("路灯坏了没人修") isn't enough.
MIN_BEGINNING_NOWHERE = 0.3
MIN_WEIGHT_NOWHERE = 40.0
NEAR_METRES = 150.0
FAR_METRES = 1000.0


@dataclass(frozen=True, slots=True)
class Similar:
    """An open ticket that may be about the same matter.

    A citizen is shown category, town, date and status; the words are another person's.
    """

    ticket_no: str
    category: str
    town: str | None
    status: Status
    created_at: datetime
    score: float
    place_text: str = field(default="", repr=False)
    summary: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is compared of a ticket; loading whole tickets would take most of the time."""

    id: int
    ticket_no: str
    category: str
    town: str | None
    status: Status
    created_at: datetime
    summary: str = field(repr=False)
    place: dict[str, Any] | None = field(default=None, repr=False)
    latitude: float | None = field(default=None, repr=False)
    longitude: float | None = field(default=None, repr=False)

    @property
    def place_text(self) -> str:
        """The place as said."""
        return str((self.place or {}).get("text", ""))


def rank(new: NewTicket, candidates: Sequence[Candidate]) -> list[Similar]:
    """Those among some tickets that seem to be of the same matter, the likeliest first."""
    place = new.place.text if new.place else ""
    report = pairs(f"{new.summary}。{place}")
    begun, here = pairs(new.summary[:BEGINNING]), pairs(place)
    said = {new.category, *new.categories}
    texts = [pairs(f"{ticket.summary}。{ticket.place_text}") for ticket in candidates]
    weights = Weights(texts)
    found = []
    for ticket, text in zip(candidates, texts, strict=True):
        score = weights.similarity(report, text)
        if score < MIN_SIMILARITY:
            continue
        theirs = pairs(ticket.summary[:BEGINNING])
        beginning = max(weights.containment(begun, text), weights.containment(theirs, report))
        if beginning < MIN_BEGINNING:
            continue
        if ticket.category not in said and not _is_alike(
            report - here, text - pairs(ticket.place_text), weights
        ):
            continue
        is_same_place = _is_same_place(new.place, here, ticket, weights)
        if is_same_place is None:
            has_places = bool(here and ticket.place_text)
            is_same_place = score >= MIN_SIMILARITY_ELSEWHERE or (
                not has_places
                and beginning >= MIN_BEGINNING_NOWHERE
                and weights.weigh(report & text) >= MIN_WEIGHT_NOWHERE
            )
        if is_same_place:
            found.append(_similar(ticket, score))
    return sorted(found, key=lambda similar: similar.score, reverse=True)


def _is_alike(one: frozenset[str], other: frozenset[str], weights: Weights) -> bool:
    return len(one & other) >= MIN_OTHER_PAIRS and weights.similarity(one, other) >= MIN_OTHER_SIMILARITY


def _is_same_place(
    place: Place | None, here: frozenset[str], ticket: Candidate, weights: Weights
) -> bool | None:
    """None, where neither coordinates nor the names that were said tell."""
    distance = _distance(place, ticket)
    if distance is not None and (distance <= NEAR_METRES or distance > FAR_METRES):
        return distance <= NEAR_METRES
    small, large = sorted((here, pairs(ticket.place_text)), key=len)
    return True if weights.containment(small, large) >= MIN_PLACE_SIMILARITY else None


def _distance(place: Place | None, ticket: Candidate) -> float | None:
    if place is None or place.latitude is None or place.longitude is None:
        return None
    if ticket.latitude is None or ticket.longitude is None:
        return None
    here = to_wgs84(place.latitude, place.longitude, place.datum)
    return metres_between(*here, ticket.latitude, ticket.longitude)


def _similar(ticket: Candidate, score: float) -> Similar:
    return Similar(
        ticket.ticket_no,
        ticket.category,
        ticket.town,
        ticket.status,
        ticket.created_at,
        round(score, 3),
        ticket.place_text,
        ticket.summary,
    )
