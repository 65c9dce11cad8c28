"""What supervisors are for: hand-backs (退单), extensions (延期) and 督办.

A unit applies, a supervisor rules, and until then nothing changes: the ticket stays with its unit and the
clock runs on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from sqlalchemy import select

from tickets.casework import Casework
from tickets.columns import storable
from tickets.deadlines import SHANGHAI
from tickets.duty import DutyDesk
from tickets.errors import (
    ActorNotAllowed,
    AlreadyRuled,
    NoteRequired,
    RoutingError,
    TransitionNotAllowed,
)
from tickets.models import Application, ApplicationKind, EntryKind, Ticket
from tickets.values import Actor, Place
from tickets.workflow import NOT_BEGUN, Status, TicketKind

# The second time that units push a ticket away, the head of the zone gets it and keeps it.
HAND_BACKS_BEFORE_ZONE_HEAD = 2


class Oversight(Casework):
    """Applications of units and what supervisors do about them."""

    async def hand_back(
        self, ticket_no: str, reason: str, *, actor: Actor, wanted_department: str | None = None
    ) -> int:
        """The unit says that the ticket isn't its own. Returns the application's id.

        Raises: TicketNotFound; NoteRequired; TransitionNotAllowed, once it is begun; AlreadyRuled, if one
            is open; ActorNotAllowed, for the head of a zone, with whom it ends.
        """
        self.refuse_citizens(actor)
        ticket = await self.find_for_change(ticket_no)
        if ticket.status not in NOT_BEGUN:
            raise TransitionNotAllowed(ticket.status, Status.ACCEPTED)
        if self.routing.department(ticket.department).kind == "zone":
            raise ActorNotAllowed("a zone head keeps the ticket")
        if wanted_department is not None:
            self.routing.department(wanted_department)
        ticket.hand_back_count += 1
        data = {"count": ticket.hand_back_count, "wanted_department": wanted_department}
        return await self._apply(ticket, ApplicationKind.HAND_BACK, reason, actor, data)

    async def apply_extension(self, ticket_no: str, reason: str, *, actor: Actor) -> int:
        """The unit asks for more time. Returns the application's id.

        Raises: TicketNotFound; NoteRequired; TransitionNotAllowed, if it is closed; AlreadyRuled, if one
        is open or all that
            the policy allows were granted.
        """
        self.refuse_citizens(actor)
        ticket = await self.find_for_change(ticket_no)
        if not ticket.is_open:
            raise TransitionNotAllowed(ticket.status, ticket.status)
        if ticket.due_at is None or ticket.extension_count >= self.calendar.extensions_allowed:
            raise AlreadyRuled("no further extension")
        return await self._apply(ticket, ApplicationKind.EXTENSION, reason, actor, {})

    async def rule(
        self,
        application_id: int,
        approve: bool,
        *,
        actor: Actor,
        note: str = "",
        department: str | None = None,
    ) -> None:
        """A supervisor's ruling on an application.

        Args:
            department: who gets the handed-back ticket; None for the one that was asked for, else the
            front desk. After two
                hand-backs it is the zone's head, whatever is asked.

        Raises: ActorNotAllowed; AlreadyRuled; NoteRequired, when refusing without a word;
        CalendarYearMissing; TicketMerged; TransitionNotAllowed, when agreeing to something about a ticket
        that was closed, or that the unit began with, meanwhile.
        """
        _require_supervisor(actor)
        if not approve and not note.strip():
            raise NoteRequired("a refusal says why")
        application = await self.session.get(Application, application_id)
        if application is None:
            raise AlreadyRuled(str(application_id))
        # The ticket first, as everywhere: then two that lock both can't wait for one another.
        ticket = await self.locked(application.ticket_id)
        await self.session.refresh(application, with_for_update=True)
        if application.ruled_at is not None:
            raise AlreadyRuled(str(application_id))
        await self.refuse_merged(ticket)
        if approve and not ticket.is_open:
            raise TransitionNotAllowed(ticket.status, ticket.status)
        application.ruled_at, application.ruled_by = self.now, storable(actor.id)
        application.is_approved, application.note = approve, storable(note)
        data = {
            "application": application.kind,
            "application_id": application.id,
            "is_approved": approve,
        }
        if not approve:
            ticket.version += 1
            await self.record(ticket, EntryKind.RULING, actor, note, data)
        elif application.kind is ApplicationKind.EXTENSION:
            await self._extend(ticket, actor, note, data)
        else:
            wanted = department or application.wanted_department or self.routing.front_desk
            await self._take_back(ticket, actor, note or application.reason, wanted, data)

    async def supervise(self, ticket_no: str, note: str, *, actor: Actor) -> None:
        """督办: a supervisor watches this ticket from now on; the unit sees it and why.

        Raises: TicketNotFound; ActorNotAllowed; NoteRequired; TransitionNotAllowed, if it is closed.
        """
        _require_supervisor(actor)
        _require(note)
        ticket = await self.find_for_change(ticket_no)
        if not ticket.is_open:
            raise TransitionNotAllowed(ticket.status, ticket.status)
        ticket.supervised_at = self.now
        ticket.version += 1
        await self.record(ticket, EntryKind.SUPERVISION, actor, note)

    async def change_category(
        self, ticket_no: str, category: str, note: str, *, actor: Actor, expected_version: int | None = None
    ) -> None:
        """What a ticket is about was understood wrongly; a supervisor says what it is. A unit that may not
        hold such a matter loses it to the one that owns it, in the same transaction.

        Raises: TicketNotFound; TicketMerged; StaleVersion; ActorNotAllowed; NoteRequired; RoutingError, for
        an unknown category; TransitionNotAllowed, if it is closed.
        """
        _require_supervisor(actor)
        _require(note)
        if category not in self.routing.categories:
            raise RoutingError(f"no category {category}")
        ticket = await self.find_for_change(ticket_no, expected_version)
        if not ticket.is_open:
            raise TransitionNotAllowed(ticket.status, ticket.status)
        was, unit = ticket.category, ticket.department
        others = [code for code in ticket.categories if not self.routing.is_walled(code)]
        ticket.category, ticket.categories = category, list(dict.fromkeys([category, *others]))
        if not self.routing.may_hold(category, unit):
            place = Place(**ticket.place) if ticket.place else None
            ticket.department, ticket.officer_id = self.routing.route(category, place).code, None
        ticket.version += 1
        data = {
            "category": category,
            "categories": ticket.categories,
            "was": was,
            "from": unit,
            "department": ticket.department,
            "officer_id": ticket.officer_id,
        }
        await self.record(ticket, EntryKind.RULING, actor, note, data)
        if ticket.department != unit:
            await self.tell(ticket, "notice_status_assigned", {"note": ""})

    async def open_applications(self, limit: int = 100) -> Sequence[tuple[Application, Ticket]]:
        """What waits for a ruling, oldest first; not while its ticket is closed or rests in another."""
        rows = await self.session.execute(
            select(Application, Ticket)
            .join(Ticket, Ticket.id == Application.ticket_id)
            .where(
                Application.ruled_at.is_(None), Ticket.closed_at.is_(None), Ticket.merged_into_id.is_(None)
            )
            .order_by(Application.id)
            .limit(limit)
        )
        return [(application, ticket) for application, ticket in rows]

    async def _apply(
        self, ticket: Ticket, kind: ApplicationKind, reason: str, actor: Actor, data: dict[str, Any]
    ) -> int:
        _require(reason)
        is_open = await self.session.scalar(
            select(Application.id).where(
                Application.ticket_id == ticket.id,
                Application.kind == kind,
                Application.ruled_at.is_(None),
            )
        )
        if is_open is not None:
            raise AlreadyRuled(f"application {is_open} is open")
        application = Application(
            ticket_id=ticket.id,
            kind=kind,
            reason=storable(reason),
            department=ticket.department,
            wanted_department=data.get("wanted_department"),
            applied_by=storable(actor.id),
            created_at=self.now,
        )
        self.session.add(application)
        await self.session.flush()
        ticket.version += 1
        entry = EntryKind.HAND_BACK if kind is ApplicationKind.HAND_BACK else EntryKind.EXTENSION
        await self.record(ticket, entry, actor, reason, {**data, "application_id": application.id})
        return application.id

    async def _extend(self, ticket: Ticket, actor: Actor, note: str, data: dict[str, Any]) -> None:
        was = ticket.due_at
        if was is None:
            raise AlreadyRuled("the ticket has no deadline")
        ticket.due_at = self.calendar.extended(was)
        ticket.extension_count += 1
        ticket.escalation_level = 0
        ticket.version += 1
        due = {"from": was.astimezone(UTC).isoformat(), "to": ticket.due_at.isoformat()}
        await self.record(ticket, EntryKind.RULING, actor, note, data | due)
        day = ticket.due_at.astimezone(SHANGHAI)
        await self.tell(ticket, "notice_extended", {"note": note, "due_on": f"{day.month}月{day.day}日"})

    async def _take_back(
        self, ticket: Ticket, actor: Actor, note: str, wanted: str, data: dict[str, Any]
    ) -> None:
        """Back to accepted and on to the next owner at once: a ticket is never with nobody."""
        if ticket.hand_back_count >= HAND_BACKS_BEFORE_ZONE_HEAD:
            wanted = self.routing.zone_head(ticket.town).code
        if not self.routing.may_hold(ticket.category, wanted):
            wanted = self.routing.route(ticket.category, None).code
        was = ticket.department
        if ticket.status is Status.ACCEPTED:
            await self.record(ticket, EntryKind.RULING, actor, note, data)
        else:
            await self.move(ticket, Status.ACCEPTED, actor, note, kind=EntryKind.RULING, data=data)
        ticket.department, ticket.officer_id = wanted, None
        await self.move(
            ticket,
            Status.ASSIGNED,
            actor,
            kind=EntryKind.ASSIGNMENT,
            data={"from": was, "department": wanted, "officer_id": None},
        )
        await self.tell(ticket, "notice_status_assigned", {"note": ""})
        rules = self.routing.consultations
        if ticket.kind is TicketKind.CONSULTATION and wanted == rules.department:
            await self.bound(DutyDesk).give_out(ticket)


def _require_supervisor(actor: Actor) -> None:
    if not actor.is_supervisor:
        raise ActorNotAllowed("supervisors only")


def _require(text: str) -> None:
    if not text.strip():
        raise NoteRequired("empty text")
