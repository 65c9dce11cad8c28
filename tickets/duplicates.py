"""Reports of the same matter: found before a second ticket is filed, followed, merged and split again.

Measured on 3,886 real reports with four large topics: see docs/adr/0005-casework.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select

from tickets.casework import Casework
from tickets.conversations import insert_for
from tickets.coordinates import metres_between, to_wgs84
from tickets.errors import ActorNotAllowed, TicketMerged, TransitionNotAllowed
from tickets.models import EntryKind, Follower, Ticket
from tickets.similarity import Weights, pairs
from tickets.values import Actor, NewTicket, Place
from tickets.workflow import Status

WITHIN = timedelta(days=60)
# Bounded, so that a busy town costs the same as a quiet one.
MAX_CANDIDATES = 300
MIN_SIMILARITY = 0.1
MIN_PLACE_SIMILARITY = 0.3
# Without any place in common the words must be nearly the same.
MIN_SIMILARITY_ALONE = 0.5
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


class Duplicates(Casework):
    """Finding, following, merging and splitting."""

    async def similar(self, new: NewTicket, limit: int = 3) -> list[Similar]:
        """Open tickets that a report about to be filed may repeat, the likeliest first; its own
        earlier ones included.
        """
        if new.category == "officer_conduct":
            # Nobody learns from us that somebody else complained about an officer.
            return []
        candidates = await self._candidates(new)
        report = pairs(f"{new.summary}。{new.place.text if new.place else ''}")
        texts = {ticket.id: pairs(f"{ticket.summary}。{_place_text(ticket)}") for ticket in candidates}
        weights = Weights(texts.values())
        found = []
        for ticket in candidates:
            score = weights.similarity(report, texts[ticket.id])
            if score >= MIN_SIMILARITY and self._is_same_place(new.place, ticket, weights, score):
                found.append(_similar(ticket, score))
        return sorted(found, key=lambda similar: similar.score, reverse=True)[:limit]

    async def follow(self, ticket_no: str, *, conversation_id: int) -> None:
        """Tell this conversation what happens to somebody else's ticket. Doing so twice changes nothing.

        Only for numbers that `similar` has given for this conversation: numbers can be guessed.

        Raises: TicketNotFound; TransitionNotAllowed, if it is closed; TicketMerged.
        """
        ticket = await self.find_for_change(ticket_no)
        if not ticket.is_open:
            raise TransitionNotAllowed(ticket.status, ticket.status)
        if conversation_id in await self.audience(ticket):
            return
        await self._add_follower(ticket, conversation_id, None)
        await self.record(ticket, EntryKind.FOLLOWER, Actor.citizen(conversation_id))

    async def merge(self, source_no: str, target_no: str, *, actor: Actor) -> None:
        """Let one ticket rest in another. Everybody who reported or follows it follows the other from now on.

        Raises: TicketNotFound; TicketMerged, if either was merged already, also by a merge that crosses
        this one;
            TransitionNotAllowed, if either is closed; ActorNotAllowed, for citizens, for a ticket with
            itself, and across the wall around complaints about officers.
        """
        source, target = await self._lock_both(source_no, target_no)
        self._check_merge(source, target, actor)
        for child in await self.session.scalars(select(Ticket).where(Ticket.merged_into_id == source.id)):
            child.merged_into_id = target.id
            await self.record(child, EntryKind.MERGE, actor, data={"into": target.ticket_no})
        for conversation_id in await self.audience(source):
            await self._add_follower(target, conversation_id, source.id)
        await self.tell(source, "notice_merged", {"into": target.ticket_no}, with_followers=False)
        source.merged_into_id = target.id
        source.version += 1
        target.version += 1
        await self.record(source, EntryKind.MERGE, actor, data={"into": target.ticket_no})
        await self.record(target, EntryKind.MERGE, actor, data={"from": source.ticket_no})

    async def split(self, source_no: str, *, actor: Actor) -> None:
        """Take a merged ticket out again; it goes on where it stopped, and its clock has run on.

        Raises: TicketNotFound; ActorNotAllowed, for citizens; TransitionNotAllowed, if it isn't merged.
        """
        if actor.kind == "citizen":
            raise ActorNotAllowed("officers split")
        source = await self.find(source_no, lock=True)
        if source.merged_into_id is None:
            raise TransitionNotAllowed(source.status, source.status)
        target = await self.session.get_one(Ticket, source.merged_into_id, with_for_update=True)
        await self.session.execute(
            delete(Follower).where(Follower.ticket_id == target.id, Follower.from_ticket_id == source.id)
        )
        source.merged_into_id = None
        source.version += 1
        target.version += 1
        await self.record(source, EntryKind.MERGE, actor, data={"out_of": target.ticket_no})
        await self.record(target, EntryKind.MERGE, actor, data={"without": source.ticket_no})
        await self.tell(source, "notice_split", with_followers=False)

    async def _candidates(self, new: NewTicket) -> Sequence[Ticket]:
        conditions: list[ColumnElement[bool]] = [
            Ticket.closed_at.is_(None),
            Ticket.category.in_({new.category, *new.categories}),
            Ticket.created_at >= self.now - WITHIN,
            Ticket.merged_into_id.is_(None),
        ]
        town = self.routing.locate(new.place).town if new.place else None
        if town is not None and not town.is_unsure:
            conditions.append(or_(Ticket.town == town.code, Ticket.town.is_(None)))
        rows = await self.session.scalars(
            select(Ticket).where(*conditions).order_by(Ticket.id.desc()).limit(MAX_CANDIDATES)
        )
        return rows.all()

    def _is_same_place(
        self, place: Place | None, ticket: Ticket, weights: Weights, similarity: float
    ) -> bool:
        distance = _distance(place, ticket)
        if distance is not None and distance > FAR_METRES:
            return False
        if distance is not None and distance <= NEAR_METRES:
            return True
        here, there = pairs(place.text if place else ""), pairs(_place_text(ticket))
        if not here or not there:
            return similarity >= MIN_SIMILARITY_ALONE
        small, large = sorted((here, there), key=len)
        if weights.containment(small, large) >= MIN_PLACE_SIMILARITY:
            return True
        return similarity >= MIN_SIMILARITY_ALONE

    def _check_merge(self, source: Ticket, target: Ticket, actor: Actor) -> None:
        if actor.kind == "citizen" or source.id == target.id:
            raise ActorNotAllowed("officers merge two tickets")
        for ticket in (source, target):
            if not ticket.is_open:
                raise TransitionNotAllowed(ticket.status, ticket.status)
        if not self.routing.may_hold(source.category, target.department):
            raise ActorNotAllowed("this complaint stays where it is")
        if not self.routing.may_hold(target.category, source.department):
            raise ActorNotAllowed("nothing is added to that complaint")

    async def _lock_both(self, source_no: str, target_no: str) -> tuple[Ticket, Ticket]:
        # Always in the same order, so that two merges that cross can't wait for one another for ever.
        numbers = (await self.find(source_no), await self.find(target_no))
        locked = {
            ticket.id: await self.find(ticket.ticket_no, lock=True)
            for ticket in sorted(numbers, key=lambda ticket: ticket.id)
        }
        source, target = (locked[ticket.id] for ticket in numbers)
        for ticket in (source, target):
            if ticket.merged_into_id is not None:
                raise TicketMerged(ticket.ticket_no)
        return source, target

    async def _add_follower(self, ticket: Ticket, conversation_id: int, from_ticket_id: int | None) -> None:
        if conversation_id == ticket.conversation_id:
            return
        await self.session.execute(
            insert_for(self.session, Follower)
            .values(
                ticket_id=ticket.id,
                conversation_id=conversation_id,
                from_ticket_id=from_ticket_id,
                created_at=self.now,
            )
            .on_conflict_do_nothing(index_elements=["ticket_id", "conversation_id"])
        )


def _place_text(ticket: Ticket) -> str:
    return str((ticket.place or {}).get("text", ""))


def _distance(place: Place | None, ticket: Ticket) -> float | None:
    if place is None or place.latitude is None or place.longitude is None:
        return None
    if ticket.latitude is None or ticket.longitude is None:
        return None
    here = to_wgs84(place.latitude, place.longitude, place.datum)
    return metres_between(*here, ticket.latitude, ticket.longitude)


def _similar(ticket: Ticket, score: float) -> Similar:
    return Similar(
        ticket.ticket_no,
        ticket.category,
        ticket.town,
        ticket.status,
        ticket.created_at,
        round(score, 3),
        _place_text(ticket),
        ticket.summary,
    )
