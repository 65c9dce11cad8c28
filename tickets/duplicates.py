"""Reports of the same matter: found before a second ticket is filed, followed, merged and split again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, or_, select

from tickets.casework import Casework
from tickets.categories import ABOUT_OFFICERS
from tickets.conversations import insert_for
from tickets.errors import ActorNotAllowed, MergesItself, TicketMerged, TransitionNotAllowed, WalledOff
from tickets.models import EntryKind, Follower, Ticket
from tickets.same_matter import Candidate, Similar, rank
from tickets.values import Actor, NewTicket, Place

WITHIN = timedelta(days=60)
# Bounded, so that a busy town costs the same as a quiet one.
MAX_CANDIDATES = 300
# The same matter is called by another category as often as not; of those only what lies in the same town.
MAX_OF_OTHER_CATEGORIES = 100

_COMPARED = (
    Ticket.id,
    Ticket.ticket_no,
    Ticket.category,
    Ticket.town,
    Ticket.status,
    Ticket.created_at,
    Ticket.summary,
    Ticket.place,
    Ticket.latitude,
    Ticket.longitude,
)


class Duplicates(Casework):
    """Finding, following, merging and splitting."""

    async def similar(self, new: NewTicket, limit: int = 3) -> list[Similar]:
        """Open tickets that a report about to be filed may repeat, the likeliest first; its own
        earlier ones included.
        """
        if new.category in ABOUT_OFFICERS:
            # Nobody learns from us that somebody else complained about an officer.
            return []
        return rank(new, await self._candidates(new))[:limit]

    async def similar_to(self, ticket: Ticket, scope: ColumnElement[bool], limit: int = 5) -> list[Similar]:
        """Other open tickets that one may repeat or be repeated by, for an officer who may see those within
        `scope`.
        """
        place = Place(**ticket.place) if ticket.place else None
        new = NewTicket(ticket.kind, ticket.category, tuple(ticket.categories), ticket.summary, place)
        return rank(new, await self._candidates(new, scope, Ticket.id != ticket.id))[:limit]

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
        await self.tell(source, "notice_merged", {"into": target.ticket_no})
        for child in await self.merged_into(source):
            await self._rest_in(child, target, actor)
        source.version += 1
        target.version += 1
        await self._rest_in(source, target, actor)
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
        target = await self.locked(source.merged_into_id)
        await self.take_out(source, target, actor)
        await self.tell(source, "notice_split")

    async def take_out(self, source: Ticket, target: Ticket, actor: Actor) -> None:
        """Let a locked ticket no longer rest in another locked one; nobody is told."""
        await self.session.execute(
            delete(Follower).where(Follower.ticket_id == target.id, Follower.from_ticket_id == source.id)
        )
        source.merged_into_id = None
        source.version += 1
        target.version += 1
        await self.record(source, EntryKind.MERGE, actor, data={"out_of": target.ticket_no})
        await self.record(target, EntryKind.MERGE, actor, data={"without": source.ticket_no})

    async def succeed(self, ticket: Ticket, actor: Actor) -> None:
        """Whoever filed a locked ticket takes it back, but others reported the same: the oldest ticket that
        rests in it takes its place, with the rest of them and all who follow.
        """
        resting = await self.merged_into(ticket)
        if not resting:
            return
        heir, *others = resting
        await self.take_out(heir, ticket, actor)
        for child in others:
            await self._rest_in(child, heir, actor)
        for row in await self._followers(ticket):
            await self._follow_along(row, heir)
        await self.tell(heir, "notice_split")

    async def _rest_in(self, source: Ticket, target: Ticket, actor: Actor) -> None:
        """Point a ticket at the one that it rests in now, and let those who follow it follow that one."""
        for row in await self._followers(source):
            await self._follow_along(row, target)
            if row.from_ticket_id is not None:
                # They came with a ticket that rested in this one and moves on with it.
                await self.session.delete(row)
        if source.merged_into_id is not None:
            was = (Follower.ticket_id == source.merged_into_id, Follower.from_ticket_id == source.id)
            await self.session.execute(delete(Follower).where(*was))
        source.merged_into_id = target.id
        await self.record(source, EntryKind.MERGE, actor, data={"into": target.ticket_no})

    async def _followers(self, ticket: Ticket) -> Sequence[Follower]:
        return (
            await self.session.scalars(
                select(Follower).where(Follower.ticket_id == ticket.id).order_by(Follower.id)
            )
        ).all()

    async def _follow_along(self, row: Follower, target: Ticket) -> None:
        await self._add_follower(target, row.conversation_id, row.from_ticket_id or row.ticket_id)

    async def merged_into(self, ticket: Ticket) -> Sequence[Ticket]:
        """The tickets that rest in this one, oldest first."""
        rows = await self.session.scalars(
            select(Ticket).where(Ticket.merged_into_id == ticket.id).order_by(Ticket.id)
        )
        return rows.all()

    async def _candidates(self, new: NewTicket, *further: ColumnElement[bool]) -> Sequence[Candidate]:
        said = {new.category, *new.categories}
        conditions: list[ColumnElement[bool]] = [
            *further,
            Ticket.closed_at.is_(None),
            Ticket.created_at >= self.now - WITHIN,
            Ticket.merged_into_id.is_(None),
        ]
        town = self.routing.locate(new.place).town if new.place else None
        if town is None or town.is_unsure:
            return await self._newest(MAX_CANDIDATES, *conditions, Ticket.category.in_(said))
        here = or_(Ticket.town == town.code, Ticket.town.is_(None))
        found = await self._newest(MAX_CANDIDATES, *conditions, Ticket.category.in_(said), here)
        if not ABOUT_OFFICERS.isdisjoint(said):
            return found
        others = self.routing.categories.keys() - said - ABOUT_OFFICERS
        in_town = (Ticket.category.in_(others), Ticket.town == town.code)
        return [*found, *await self._newest(MAX_OF_OTHER_CATEGORIES, *conditions, *in_town)]

    async def _newest(self, limit: int, *conditions: ColumnElement[bool]) -> list[Candidate]:
        newest = select(*_COMPARED).where(*conditions).order_by(Ticket.created_at.desc(), Ticket.id.desc())
        return [Candidate(*row) for row in await self.session.execute(newest.limit(limit))]

    def _check_merge(self, source: Ticket, target: Ticket, actor: Actor) -> None:
        if actor.kind == "citizen":
            raise ActorNotAllowed("officers merge")
        if source.id == target.id:
            raise MergesItself(source.ticket_no)
        for ticket in (source, target):
            if not ticket.is_open:
                raise TransitionNotAllowed(ticket.status, ticket.status)
        if not self.routing.may_hold(source.category, target.department):
            raise WalledOff(source.ticket_no)
        if not self.routing.may_hold(target.category, source.department):
            raise WalledOff(target.ticket_no)

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
