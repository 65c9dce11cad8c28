"""A person answers: citizens who wait for one, officers who take a conversation over and hand it back.

Locks are taken in the order conversation, ticket, live talk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from tickets import conversations
from tickets.casework import Casework
from tickets.enclosures import NOTHING, Enclosures, keep_sent
from tickets.errors import (
    AlreadyTalking,
    CalendarYearMissing,
    NoteRequired,
    NotTalking,
    ReviewRequired,
    TicketNotFound,
)
from tickets.live_models import LiveTalk
from tickets.models import Conversation, EntryKind, Mode, Sender, Ticket
from tickets.service import TicketService
from tickets.values import Actor
from tickets.workflow import ALLOWED, Status, TicketKind

# An officer who leaves a citizen without a word for so long can be relieved by any colleague.
RELIEVED_AFTER = timedelta(minutes=5)
FIRST_WORD = "在会话中首次答复"
# Somebody who waits so long in office hours is told that it takes longer, once in each wait.
TOLD_AFTER = timedelta(minutes=10)
# A talk in which nobody says anything more has ended, whatever the page says.
ENDS_AFTER = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Attendance:
    """Whether somebody is there to answer now.

    Attributes:
        opens_at: when the office opens next, UTC; None while it is open, or when no calendar covers that day.
    """

    is_open: bool
    opens_at: datetime | None = None


class LiveDesk(Casework):
    """Live conversations between citizens and officers."""

    def attendance(self) -> Attendance:
        """Whether the office is open now, and when it opens next."""
        try:
            opens_at = self.calendar.next_opening(self.now)
        except CalendarYearMissing:
            return Attendance(is_open=False)
        return Attendance(True) if opens_at <= self.now else Attendance(False, opens_at)

    async def ask(self, conversation_id: int, ticket_no: str) -> Attendance:
        """The citizen waits for a person from now on; call with the conversation locked.

        Raises: TicketNotFound.
        """
        ticket = await self.find(ticket_no)
        talk = await self._talk(conversation_id)
        attendance = self.attendance()
        if talk is None:
            talk = self._begin(conversation_id, ticket.id, None, waiting_since=self.now)
        else:
            talk.ticket_id = talk.ticket_id or ticket.id
            self._waits(talk)
        if not attendance.is_open:
            # The answer to this says already when somebody is back.
            talk.told_at = self.now
        await self.session.flush()
        return attendance

    async def heard(self, conversation_id: int) -> Attendance | None:
        """The citizen said something to the officer they talk with; call with the conversation locked.

        Returns: what to tell them, once in each wait, when the office is closed and the officer has been
        silent for a while; else None.
        """
        talk = await self._talk(conversation_id)
        if talk is None:
            return None
        is_answered = self.now - (talk.waiting_since or talk.last_at) < TOLD_AFTER
        self._waits(talk)
        attendance = self.attendance()
        if attendance.is_open or is_answered or talk.told_at is not None:
            return None
        talk.told_at = self.now
        return attendance

    async def take_over(self, conversation_id: int, *, actor: Actor, ticket_no: str | None = None) -> None:
        """An officer talks from now on, and the assistant is silent. The citizen is told.

        Args:
            ticket_no: the ticket of this conversation that the talk is about.

        Raises: ConversationNotFound; TicketNotFound, also if it is another conversation's; AlreadyTalking, if
        a colleague does and hasn't left the citizen waiting for five minutes (supervisors need not wait).
        """
        conversation = await conversations.lock(self.session, conversation_id)
        ticket = await self._ticket_of(conversation_id, ticket_no) if ticket_no else None
        talk = await self._talk(conversation_id)
        if talk is not None and talk.officer_id is not None:
            if talk.officer_id == int(actor.id):
                return
            if not (actor.is_supervisor or self._is_left_alone(talk)):
                raise AlreadyTalking(str(talk.officer_id))
        if talk is None:
            self._begin(conversation_id, ticket.id if ticket else None, int(actor.id), waiting_since=None)
        else:
            talk.officer_id, talk.last_at = int(actor.id), self.now
            talk.ticket_id = ticket.id if ticket else talk.ticket_id
        conversation.mode, conversation.officer_id = Mode.OFFICER, int(actor.id)
        await self._post(conversation_id, "live_begun", {"department": self._unit(actor)}, Sender.ASSISTANT)

    async def say(
        self, conversation_id: int, text: str, *, actor: Actor, enclosed: Enclosures = NOTHING
    ) -> int:
        """The officer says something, or sends photos and files. Returns the last message's id.

        Raises: ConversationNotFound; NotTalking, if it isn't this officer's talk; NoteRequired with nothing
        to send; ReviewRequired, for a legal answer: `tickets.live_review` takes it.
        """
        if not (text.strip() or enclosed):
            raise NoteRequired("empty text")
        await conversations.lock(self.session, conversation_id)
        talk = await self._own_talk(conversation_id, actor)
        # The ticket before the talk is written: that is the order of locks.
        ticket = await self.locked(talk.ticket_id) if talk.ticket_id else None
        # Who asks the citizen something, or greets, hasn't answered yet.
        self._refuse_legal_advice(ticket, text, is_answer=self.routing.consultations.states_something(text))
        await self._replied(ticket, actor)
        self._waits_no_longer(talk)
        said: list[tuple[str, dict[str, Any]]] = [("live_said", {"text": text})] if text.strip() else []
        said += [("live_photo", {"photo": sha256}) for sha256 in enclosed.photos]
        for file in enclosed.files:
            await keep_sent(self, conversation_id, file)
            said.append(("live_file", {"file": file.described()}))
        last = 0
        for key, params in said:
            last = await self._post(conversation_id, key, params, Sender.OFFICER, talk.ticket_id)
        return last

    async def hand_back(
        self, conversation_id: int, summary: str, *, actor: Actor, resolve: bool = False
    ) -> None:
        """The officer ends the talk; the citizen reads the summary, and the assistant answers again.

        The summary also goes onto the record of the ticket that the talk is about.

        Args:
            resolve: close that ticket with the summary as its answer.

        Raises: ConversationNotFound; NotTalking; NoteRequired; ReviewRequired; TransitionNotAllowed, if the
        ticket can't be resolved now; TicketMerged and AfterPhotoRequired, when resolving it.
        """
        if not summary.strip():
            raise NoteRequired("no summary")
        conversation = await conversations.lock(self.session, conversation_id)
        talk = await self._own_talk(conversation_id, actor)
        ticket = await self.locked(talk.ticket_id) if talk.ticket_id else None
        self._refuse_legal_advice(
            ticket, summary, is_answer=ticket is not None and not await self.was_reviewed(ticket)
        )
        is_resolved = resolve and ticket is not None and ticket.is_open
        if ticket is not None and ticket.is_open:
            ticket.first_replied_at = ticket.first_replied_at or self.now
            if resolve:
                await self._resolve(ticket, summary, actor)
            else:
                ticket.version += 1
                await self.record(ticket, EntryKind.REPLY, actor, summary)
        await self._end(conversation, talk)
        # The notice that the ticket is resolved carries the summary already.
        await self._post(conversation_id, "live_ended", {"summary": "" if is_resolved else summary})

    def _refuse_legal_advice(self, ticket: Ticket | None, text: str, *, is_answer: bool) -> None:
        if ticket is not None:
            self.refuse_unreviewed(ticket, text, is_answer=is_answer)
            return
        # Without a ticket it is a question all the same.
        reasons = self.routing.consultations.reasons(TicketKind.CONSULTATION, (), text, by_words_only=True)
        if reasons:
            raise ReviewRequired(reasons)

    async def leave(self, conversation_id: int) -> None:
        """The citizen goes back to the assistant; call with the conversation locked."""
        talk = await self._talk(conversation_id)
        if talk is not None:
            await self._end(await self.session.get_one(Conversation, conversation_id), talk)

    async def tell_waiting(self, limit: int) -> int:
        """Tell those who have waited long that they aren't forgotten, and after hours when somebody is back:
        once in each wait. Returns how many.
        """
        attendance = self.attendance()
        key = "live_waiting" if attendance.is_open else "live_closed"
        told = 0
        wanted = (
            select(LiveTalk)
            .where(LiveTalk.told_at.is_(None), LiveTalk.waiting_since < self.now - TOLD_AFTER)
            .order_by(LiveTalk.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        for talk in (await self.session.scalars(wanted)).all():
            talk.told_at = self.now
            await self._post(talk.conversation_id, key, {"attendance": attendance})
            told += 1
        return told

    async def end_silent(self, limit: int) -> int:
        """End talks in which nobody has said anything for two hours. Returns how many."""
        conditions = (
            LiveTalk.officer_id.is_not(None),
            LiveTalk.waiting_since.is_(None),
            LiveTalk.last_at < self.now - ENDS_AFTER,
        )
        ids = (
            await self.session.scalars(select(LiveTalk.conversation_id).where(*conditions).limit(limit))
        ).all()
        ended = 0
        for conversation_id in ids:
            conversation = await conversations.lock(self.session, conversation_id)
            talk = await self._talk(conversation_id)
            if talk is not None and talk.waiting_since is None and talk.last_at < self.now - ENDS_AFTER:
                await self._end(conversation, talk)
                await self._post(conversation_id, "live_silent", {})
                ended += 1
        return ended

    async def _talk(self, conversation_id: int, *, lock: bool = True) -> LiveTalk | None:
        wanted = select(LiveTalk).where(LiveTalk.conversation_id == conversation_id)
        wanted = wanted.with_for_update() if lock else wanted
        found: LiveTalk | None = await self.session.scalar(wanted.execution_options(populate_existing=True))
        return found

    async def _own_talk(self, conversation_id: int, actor: Actor) -> LiveTalk:
        """Not locked: a talk with an officer ends only with its conversation locked."""
        talk = await self._talk(conversation_id, lock=False)
        if talk is None or talk.officer_id != int(actor.id):
            raise NotTalking(str(conversation_id))
        return talk

    async def _ticket_of(self, conversation_id: int, ticket_no: str) -> Ticket:
        ticket = await self.find(ticket_no)
        if ticket.conversation_id != conversation_id:
            raise TicketNotFound(ticket_no)
        return ticket

    def _begin(
        self,
        conversation_id: int,
        ticket_id: int | None,
        officer_id: int | None,
        *,
        waiting_since: datetime | None,
    ) -> LiveTalk:
        talk = LiveTalk(
            conversation_id=conversation_id,
            ticket_id=ticket_id,
            officer_id=officer_id,
            since=self.now,
            waiting_since=waiting_since,
            last_at=self.now,
        )
        self.session.add(talk)
        return talk

    def _waits(self, talk: LiveTalk) -> None:
        talk.waiting_since, talk.last_at = talk.waiting_since or self.now, self.now

    def _is_left_alone(self, talk: LiveTalk) -> bool:
        return talk.waiting_since is not None and talk.waiting_since < self.now - RELIEVED_AFTER

    def _unit(self, actor: Actor) -> str:
        return self.routing.department(actor.department).name if actor.department else ""

    def _waits_no_longer(self, talk: LiveTalk) -> None:
        """A person has just spoken to the citizen."""
        talk.waiting_since, talk.told_at, talk.last_at = None, None, self.now

    async def _replied(self, ticket: Ticket | None, actor: Actor) -> None:
        """The first word of a person goes onto the record, from which the response rate is computed again."""
        if ticket is not None and ticket.first_replied_at is None:
            ticket.first_replied_at = self.now
            await self.record(ticket, EntryKind.NOTE, actor, FIRST_WORD, {"first_reply": True})

    async def _resolve(self, ticket: Ticket, summary: str, actor: Actor) -> None:
        if ticket.status is Status.SUBMITTED:
            await self.move(ticket, Status.ACCEPTED, actor)
        if Status.RESOLVED not in ALLOWED[ticket.status] and Status.IN_PROGRESS in ALLOWED[ticket.status]:
            await self.move(ticket, Status.IN_PROGRESS, actor)
        await self.bound(TicketService).change_status(
            ticket.ticket_no, Status.RESOLVED, actor=actor, note=summary
        )

    async def _end(self, conversation: Conversation, talk: LiveTalk) -> None:
        conversation.mode, conversation.officer_id = Mode.ASSISTANT, None
        await self.session.delete(talk)
        await self.session.flush()

    async def _post(
        self,
        conversation_id: int,
        key: str,
        params: dict[str, Any],
        sender: Sender = Sender.ASSISTANT,
        ticket_id: int | None = None,
    ) -> int:
        message = await conversations.post(
            self.session,
            conversation_id,
            self.notice(key, params),
            sender=sender,
            now=self.now,
            ticket_id=ticket_id,
        )
        return message.id
