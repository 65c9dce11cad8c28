"""双随机: a draw that anybody can repeat with `sha256sum` from a seed, a day and a list.

How to do that by hand is in docs/random-checks.md. The list is frozen and its hash published before anybody
can know the seed. The rank of a ticket is SHA-256("seed|day|hash of the list|ticket number"); the smallest
ranks are drawn, in that order. Each drawn ticket gets, among the reviewers who have nothing to do with it and
have the fewest tickets so far, the one with the smallest
SHA-256("seed|day|hash of the list|ticket number|reviewer").
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

HEAD = "wenfa-check-list 1"
NONE = "-"


class ListDamaged(ValueError):
    """The text isn't a list of ours."""


class NoReviewer(ValueError):
    """Everybody on the list has something to do with a drawn ticket.

    Attributes:
        ticket_no: that ticket.
    """

    def __init__(self, ticket_no: str) -> None:
        super().__init__(ticket_no)
        self.ticket_no = ticket_no


@dataclass(frozen=True, slots=True)
class Candidate:
    """A closed ticket: its unit, and the ids of all officers who acted on it."""

    ticket_no: str
    department: str
    officers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody who can be drawn to look at a ticket."""

    officer_id: int
    department: str | None

    def may_look_at(self, ticket: Candidate) -> bool:
        """Never one's own, and never one of one's own unit's."""
        return self.officer_id not in ticket.officers and self.department != ticket.department


@dataclass(frozen=True, slots=True)
class CheckList:
    """What is drawn from."""

    tickets: tuple[Candidate, ...]
    reviewers: tuple[Reviewer, ...]

    def text(self) -> str:
        """The list as it is published: one line for each, in the order of their numbers."""
        lines = [HEAD]
        for one in sorted(self.tickets, key=lambda ticket: ticket.ticket_no):
            officers = ",".join(str(number) for number in sorted(one.officers)) or NONE
            lines.append(f"ticket {one.ticket_no} {one.department} {officers}")
        for person in sorted(self.reviewers, key=lambda reviewer: reviewer.officer_id):
            lines.append(f"reviewer {person.officer_id} {person.department or NONE}")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A ticket that was drawn, and who looks at it."""

    ticket_no: str
    reviewer_id: int


def hash_of(text: str) -> str:
    """What `sha256sum` says of the list as a file."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_list(text: str) -> CheckList:
    """Raises: ListDamaged."""
    lines = text.splitlines()
    if not lines or lines[0] != HEAD:
        raise ListDamaged("no list of checks")
    tickets, reviewers = [], []
    for number, line in enumerate(lines[1:], start=2):
        match line.split(" "):
            case ["ticket", ticket_no, department, officers]:
                tickets.append(Candidate(ticket_no, department, _numbers(officers, number)))
            case ["reviewer", officer_id, department] if officer_id.isdigit():
                reviewers.append(Reviewer(int(officer_id), None if department == NONE else department))
            case _:
                raise ListDamaged(f"line {number}")
    return CheckList(tuple(tickets), tuple(reviewers))


def _numbers(text: str, line: int) -> frozenset[int]:
    if text == NONE:
        return frozenset()
    if not all(part.isdigit() for part in text.split(",")):
        raise ListDamaged(f"line {line}")
    return frozenset(int(part) for part in text.split(","))


@dataclass(frozen=True, slots=True)
class Lot:
    """One draw: the list with its hash, the seed, and the day in Shanghai."""

    listed: CheckList
    list_hash: str
    seed: str
    day: date

    def draw(self, size: int) -> list[Drawn]:
        """The `size` tickets with the smallest ranks, each with a reviewer.

        Raises: NoReviewer.
        """
        tickets = sorted(self.listed.tickets, key=lambda one: self._rank(one.ticket_no))[:size]
        load = dict.fromkeys((one.officer_id for one in self.listed.reviewers), 0)
        drawn = []
        for ticket in tickets:
            order = self.order(ticket)
            if not order:
                raise NoReviewer(ticket.ticket_no)
            # Of equals, `min` takes the first, which has the smallest rank.
            chosen = min(order, key=lambda reviewer: load[reviewer])
            load[chosen] += 1
            drawn.append(Drawn(ticket.ticket_no, chosen))
        return drawn

    def order(self, ticket: Candidate, recused: Iterable[int] = ()) -> list[int]:
        """Who may look at a ticket, by rank; the first of them replaces a reviewer who stood aside."""
        out = set(recused)
        able: Sequence[int] = [
            one.officer_id
            for one in self.listed.reviewers
            if one.officer_id not in out and one.may_look_at(ticket)
        ]
        return sorted(able, key=lambda reviewer: self._rank(f"{ticket.ticket_no}|{reviewer}"))

    def ticket(self, ticket_no: str) -> Candidate:
        """Raises: KeyError."""
        found = next((one for one in self.listed.tickets if one.ticket_no == ticket_no), None)
        if found is None:
            raise KeyError(ticket_no)
        return found

    def _rank(self, key: str) -> str:
        return hash_of(f"{self.seed}|{self.day.isoformat()}|{self.list_hash}|{key}")
