"""Which entries of a ticket's history other systems are told, and in what words."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.models import Entry, EntryKind, ReporterMode, Ticket
from tickets.outward_models import HookState, WebhookDelivery, WebhookSubscription

if TYPE_CHECKING:
    from tickets.routing import Routing
    from tickets.vault import Vault

# What the bureau notes for itself is told nobody.
_EVENTS = {
    EntryKind.SUBMITTED: "ticket.submitted",
    EntryKind.ASSIGNMENT: "ticket.assigned",
    EntryKind.REPLY: "ticket.reply",
    EntryKind.CITIZEN_MESSAGE: "ticket.message",
    EntryKind.URGE: "ticket.urged",
    EntryKind.EXTENSION: "ticket.extended",
    EntryKind.MERGE: "ticket.merged",
    EntryKind.RATING: "ticket.rated",
    EntryKind.ERASURE: "ticket.erased",
}
STATUS_EVENT = "ticket.status"
EVENTS = tuple(dict.fromkeys(("ticket.submitted", STATUS_EVENT, *_EVENTS.values())))
# Entries whose words the citizen has read or written.
_WITH_WORDS = frozenset(
    {EntryKind.SUBMITTED, EntryKind.STATUS, EntryKind.REPLY, EntryKind.CITIZEN_MESSAGE, EntryKind.RATING}
)


def event_of(entry: Entry) -> str | None:
    """The event that an entry is for others, or None."""
    return _EVENTS.get(entry.kind) or (STATUS_EVENT if entry.to_status is not None else None)


def actor_id_of(subscription_id: int) -> str:
    """What a system that reports back is called in the history."""
    return f"webhook:{subscription_id}"


async def queue_event(session: AsyncSession, ticket: Ticket, entry: Entry) -> None:
    """Have everybody told who wants to know, in the transaction that writes the entry. Whoever caused it
    knows already.
    """
    event = event_of(entry)
    if event is None:
        return
    wanted = select(WebhookSubscription).where(WebhookSubscription.state != HookState.ENDED)
    for subscription in (await session.scalars(wanted.order_by(WebhookSubscription.id))).all():
        is_wanted = not subscription.events or event in subscription.events
        if is_wanted and entry.actor_id != actor_id_of(subscription.id):
            session.add(
                WebhookDelivery(
                    subscription_id=subscription.id,
                    ticket_id=ticket.id,
                    entry_number=entry.number,
                    event=event,
                    delivery_id=f"evt_{uuid.uuid4().hex}",
                    created_at=entry.at,
                    available_at=entry.at,
                )
            )
    await session.flush()


def news_of(
    ticket: Ticket,
    entry: Entry,
    event: str,
    *,
    routing: Routing,
    vault: Vault | None,
    with_personal_data: bool,
) -> dict[str, Any]:
    """What is sent: JSON. Without `with_personal_data` nothing that a person wrote or could be known by."""
    category = routing.categories.get(ticket.category)
    status = entry.to_status or ticket.status
    data: dict[str, Any] = {
        "ticket_no": ticket.ticket_no,
        "kind": ticket.kind.value,
        "category": ticket.category,
        "category_name": category.name if category else ticket.category,
        "categories": ticket.categories,
        "town": ticket.town,
        "department": ticket.department,
        "department_name": routing.department(ticket.department).name,
        "priority": ticket.priority.value,
        "status": status.value,
        "status_name": status.label,
        "is_open": status.is_open,
        "from_status": entry.from_status.value if entry.from_status else None,
        "created_at": _moment(ticket.created_at),
        "due_at": _moment(ticket.due_at),
        "closed_at": _moment(ticket.closed_at),
        "entry_number": entry.number,
        "actor": entry.actor_kind.value,
    }
    if with_personal_data:
        data["personal"] = _personal(ticket, entry, vault)
    return {"type": event, "timestamp": _moment(entry.at), "data": data}


def _personal(ticket: Ticket, entry: Entry, vault: Vault | None) -> dict[str, Any]:
    contact = ""
    # Whoever asked to be kept secret is kept secret from other systems, too.
    if ticket.contact and ticket.reporter_mode is ReporterMode.REAL_NAME:
        contact = vault.open(ticket.contact, ticket.ticket_no) if vault else ""
    return {
        "summary": ticket.summary,
        "place": str((ticket.place or {}).get("text", "")),
        "latitude": ticket.latitude,
        "longitude": ticket.longitude,
        "happened": ticket.happened,
        "reporter_mode": ticket.reporter_mode.value,
        "contact": contact,
        "text": entry.text if entry.kind in _WITH_WORDS else "",
    }


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None
