"""How a report becomes a ticket: number, owner, deadlines, first entry, all at once or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from tickets.casework import Casework
from tickets.columns import storable
from tickets.coordinates import to_wgs84
from tickets.deadlines import SHANGHAI
from tickets.duty import DutyDesk
from tickets.errors import ConversationNotFound
from tickets.facts import deadlines_of, position_of
from tickets.models import Conversation, EntryKind, Priority, ReporterMode, Ticket
from tickets.numbers import new_receipt_code, next_ticket_no, receipt_code_hash
from tickets.recordings import attach_recordings
from tickets.search import index_ticket
from tickets.values import Actor, FiledTicket, NewTicket, Place
from tickets.workflow import Status, TicketKind


class Filing(Casework):
    """Filing. Errors leave nothing behind once the transaction rolls back."""

    async def file(self, new: NewTicket) -> FiledTicket:
        """File a ticket: number, owner, deadlines and the first entry.

        Raises: ConversationNotFound.
        """
        if new.request_key is not None:
            filed = await self.session.scalar(select(Ticket).where(Ticket.request_key == new.request_key))
            if filed is not None:
                return self._filed(filed, "")
        if new.conversation_id is not None and not await self.session.get(Conversation, new.conversation_id):
            raise ConversationNotFound(str(new.conversation_id))
        code = new_receipt_code()
        ticket = await self._new_ticket(new, code)
        missing_year = self.set_deadlines(ticket)
        self.session.add(ticket)
        await self.session.flush()
        await index_ticket(self.session, ticket)
        self.add_photos(ticket, new.photos)
        await self.add_recordings(ticket, new.conversation_id, new.recordings)
        await self._record_filing(ticket, new, missing_year)
        legal = self.routing.consultations.department
        if ticket.department == legal and ticket.kind is TicketKind.CONSULTATION:
            await self.bound(DutyDesk).give_out(ticket)
        return self._filed(ticket, code)

    async def _new_ticket(self, new: NewTicket, code: str) -> Ticket:
        said = [code for code in (new.category, *new.categories) if code in self.routing.categories]
        category = self.routing.deciding(said or ["other"])
        ticket_no = await next_ticket_no(self.session, self.routing.city["ticket_prefix"], self.now)
        town = self.routing.locate(new.place).town if new.place else None
        return Ticket(
            ticket_no=ticket_no,
            kind=TicketKind(new.kind),
            status=Status.SUBMITTED,
            category=category,
            categories=list(dict.fromkeys([category, *said])),
            summary=storable(new.summary),
            place=storable(asdict(new.place)) if new.place else None,
            town=town.code if town and not town.is_unsure else None,
            happened=storable(new.happened),
            reporter_mode=ReporterMode(new.reporter_mode),
            contact=self._sealed(new.contact, ticket_no),
            conversation_id=new.conversation_id,
            receipt_code_hash=receipt_code_hash(ticket_no, code),
            request_key=new.request_key,
            department=self._owner(TicketKind(new.kind), category, new.place),
            priority=Priority(new.priority),
            created_at=self.now,
            updated_at=self.now,
            status_since=self.now,
            version=1,
            entry_count=0,
            last_hash="",
            **_position(new.place),
        )

    def _owner(self, kind: TicketKind, category: str, place: Place | None) -> str:
        """Questions of law go to the legal office; matters, and questions about a unit's own service, to the
        owner that the routing data names.
        """
        rules = self.routing.consultations
        is_of_law = kind is TicketKind.CONSULTATION and category not in rules.unit_categories
        if is_of_law and self.routing.may_hold(category, rules.department):
            return rules.department
        return self.routing.route(category, place).code

    async def add_recordings(
        self, ticket: Ticket, conversation_id: int | None, recordings: Sequence[str]
    ) -> None:
        """Attach voice messages of the conversation."""
        if recordings and conversation_id is not None:
            await attach_recordings(self.session, ticket, conversation_id, recordings)

    def _sealed(self, contact: str | None, ticket_no: str) -> str | None:
        said = storable(contact)
        return self.vault.seal(said, ticket_no) if said and self.vault else said

    async def _record_filing(self, ticket: Ticket, new: NewTicket, missing_year: int | None) -> None:
        actor = Actor.citizen(new.conversation_id)
        data: dict[str, Any] = {
            "kind": ticket.kind,
            "categories": ticket.categories,
            "place": str((ticket.place or {}).get("text", "")),
            "happened": ticket.happened,
            "photos": list(new.photos),
            **named(new.recordings),
            "department": ticket.department,
            "assisting": [
                department.code for department in self.routing.assisting(ticket.category, new.place)
            ],
            "town": ticket.town,
            "position": position_of(ticket),
            "reporter_mode": ticket.reporter_mode,
            "priority": ticket.priority,
            **deadlines_of(ticket),
        }
        if missing_year is not None:
            data["calendar_year_missing"] = missing_year
        await self.record(
            ticket, EntryKind.SUBMITTED, actor, ticket.summary, data, to_status=Status.SUBMITTED
        )

    def _filed(self, ticket: Ticket, code: str) -> FiledTicket:
        department = self.routing.department(ticket.department)
        return FiledTicket(
            ticket.ticket_no, code, department.name, day_of(ticket.due_at), department.is_sample
        )


def named(recordings: Sequence[str]) -> dict[str, Any]:
    """Voice messages in the data of an entry; nothing, if there are none."""
    return {"recordings": list(recordings)} if recordings else {}


def day_of(moment: datetime | None) -> date | None:
    """The day in China."""
    return moment.astimezone(SHANGHAI).date() if moment else None


def _position(place: Place | None) -> dict[str, float | None]:
    if place is None or place.latitude is None or place.longitude is None:
        return {"latitude": None, "longitude": None}
    latitude, longitude = to_wgs84(place.latitude, place.longitude, place.datum)
    return {"latitude": latitude, "longitude": longitude}
