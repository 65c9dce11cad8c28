"""What citizens may do about how their ticket is handled: urge (催办), rate, and say that it isn't solved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select

from tickets.casework import Casework
from tickets.columns import storable
from tickets.errors import ActorNotAllowed, AlreadyRuled, NoteRequired, TooSoon, TransitionNotAllowed
from tickets.facts import deadlines_of
from tickets.models import Entry, EntryKind, Ticket
from tickets.values import Actor
from tickets.workflow import Status, check_transition

URGE_PAUSE = timedelta(hours=24)
# How often "not solved" reopens a ticket without anybody being asked.
FREE_REOPENINGS = 1


# Whoever was not reached is called again after this long, and so often in all.
CALL_PAUSE = timedelta(hours=20)
MAX_CALLS = 3


class CallOutcome(StrEnum):
    """What came of a call to somebody who had reported."""

    SOLVED = "solved"
    UNSOLVED = "unsolved"
    UNREACHED = "unreached"
    GIVEN_UP = "given_up"


class Aftercare(Casework):
    """Urging, rating and reopening by the citizen, and the list of people to call back."""

    async def urge(self, ticket_no: str, *, conversation_id: int) -> int:
        """The citizen asks for more speed. Returns how often they have done so.

        Raises: TicketNotFound, also if it isn't theirs; TooSoon; TransitionNotAllowed, if it is closed.
        """
        _, ticket = await self.find_reported_for_change(ticket_no, conversation_id)
        if not ticket.is_open:
            raise TransitionNotAllowed(ticket.status, ticket.status)
        if ticket.urged_at is not None and self.now < ticket.urged_at + URGE_PAUSE:
            raise TooSoon(ticket.urged_at + URGE_PAUSE)
        ticket.urged_at = self.now
        ticket.urged_count += 1
        await self.record(
            ticket, EntryKind.URGE, Actor.citizen(conversation_id), data={"count": ticket.urged_count}
        )
        return ticket.urged_count

    async def rate(
        self, ticket_no: str, *, conversation_id: int, score: int, is_solved: bool, reason: str = ""
    ) -> bool:
        """The citizen's verdict on a closed ticket. Returns whether that reopened it.

        "Replied" is not "solved": the first time that a citizen says so, the ticket goes back to the same
        unit, with new deadlines and under a supervisor's eyes. After that somebody calls them.

        Args:
            score: 1 to 5.

        Raises: TicketNotFound, also if it isn't theirs; TransitionNotAllowed, if it is not resolved or
        closed.
        """
        ticket = await self.find_own_for_change(ticket_no, conversation_id)
        check_transition(ticket.status, Status.REOPENED)
        actor = Actor.citizen(conversation_id)
        ticket.rating = min(max(score, 1), 5)
        ticket.rating_reason, ticket.is_solved = storable(reason), is_solved
        verdict = {"score": ticket.rating, "is_solved": is_solved}
        await self.record(ticket, EntryKind.RATING, actor, reason, verdict)
        if is_solved:
            return False
        if ticket.reopened_count >= FREE_REOPENINGS:
            ticket.followup_at = ticket.followup_at or self.now
            return False
        await self._reopen(ticket, actor, reason)
        return True

    async def followups(self, limit: int = 100) -> Sequence[Ticket]:
        """Whom to call back (回访) now, the one who has waited longest first."""
        rows = await self.session.scalars(
            select(Ticket).where(Ticket.followup_at <= self.now).order_by(Ticket.followup_at).limit(limit)
        )
        return rows.all()

    async def called_back(
        self, ticket_no: str, outcome: CallOutcome, note: str, *, actor: Actor
    ) -> CallOutcome:
        """A supervisor has called; what was said stays inside. Whoever is not reached is called again on
        another day, three times at most; who says that nothing is solved has the ticket reopened.

        Returns: the outcome; GIVEN_UP, if that was the last attempt.

        Raises: TicketNotFound; ActorNotAllowed; NoteRequired; AlreadyRuled, if nobody waits for a call any
        more; TransitionNotAllowed, if the ticket can't be reopened.
        """
        if not actor.is_supervisor:
            raise ActorNotAllowed("supervisors call back, not the unit itself")
        if not note.strip():
            raise NoteRequired("a call says what came of it")
        ticket = await self.find_for_change(ticket_no)
        if ticket.followup_at is None:
            raise AlreadyRuled("nobody waits for a call")
        if outcome is CallOutcome.UNREACHED and await self._calls_in_vain(ticket) >= MAX_CALLS - 1:
            outcome = CallOutcome.GIVEN_UP
        ticket.followup_at = self.now + CALL_PAUSE if outcome is CallOutcome.UNREACHED else None
        if outcome in (CallOutcome.SOLVED, CallOutcome.UNSOLVED):
            ticket.is_solved = outcome is CallOutcome.SOLVED
        await self.record(ticket, EntryKind.NOTE, actor, note, {"followup": outcome})
        if outcome is CallOutcome.UNSOLVED:
            await self._reopen(ticket, actor, note)
        return outcome

    async def _calls_in_vain(self, ticket: Ticket) -> int:
        notes = await self.session.scalars(
            select(Entry.data).where(Entry.ticket_id == ticket.id, Entry.kind == EntryKind.NOTE)
        )
        return sum(data.get("followup") == CallOutcome.UNREACHED for data in notes)

    async def _reopen(self, ticket: Ticket, actor: Actor, reason: str) -> None:
        await self.move(ticket, Status.REOPENED, actor, reason.strip() or "诉求人反映没有解决")
        ticket.reopened_count += 1
        ticket.escalation_level = 0
        ticket.supervised_at = self.now
        self.set_deadlines(ticket)
        because = {"because": "reopened", **deadlines_of(ticket)}
        await self.record(ticket, EntryKind.SUPERVISION, Actor.system(), data=because)
        await self.move(
            ticket,
            Status.ASSIGNED,
            Actor.system(),
            kind=EntryKind.ASSIGNMENT,
            data={
                "from": ticket.department,
                "department": ticket.department,
                "officer_id": ticket.officer_id,
            },
        )
        await self.tell(ticket, "notice_status_reopened", {"note": ""})
