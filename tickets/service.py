"""What citizens and officers do with tickets every day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from tickets.casework import is_own
from tickets.duplicates import Duplicates
from tickets.enclosures import NOTHING, Enclosures, SentFile, send_to_citizen
from tickets.errors import (
    ActorNotAllowed,
    AfterPhotoRequired,
    HandBackNeeded,
    NoteRequired,
    OfficerNotFound,
    TicketNotFound,
    TooManyPhotos,
    TransitionNotAllowed,
)
from tickets.facts import MAX_PHOTOS
from tickets.filing import Filing, day_of, named
from tickets.models import (
    Entry,
    EntryKind,
    Officer,
    Purpose,
    Ticket,
)
from tickets.routing import Routing
from tickets.values import Actor, FiledTicket, NewTicket, Place, PublicEntry, TicketView
from tickets.workflow import ALLOWED, ASSIGNER_ROLES, Status, check_move

__all__ = ["Actor", "FiledTicket", "NewTicket", "Place", "PublicEntry", "TicketService", "TicketView"]

_PUBLIC_ENTRIES = (
    EntryKind.SUBMITTED,
    EntryKind.STATUS,
    EntryKind.ASSIGNMENT,
    EntryKind.REPLY,
    EntryKind.CITIZEN_MESSAGE,
)
_LABELS = {EntryKind.REPLY: "答复", EntryKind.CITIZEN_MESSAGE: "补充", EntryKind.ASSIGNMENT: "转办"}
_MAX_LISTED = 50
# Nine at once; so many in all, whatever else a citizen adds later.
MAX_REPORT_PHOTOS = 36
# A button that was pressed twice.
SENT_TWICE = timedelta(seconds=30)


class TicketService(Filing):
    """Filing, following and handling tickets. Errors leave nothing behind once the transaction rolls back."""

    async def status_for(
        self, ticket_no: str, *, conversation_id: int | None = None, receipt_code: str | None = None
    ) -> TicketView:
        """A ticket as its citizen may see it, with its public history.

        Somebody who follows another's ticket sees where it stands, and nothing that was said. A merged
        ticket shows where the one stands that it went into.

        Raises: TicketNotFound, the same for a wrong number, a wrong code and somebody else's ticket.
        """
        ticket = await self.find(ticket_no)
        if is_own(ticket, conversation_id, receipt_code):
            return await self._own_view(ticket)
        if conversation_id is not None and conversation_id in await self.audience(ticket):
            return self._followers_view(ticket, await self._leading(ticket))
        raise TicketNotFound(ticket_no)

    async def tickets_of(self, conversation_id: int) -> list[TicketView]:
        """The newest tickets of a conversation, newest first, without their history."""
        rows = await self.session.scalars(
            select(Ticket)
            .where(Ticket.conversation_id == conversation_id)
            .order_by(Ticket.id.desc())
            .limit(_MAX_LISTED)
        )
        return [self.view(ticket, await self._leading(ticket)) for ticket in rows.all()]

    async def change_status(
        self,
        ticket_no: str,
        new: Status | str,
        *,
        actor: Actor,
        note: str = "",
        expected_version: int | None = None,
        photos: Sequence[str] = (),
        files: Sequence[SentFile] = (),
    ) -> None:
        """Move a ticket and tell the citizen, who also reads the note.

        A ticket sent back (assigned -> accepted) is an inner affair: no notice, and its note stays inside.

        Args:
            photos: of the place afterwards, from the photo store.
            files: for those who reported, before the notice.

        Raises: TicketNotFound; TicketMerged; StaleVersion; TransitionNotAllowed; ActorNotAllowed;
        NoteRequired; NobodyToSendTo, for files to a ticket without a conversation;
            ReviewRequired, for a note of the kind that is reviewed first; AfterPhotoRequired, when resolving
            one of the city's `after_photo_categories` without a photo.
        """
        new = Status(new)
        self.refuse_citizens(actor)
        ticket = await self.find_for_change(ticket_no, expected_version)
        old = ticket.status
        if (old, new) == (Status.ASSIGNED, Status.ACCEPTED):
            await self.move(ticket, new, actor, note, kind=EntryKind.HAND_BACK)
            ticket.officer_id = None
            return
        answers = new is Status.RESOLVED and not await self.was_reviewed(ticket)
        check_move(old, new, actor.kind, note, actor.role)
        self.refuse_unreviewed(ticket, note, is_answer=answers)
        self.add_photos(ticket, photos, Purpose.AFTER)
        if new is Status.RESOLVED:
            await self.session.flush()
            await self._check_after_photo(ticket)
        enclosed = Enclosures(tuple(photos), tuple(files))
        await self.move(ticket, new, actor, note, data=enclosed.as_data() or None)
        if note.strip():
            # The citizen reads it: that is an answer.
            ticket.first_replied_at = ticket.first_replied_at or self.now
        if new is Status.RESOLVED:
            await self._show_after_photos(ticket)
        await send_to_citizen(self, ticket, Enclosures(files=enclosed.files))
        await self.tell(ticket, f"notice_status_{new}", {"note": note})

    async def add_after_photos(self, ticket_no: str, photos: Sequence[str], *, actor: Actor) -> None:
        """Keep photos of the place afterwards, from the photo store; the citizen gets them when the ticket
        is resolved.

        Raises: TicketNotFound; TicketMerged; TransitionNotAllowed, if the ticket is closed; TooManyPhotos,
        if it would have more than nine.
        """
        self.refuse_citizens(actor)
        ticket = await self.find_for_change(ticket_no)
        if not ticket.is_open:
            raise TransitionNotAllowed(ticket.status, Status.RESOLVED)
        kept = await self.photos_of(ticket, Purpose.AFTER)
        added = [sha256 for sha256 in dict.fromkeys(photos) if sha256 not in kept]
        if len(kept) + len(added) > MAX_PHOTOS:
            raise TooManyPhotos(f"{len(kept)} + {len(added)}")
        if added:
            self.add_photos(ticket, added, Purpose.AFTER)
            await self.record(ticket, EntryKind.NOTE, actor, "", {"photos": added, "purpose": Purpose.AFTER})

    async def assign(
        self,
        ticket_no: str,
        *,
        department: str | None = None,
        officer_id: int | None = None,
        actor: Actor,
        note: str = "",
        expected_version: int | None = None,
    ) -> None:
        """Give a ticket to a department, an officer of it, or both. The note stays inside.

        A submitted ticket is accepted by it, and a reopened or accepted one becomes assigned. The citizen
        is told when the status or the department changes.

        Raises: TicketNotFound; StaleVersion; TransitionNotAllowed, if it is closed; ActorNotAllowed, if
        this department may not have it, or the actor's unit is to apply for a hand-back; OfficerNotFound;
        RoutingError.
        """
        self.refuse_citizens(actor)
        ticket = await self.find_for_change(ticket_no, expected_version)
        if not ticket.is_open:
            raise TransitionNotAllowed(ticket.status, Status.ASSIGNED)
        if not self.routing.may_hold(ticket.category, department or ticket.department):
            raise ActorNotAllowed(f"{ticket.category} must not go to {department}")
        was = ticket.department
        if department not in (None, was) and not may_give_away(self.routing, was, actor):
            raise HandBackNeeded(was)
        ticket.department = department or was
        ticket.officer_id = await self._officer_for(ticket, officer_id, keep=ticket.department == was)
        data = {"from": was, "department": ticket.department, "officer_id": ticket.officer_id}
        if await self._becomes_assigned(ticket, actor, note, data) or ticket.department != was:
            await self.tell(ticket, "notice_status_assigned", {"note": ""})

    async def reply(
        self,
        ticket_no: str,
        text: str,
        *,
        actor: Actor,
        expected_version: int | None = None,
        enclosed: Enclosures = NOTHING,
    ) -> None:
        """Answer the citizen in public.

        Raises: TicketNotFound; StaleVersion; NoteRequired, if the text is empty; ReviewRequired: then
        `tickets.legal_review` takes it; NobodyToSendTo, for photos or files to a ticket without a
        conversation.
        """
        _require(text)
        self.refuse_citizens(actor)
        ticket = await self.find_for_change(ticket_no, expected_version)
        self.refuse_unreviewed(ticket, text)
        await self.answer(ticket, text, actor, enclosed=enclosed)

    async def add_note(self, ticket_no: str, text: str, *, actor: Actor) -> None:
        """A note that only the bureau reads; sent twice at once it is one.

        Raises: TicketNotFound; NoteRequired, if the text is empty.
        """
        _require(text)
        self.refuse_citizens(actor)
        ticket = await self.find_for_change(ticket_no)
        again = select(Entry.id).where(
            Entry.ticket_id == ticket.id,
            Entry.number == ticket.entry_count,
            Entry.kind == EntryKind.NOTE,
            Entry.actor_id == actor.id,
            Entry.text == text,
            Entry.at > self.now - SENT_TWICE,
        )
        if await self.session.scalar(again) is None:
            await self.record(ticket, EntryKind.NOTE, actor, text)

    async def add_citizen_message(
        self,
        ticket_no: str,
        text: str,
        *,
        conversation_id: int,
        photos: Sequence[str] = (),
        recordings: Sequence[str] = (),
    ) -> int:
        """What the citizen adds. A ticket that waited for it goes on. Added to one that was merged it stays
        with that one, and the record of the other points at it.

        Returns: how many of the photos were not kept: nine at once, `MAX_REPORT_PHOTOS` in all.

        Raises: TicketNotFound, also if it isn't theirs; TransitionNotAllowed, if work on it is closed: nobody
        would read it.
        """
        ticket, leading = await self.find_reported_for_change(ticket_no, conversation_id)
        if not leading.is_open:
            raise TransitionNotAllowed(leading.status, Status.IN_PROGRESS)
        actor = Actor.citizen(conversation_id)
        new = await self._add_report_photos(ticket, photos)
        await self.add_recordings(ticket, conversation_id, recordings)
        data = {"photos": new, **named(recordings)}
        await self.record(ticket, EntryKind.CITIZEN_MESSAGE, actor, text, data)
        if leading is not ticket:
            beside = {"added_to": ticket.ticket_no}
            await self.record(leading, EntryKind.CITIZEN_MESSAGE, actor, data=beside)
        if leading.status is Status.AWAITING_CITIZEN:
            await self.move(leading, Status.IN_PROGRESS, actor)
        return len(set(photos) - set(await self.photos_of(ticket, Purpose.REPORT)))

    async def withdraw(self, ticket_no: str, *, conversation_id: int) -> None:
        """The citizen takes the ticket back. Others who reported the same keep theirs: one that was merged is
        taken out first, and the oldest that rests in it goes on in its place.

        Raises: TicketNotFound, also if it isn't theirs; TransitionNotAllowed.
        """
        ticket, leading = await self.find_reported_for_change(ticket_no, conversation_id)
        actor, duplicates = Actor.citizen(conversation_id), self.bound(Duplicates)
        if leading is not ticket:
            await duplicates.take_out(ticket, leading, actor)
        await self.move(ticket, Status.WITHDRAWN, actor)
        await duplicates.succeed(ticket, actor)
        await self.tell(ticket, "notice_status_withdrawn", {"note": ""}, except_conversation=conversation_id)

    def view(self, ticket: Ticket, leading: Ticket, entries: Sequence[Entry] = ()) -> TicketView:
        """What its citizen may see of a ticket; `leading` is the one that work is done on."""
        category = self.routing.categories.get(ticket.category)
        return TicketView(
            ticket_no=ticket.ticket_no,
            kind=ticket.kind,
            status=leading.status,
            category=ticket.category,
            category_name=category.name if category else ticket.category,
            summary=ticket.summary,
            place_text=str((ticket.place or {}).get("text", "")),
            department=leading.department,
            department_name=self.routing.department(leading.department).name,
            created_at=ticket.created_at,
            updated_at=leading.updated_at,
            due_on=day_of(leading.due_at) if leading.is_open else None,
            entries=tuple(_public(entry) for entry in entries),
            may_reopen=ticket is leading and Status.REOPENED in ALLOWED[ticket.status],
            merged_into=None if ticket is leading else leading.ticket_no,
            rating=ticket.rating,
        )

    async def _leading(self, ticket: Ticket) -> Ticket:
        if ticket.merged_into_id is None:
            return ticket
        return await self.session.get_one(Ticket, ticket.merged_into_id)

    async def _own_view(self, ticket: Ticket) -> TicketView:
        entries = await self.session.scalars(
            select(Entry)
            .where(Entry.ticket_id == ticket.id, Entry.kind.in_(_PUBLIC_ENTRIES))
            .order_by(Entry.number)
        )
        leading = await self._leading(ticket)
        photos = () if leading.is_open else tuple(await self.photos_of(leading, Purpose.AFTER))
        theirs = [entry for entry in entries if "added_to" not in entry.data]
        return replace(self.view(ticket, leading, theirs), after_photos=photos)

    def _followers_view(self, ticket: Ticket, leading: Ticket) -> TicketView:
        return replace(self.view(ticket, leading), summary="", place_text="", may_reopen=False)

    async def _check_after_photo(self, ticket: Ticket) -> None:
        if self.routing.needs_after_photo(ticket.kind, ticket.category) and not await self.photos_of(
            ticket, Purpose.AFTER
        ):
            raise AfterPhotoRequired(ticket.ticket_no)

    async def _show_after_photos(self, ticket: Ticket) -> None:
        """Each photo is a message of its own, before the one that asks for a verdict."""
        photos = await self.photos_of(ticket, Purpose.AFTER)
        for number, sha256 in enumerate(photos, 1):
            params = {"number": number, "count": len(photos), "photo": sha256}
            await self.tell(ticket, "notice_after_photo", params, with_followers=False)

    async def _add_report_photos(self, ticket: Ticket, photos: Sequence[str]) -> list[str]:
        """Attach those that the ticket doesn't have yet, as far as there is room. Returns them."""
        kept = await self.photos_of(ticket, Purpose.REPORT)
        room = min(MAX_PHOTOS, max(MAX_REPORT_PHOTOS - len(kept), 0))
        new = [sha256 for sha256 in dict.fromkeys(photos) if sha256 not in kept][:room]
        self.add_photos(ticket, new)
        await self.session.flush()
        return new

    async def _officer_for(self, ticket: Ticket, officer_id: int | None, keep: bool) -> int | None:
        if officer_id is None:
            return ticket.officer_id if keep else None
        officer = await self.session.get(Officer, officer_id)
        if officer is None or not officer.is_active or officer.department not in (None, ticket.department):
            raise OfficerNotFound(str(officer_id))
        return officer.id

    async def _becomes_assigned(self, ticket: Ticket, actor: Actor, note: str, data: dict[str, Any]) -> bool:
        if ticket.status is Status.SUBMITTED:
            await self.move(ticket, Status.ACCEPTED, actor)
        if Status.ASSIGNED in ALLOWED[ticket.status]:
            await self.move(ticket, Status.ASSIGNED, actor, note, kind=EntryKind.ASSIGNMENT, data=data)
            return True
        ticket.version += 1
        await self.record(ticket, EntryKind.ASSIGNMENT, actor, note, data)
        return False


def may_give_away(routing: Routing, department: str | None, actor: Actor) -> bool:
    """Whether an actor may give a unit's tickets to another one at once: supervisors, and the head of the
    front desk what lies with it. All others apply for a hand-back, or tickets travel in circles.
    """
    is_front_desks = department == routing.front_desk and actor.role in ASSIGNER_ROLES
    return actor.is_supervisor or is_front_desks


def _require(text: str) -> None:
    if not text.strip():
        raise NoteRequired("empty text")


def _public(entry: Entry) -> PublicEntry:
    label = entry.to_status.label if entry.to_status else _LABELS.get(entry.kind, "")
    # Why a ticket was given to somebody is the bureau's own affair.
    text = "" if entry.kind is EntryKind.ASSIGNMENT else entry.text
    return PublicEntry(entry.at, label, text)
