"""法制审核: answers of a marked kind go out only after somebody else has approved them.

`Casework.refuse_unreviewed` keeps every other way closed; here is the one that is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from tickets.casework import Casework
from tickets.columns import storable
from tickets.consultation_rules import MARKED
from tickets.errors import ActorNotAllowed, DraftNotOpen, NoteRequired, OwnDraft, TransitionNotAllowed
from tickets.models import AnswerDraft, DraftState, Entry, EntryKind, Officer, Ticket
from tickets.values import Actor
from tickets.workflow import ActorKind, Status

# Lawful ways to the end for an answer that settles the matter.
_WAYS_TO_RESOLVED = {
    Status.SUBMITTED: (Status.ACCEPTED, Status.RESOLVED),
    Status.ACCEPTED: (Status.RESOLVED,),
    Status.ASSIGNED: (Status.IN_PROGRESS, Status.RESOLVED),
    Status.IN_PROGRESS: (Status.RESOLVED,),
    Status.REOPENED: (Status.IN_PROGRESS, Status.RESOLVED),
}
RESOLVED_NOTE = "已答复"


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft with what a list shows of it."""

    draft: AnswerDraft
    ticket: Ticket
    author: Officer
    reviewer: Officer | None = None


class LegalReview(Casework):
    """Submitting, approving and returning answers."""

    async def submit(
        self,
        ticket_no: str,
        text: str,
        *,
        actor: Actor,
        resolves: bool = False,
        expected_version: int | None = None,
    ) -> AnswerDraft:
        """An officer's answer, to be reviewed before the citizen reads it.

        Raises: TicketNotFound; TicketMerged; StaleVersion; NoteRequired, if it is empty;
        TransitionNotAllowed, if the ticket is closed; DraftNotOpen, if an answer to it waits already.
        """
        if not text.strip():
            raise NoteRequired("empty text")
        ticket = await self.find_for_change(ticket_no, expected_version)
        if not ticket.is_open:
            raise TransitionNotAllowed(ticket.status, ticket.status)
        if await self.pending(ticket.id) is not None:
            raise DraftNotOpen(ticket_no)
        reasons = self.routing.consultations.reasons(ticket.kind, ticket.categories, text) or [MARKED]
        draft = AnswerDraft(
            ticket_id=ticket.id,
            text=storable(text),
            reasons=reasons,
            resolves=resolves,
            state=DraftState.PENDING,
            author_id=int(actor.id),
            submitted_at=self.now,
        )
        self.session.add(draft)
        await self.session.flush()
        ticket.version += 1
        data = {"draft": draft.id, "act": "submitted", "reasons": reasons}
        await self.record(ticket, EntryKind.REVIEW, actor, text, data)
        return draft

    async def approve(self, draft_id: int, *, actor: Actor, note: str = "") -> None:
        """The reviewer agrees: the citizen gets the answer, in the same transaction.

        Raises: DraftNotOpen; ActorNotAllowed; OwnDraft; TicketMerged; TransitionNotAllowed, if the ticket was
        closed meanwhile (the draft can only be returned then).
        """
        draft, ticket = await self._open_for(draft_id, actor)
        if not ticket.is_open:
            raise TransitionNotAllowed(ticket.status, ticket.status)
        await self._decide(draft, ticket, DraftState.APPROVED, actor, note)
        author = await self.session.get_one(Officer, draft.author_id)
        writer = Actor(
            ActorKind.OFFICER, str(author.id), author.display_name, str(author.role), author.department
        )
        await self.answer(ticket, draft.text, writer, {"draft": draft.id, "reviewed_by": actor.id})
        if draft.resolves:
            for step in _WAYS_TO_RESOLVED.get(ticket.status, ()):
                await self.move(ticket, step, writer, RESOLVED_NOTE if step is Status.RESOLVED else "")
            if ticket.status is Status.RESOLVED:
                await self.tell(ticket, "notice_status_resolved", {"note": RESOLVED_NOTE})

    async def send_back(self, draft_id: int, reason: str, *, actor: Actor) -> None:
        """The reviewer doesn't agree, and says why; the citizen hears nothing of it.

        Raises: DraftNotOpen; ActorNotAllowed; OwnDraft; NoteRequired.
        """
        if not reason.strip():
            raise NoteRequired("a return says why")
        draft, ticket = await self._open_for(draft_id, actor)
        await self._decide(draft, ticket, DraftState.RETURNED, actor, reason)

    async def withdraw(self, draft_id: int, *, actor: Actor) -> None:
        """The author takes the draft back to write another.

        Raises: DraftNotOpen; ActorNotAllowed, for anybody else.
        """
        draft, ticket = await self._pending(draft_id)
        if str(draft.author_id) != actor.id:
            raise ActorNotAllowed("the author only")
        draft.state, draft.reviewed_at = DraftState.WITHDRAWN, self.now
        ticket.version += 1
        await self.record(
            ticket, EntryKind.REVIEW, actor, data={"draft": draft.id, "act": DraftState.WITHDRAWN.value}
        )

    async def pending(self, ticket_id: int) -> AnswerDraft | None:
        """The answer of a ticket that waits for its review."""
        found: AnswerDraft | None = await self.session.scalar(
            select(AnswerDraft).where(
                AnswerDraft.ticket_id == ticket_id, AnswerDraft.state == DraftState.PENDING
            )
        )
        return found

    async def queue(self, limit: int = 100) -> list[DraftRow]:
        """What waits for a review, oldest first."""
        rows = await self.session.execute(
            select(AnswerDraft, Ticket, Officer)
            .join(Ticket, Ticket.id == AnswerDraft.ticket_id)
            .join(Officer, Officer.id == AnswerDraft.author_id)
            .where(AnswerDraft.state == DraftState.PENDING)
            .order_by(AnswerDraft.id)
            .limit(limit)
        )
        return [DraftRow(*row) for row in rows]

    async def drafts_of(self, ticket_id: int, limit: int = 20) -> list[DraftRow]:
        """All drafts of a ticket, newest first."""
        reviewer = aliased(Officer)
        rows = await self.session.execute(
            select(AnswerDraft, Ticket, Officer, reviewer)
            .join(Ticket, Ticket.id == AnswerDraft.ticket_id)
            .join(Officer, Officer.id == AnswerDraft.author_id)
            .outerjoin(reviewer, reviewer.id == AnswerDraft.reviewer_id)
            .where(AnswerDraft.ticket_id == ticket_id)
            .order_by(AnswerDraft.id.desc())
            .limit(limit)
        )
        return [DraftRow(*row) for row in rows]

    async def newest_drafts(self, ticket_ids: Sequence[int]) -> dict[int, AnswerDraft]:
        """The last draft of each ticket that has one."""
        newest = (
            select(func.max(AnswerDraft.id))
            .where(AnswerDraft.ticket_id.in_(ticket_ids))
            .group_by(AnswerDraft.ticket_id)
        )
        rows = await self.session.scalars(select(AnswerDraft).where(AnswerDraft.id.in_(newest)))
        return {draft.ticket_id: draft for draft in rows}

    async def row(self, draft_id: int) -> DraftRow:
        """One draft, whatever became of it.

        Raises: DraftNotOpen, if there is none.
        """
        draft = await self.session.get(AnswerDraft, draft_id)
        if draft is None:
            raise DraftNotOpen(str(draft_id))
        return DraftRow(
            draft,
            await self.session.get_one(Ticket, draft.ticket_id),
            await self.session.get_one(Officer, draft.author_id),
            await self.session.get(Officer, draft.reviewer_id) if draft.reviewer_id else None,
        )

    async def said_since(self, draft: AnswerDraft) -> Sequence[Entry]:
        """What the citizen added after the draft was submitted: the answer may not fit any more."""
        rows = await self.session.scalars(
            select(Entry)
            .where(
                Entry.ticket_id == draft.ticket_id,
                Entry.kind == EntryKind.CITIZEN_MESSAGE,
                Entry.at > draft.submitted_at,
            )
            .order_by(Entry.number)
        )
        return rows.all()

    async def _pending(self, draft_id: int) -> tuple[AnswerDraft, Ticket]:
        draft = await self.session.get(AnswerDraft, draft_id)
        if draft is None:
            raise DraftNotOpen(str(draft_id))
        # The ticket first, as everywhere: then two that lock both can't wait for one another.
        ticket = await self.locked(draft.ticket_id)
        await self.session.refresh(draft, with_for_update=True)
        if draft.state is not DraftState.PENDING:
            raise DraftNotOpen(str(draft_id))
        await self.refuse_merged(ticket)
        return draft, ticket

    async def _open_for(self, draft_id: int, actor: Actor) -> tuple[AnswerDraft, Ticket]:
        if actor.role not in self.routing.consultations.reviewer_roles:
            raise ActorNotAllowed("reviewers only")
        draft, ticket = await self._pending(draft_id)
        # Whoever wrote an earlier draft of the answer has a part in this one.
        authors = await self.session.scalars(
            select(AnswerDraft.author_id).where(AnswerDraft.ticket_id == ticket.id)
        )
        if int(actor.id) in set(authors):
            raise OwnDraft(str(draft_id))
        return draft, ticket

    async def _decide(
        self, draft: AnswerDraft, ticket: Ticket, state: DraftState, actor: Actor, note: str
    ) -> None:
        draft.state, draft.note = state, storable(note.strip())
        draft.reviewer_id, draft.reviewed_at = int(actor.id), self.now
        ticket.version += 1
        await self.record(
            ticket, EntryKind.REVIEW, actor, draft.note, {"draft": draft.id, "act": state.value}
        )
