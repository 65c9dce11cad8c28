"""The one door through which tickets change.

Every change locks the ticket, checks the caller's version, the table of moves and the actor's right, and
writes the row, its history entry and the citizens' notices in the caller's transaction: all of it or
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.conversations import post
from tickets.deadlines import WorkingCalendar
from tickets.enclosures import NOTHING, Enclosures, send_to_citizen
from tickets.errors import (
    ActorNotAllowed,
    CalendarYearMissing,
    ReviewRequired,
    StaleVersion,
    TicketMerged,
    TicketNotFound,
)
from tickets.facts import MAX_PHOTOS
from tickets.history import append_entry
from tickets.models import (
    AnswerDraft,
    Application,
    Attachment,
    DraftState,
    Entry,
    EntryKind,
    Follower,
    Purpose,
    Sender,
    Ticket,
)
from tickets.numbers import clean_ticket_no, is_receipt_code
from tickets.routing import Routing
from tickets.values import Actor
from tickets.vault import Vault
from tickets.waiting import answered, no_longer_asked
from tickets.workflow import ActorKind, Status, check_move

LAPSED = "工单已结，申请自动失效"

ServiceT = TypeVar("ServiceT", bound="Casework")

# Renders a text key and its parameters into the content of an outgoing message.
Notice = Callable[[str, dict[str, Any]], dict[str, Any]]


def plain_notice(key: str, params: dict[str, Any]) -> dict[str, Any]:
    """A notice without words, for tools and tests that have no texts."""
    return {"kind": "text", "text": key, "params": params}


async def find_ticket(session: AsyncSession, ticket_no: str, *, lock: bool = False) -> Ticket:
    """A ticket by its number as somebody typed it.

    Raises: TicketNotFound.
    """
    wanted = select(Ticket).where(Ticket.ticket_no == clean_ticket_no(storable(ticket_no)))
    if lock:
        # Another transaction may have changed what this session has read before.
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = await session.scalar(wanted)
    if found is None:
        raise TicketNotFound(ticket_no)
    return found


def is_own(ticket: Ticket, conversation_id: int | None, receipt_code: str | None) -> bool:
    """Whether this citizen filed the ticket, or has the code that was given to whoever did."""
    if conversation_id is not None and conversation_id == ticket.conversation_id:
        return True
    return bool(receipt_code) and is_receipt_code(
        ticket.ticket_no, receipt_code or "", ticket.receipt_code_hash
    )


class Casework:
    """What all services on tickets share: one session, one moment, one door.

    Args:
        session: of `Database.transaction()`; committing is its business.
        notice: words for citizens.
        now: the moment of everything that this object does, aware.
        vault: seals contact data before it is stored; None stores it in clear.
    """

    def __init__(
        self,
        session: AsyncSession,
        *,
        routing: Routing,
        calendar: WorkingCalendar,
        notice: Notice = plain_notice,
        now: datetime,
        vault: Vault | None = None,
    ) -> None:
        self.session = session
        self.routing = routing
        self.calendar = calendar
        self.notice = notice
        self.now = now
        self.vault = vault

    def bound(self, kind: type[ServiceT]) -> ServiceT:
        """Another service in the same transaction, at the same moment."""
        return kind(
            self.session,
            routing=self.routing,
            calendar=self.calendar,
            notice=self.notice,
            now=self.now,
            vault=self.vault,
        )

    async def find(self, ticket_no: str, *, lock: bool = False) -> Ticket:
        """Raises: TicketNotFound."""
        return await find_ticket(self.session, ticket_no, lock=lock)

    async def find_own_for_change(self, ticket_no: str, conversation_id: int) -> Ticket:
        """A ticket that this citizen filed, locked until the transaction ends.

        Raises: TicketNotFound; TicketMerged.
        """
        ticket = await self.find(ticket_no, lock=True)
        if not is_own(ticket, conversation_id, None):
            raise TicketNotFound(ticket_no)
        await self.refuse_merged(ticket)
        return ticket

    async def find_reported_for_change(self, ticket_no: str, conversation_id: int) -> tuple[Ticket, Ticket]:
        """A ticket that this citizen filed, and the one that work on its matter is done on, which is mostly
        the same; both locked until the transaction ends. The number may be that of either.

        Raises: TicketNotFound.
        """
        said = await self.find(ticket_no)
        matter = said.merged_into_id or said.id
        is_theirs = (Ticket.conversation_id == conversation_id) & (
            (Ticket.id == said.id) | (Ticket.merged_into_id == said.id)
        )
        own_id = await self.session.scalar(select(Ticket.id).where(is_theirs).order_by(Ticket.id).limit(1))
        if own_id is None:
            raise TicketNotFound(ticket_no)
        # In the order in which merging locks, so that neither waits for the other for ever.
        locked = {
            one.id: one
            for one in await self.session.scalars(
                select(Ticket)
                .where(Ticket.id.in_({own_id, matter}))
                .order_by(Ticket.id)
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        }
        own, leading = locked[own_id], locked[matter]
        if (own.merged_into_id or own.id) != leading.id:
            # Merged or split since it was read.
            raise StaleVersion(leading.version, own.version)
        return own, leading

    async def find_for_change(self, ticket_no: str, expected_version: int | None = None) -> Ticket:
        """The ticket, locked until the transaction ends.

        Raises: TicketNotFound; TicketMerged; StaleVersion, if it isn't the version that the caller has
        seen (None: any).
        """
        ticket = await self.find(ticket_no, lock=True)
        await self.refuse_merged(ticket)
        if expected_version is not None and expected_version != ticket.version:
            raise StaleVersion(expected_version, ticket.version)
        return ticket

    async def locked(self, ticket_id: int) -> Ticket:
        """The ticket as it stands now, also if this session has read it before; locked until the end."""
        return await self.session.get_one(Ticket, ticket_id, with_for_update=True, populate_existing=True)

    async def refuse_merged(self, ticket: Ticket) -> None:
        """Raises: TicketMerged, if work is done on another ticket."""
        if ticket.merged_into_id is not None:
            raise TicketMerged((await self.session.get_one(Ticket, ticket.merged_into_id)).ticket_no)

    @staticmethod
    def refuse_citizens(actor: Actor) -> None:
        """Raises: ActorNotAllowed, for what only the bureau does."""
        if actor.kind is ActorKind.CITIZEN:
            raise ActorNotAllowed("citizens have methods of their own")

    def refuse_unreviewed(self, ticket: Ticket, text: str, *, is_answer: bool = True) -> None:
        """Refuse words that the citizen may read only after a legal review.

        Args:
            is_answer: False for a note beside a move, which only what it says can make a legal answer.

        Raises: ReviewRequired.
        """
        rules = self.routing.consultations
        reasons = rules.reasons(ticket.kind, ticket.categories, text, by_words_only=not is_answer)
        if reasons:
            raise ReviewRequired(reasons)

    async def begun_at(self, ticket: Ticket) -> datetime:
        """Since when the bureau owes an answer: since the ticket was filed, or last reopened."""
        reopened = select(func.max(Entry.at)).where(
            Entry.ticket_id == ticket.id, Entry.to_status == Status.REOPENED
        )
        return await self.session.scalar(reopened) or ticket.created_at

    async def was_reviewed(self, ticket: Ticket) -> bool:
        """Whether an answer to the ticket was approved since it was last reopened."""
        approved = select(AnswerDraft.id).where(
            AnswerDraft.ticket_id == ticket.id,
            AnswerDraft.state == DraftState.APPROVED,
            AnswerDraft.reviewed_at >= await self.begun_at(ticket),
        )
        return await self.session.scalar(approved.limit(1)) is not None

    async def answer(
        self,
        ticket: Ticket,
        text: str,
        actor: Actor,
        data: dict[str, Any] | None = None,
        enclosed: Enclosures = NOTHING,
    ) -> None:
        """Put a public reply on the record of a locked ticket and send it to those who reported.

        Raises: NobodyToSendTo, for photos or files to a ticket without a conversation.
        """
        ticket.version += 1
        ticket.first_replied_at = ticket.first_replied_at or self.now
        await self.record(
            ticket, EntryKind.REPLY, actor, text, {**(data or {}), **enclosed.as_data()} or None
        )
        await self.tell(ticket, "notice_reply", {"text": text}, sender=Sender.OFFICER, with_followers=False)
        await send_to_citizen(self, ticket, enclosed)
        if ticket.conversation_id is not None:
            await answered(self.session, ticket.conversation_id, self.now)

    async def move(
        self,
        ticket: Ticket,
        new: Status,
        actor: Actor,
        note: str = "",
        *,
        kind: EntryKind = EntryKind.STATUS,
        data: dict[str, Any] | None = None,
    ) -> None:
        """Change the status of a locked ticket and write the entry. The citizens are told by `tell`.

        Raises: TransitionNotAllowed; ActorNotAllowed; NoteRequired.
        """
        old = ticket.status
        check_move(old, new, actor.kind, note, actor.role)
        ticket.status = new
        ticket.status_since = self.now
        ticket.closed_at = None if new.is_open else self.now
        ticket.version += 1
        await append_entry(
            self.session,
            ticket,
            kind,
            actor,
            note,
            at=self.now,
            from_status=old,
            to_status=new,
            data=data,
        )
        if not new.is_open:
            await no_longer_asked(self.session, ticket.id)
            await self._lapse(ticket)

    async def _lapse(self, ticket: Ticket) -> None:
        """What a unit applied for and nobody ruled on is void once the ticket is closed."""
        waiting = select(Application).where(
            Application.ticket_id == ticket.id, Application.ruled_at.is_(None)
        )
        for application in await self.session.scalars(waiting.with_for_update()):
            actor = Actor.system()
            application.ruled_at, application.ruled_by = self.now, actor.id
            application.is_approved, application.note = False, LAPSED
            data = {
                "application": application.kind,
                "application_id": application.id,
                "is_approved": False,
            }
            await self.record(ticket, EntryKind.RULING, actor, LAPSED, data)

    async def record(
        self,
        ticket: Ticket,
        kind: EntryKind,
        actor: Actor,
        text: str = "",
        data: dict[str, Any] | None = None,
        *,
        to_status: Status | None = None,
    ) -> None:
        """Write an entry that changes no status; `to_status` is for the first one."""
        await append_entry(
            self.session, ticket, kind, actor, text, at=self.now, data=data, to_status=to_status
        )

    async def tell(
        self,
        ticket: Ticket,
        key: str,
        params: dict[str, Any] | None = None,
        *,
        sender: Sender = Sender.ASSISTANT,
        except_conversation: int | None = None,
        with_followers: bool = True,
    ) -> None:
        """Put a notice into the outbox for everybody who reported or follows the ticket. Who merely follows
        it reads no note: words are another person's.

        Args:
            with_followers: False for words that are meant for those who reported, and not for every
            neighbour. except_conversation: who has just acted and is answered in the same turn.
        """
        given = {
            "ticket_no": ticket.ticket_no,
            "department": self.routing.department(ticket.department).name,
            **(params or {}),
        }
        # Only whoever filed it can say whether it is solved.
        reported = {**given, "is_followed": True}
        followed = {**reported, "note": "", "is_bystander": True}
        reporters = await self.reporters(ticket)
        for conversation_id in await self.audience(ticket) if with_followers else reporters:
            told = reported if conversation_id in reporters else followed
            if conversation_id != except_conversation:
                await post(
                    self.session,
                    conversation_id,
                    self.notice(key, given if conversation_id == ticket.conversation_id else told),
                    sender=sender,
                    now=self.now,
                    ticket_id=ticket.id,
                )

    async def reporters(self, ticket: Ticket) -> list[int]:
        """Ids of the conversations in which a ticket, or one that rests in it, was filed."""
        resting = await self.session.scalars(
            select(Ticket.conversation_id)
            .where(Ticket.merged_into_id == ticket.id, Ticket.conversation_id.is_not(None))
            .order_by(Ticket.id)
        )
        return list(dict.fromkeys(one for one in (ticket.conversation_id, *resting) if one is not None))

    async def audience(self, ticket: Ticket) -> list[int]:
        """Ids of the conversations that are told what happens to a ticket: who reported it, and who chose to
        follow it.
        """
        followers = await self.session.scalars(
            select(Follower.conversation_id).where(Follower.ticket_id == ticket.id).order_by(Follower.id)
        )
        return list(dict.fromkeys([*await self.reporters(ticket), *followers]))

    async def photos_of(self, ticket: Ticket, purpose: Purpose) -> list[str]:
        """SHA-256 of a ticket's photos of one kind, in the order in which they came."""
        wanted = select(Attachment.sha256).where(
            Attachment.ticket_id == ticket.id, Attachment.purpose == purpose
        )
        return list(await self.session.scalars(wanted.order_by(Attachment.id)))

    def add_photos(self, ticket: Ticket, photos: Sequence[str], purpose: Purpose = Purpose.REPORT) -> None:
        """Attach photos that are in the photo store, the first nine."""
        for sha256 in list(dict.fromkeys(photos))[:MAX_PHOTOS]:
            self.session.add(
                Attachment(ticket_id=ticket.id, sha256=sha256, purpose=purpose, created_at=self.now)
            )

    def set_deadlines(self, ticket: Ticket, at: datetime | None = None) -> int | None:
        """Set what is promised from `at` (None: now) on.

        Returns: the year that the calendar doesn't know, or None. Without it the ticket has no deadlines
        for the time being: refusing a report because a public notice is late would lose it, and guessing
        would promise a wrong day.
        """
        try:
            due = self.calendar.due_times(ticket.kind, ticket.priority, at or self.now)
        except CalendarYearMissing as missing:
            ticket.accept_due_at = ticket.due_at = None
            return missing.year
        ticket.accept_due_at, ticket.due_at = due.accept, due.resolve
        # Promised once: a late first reply stays late when the ticket is reopened.
        ticket.first_reply_due_at = ticket.first_reply_due_at or due.first_reply
        return None
