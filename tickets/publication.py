"""What of the casework anybody may see (docs/adr/0007). Everything else is private.

Shown are street matters that somebody reported under their name and the bureau has accepted. Never shown:
whoever reported anonymously or in confidence (what they tell may give them away), what is said about an
officer, questions, calls for help and tips, and anything that nobody in the bureau has looked at yet. Of
what is shown, names, telephone numbers and addresses are masked by the edge; this module says which tickets,
which photos, and how exactly a place may be named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Text, cast, update

from tickets.categories import ABOUT_OFFICERS
from tickets.facts import ERASED
from tickets.models import Attachment, ReporterMode, Ticket
from tickets.workflow import Status, TicketKind

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from tickets.routing import Routing

PUBLIC_KINDS = frozenset({TicketKind.COMPLAINT, TicketKind.SUGGESTION})
# Nobody has looked at it yet, or it was not a matter for the bureau, or its reporter wants it gone.
PRIVATE_STATUSES = frozenset({Status.SUBMITTED, Status.REJECTED, Status.WITHDRAWN})
# Three places are about 100 m: the street and not the house.
_DEGREE_PLACES = 3
# The name before 路, 街 ... without the words that lead up to it ("我家楼下的福塘路").
_STREET = re.compile(
    r"[^\W\d_我你他她家里门前后上下旁边口的在到和从往有离沿于与及是这那]{1,5}?(?:大道|公路|路|街(?!道)|巷|村(?!民))"
)


def is_published(ticket: Ticket) -> bool:
    """Whether anybody may see that this ticket exists."""
    return (
        ticket.kind in PUBLIC_KINDS
        and ticket.status not in PRIVATE_STATUSES
        and ticket.reporter_mode is ReporterMode.REAL_NAME
        and not ABOUT_OFFICERS & {ticket.category, *ticket.categories}
        and ticket.merged_into_id is None
        and ticket.summary != ERASED
    )


def published() -> tuple[ColumnElement[bool], ...]:
    """The same rule as conditions of a query; the test holds the two together."""
    categories = cast(Ticket.categories, Text)
    return (
        Ticket.kind.in_(PUBLIC_KINDS),
        Ticket.status.not_in(PRIVATE_STATUSES),
        Ticket.reporter_mode == ReporterMode.REAL_NAME,
        Ticket.category.not_in(ABOUT_OFFICERS),
        *(categories.not_like(f'%"{code}"%') for code in sorted(ABOUT_OFFICERS)),
        Ticket.merged_into_id.is_(None),
        Ticket.summary != ERASED,
    )


async def release_photo(session: AsyncSession, ticket: Ticket, sha256: str, at: datetime | None) -> bool:
    """Let anybody who may see the ticket see this photo, because an officer has looked at it; None takes it
    back. Returns whether the ticket has such a photo.
    """
    changed = await session.scalars(
        update(Attachment)
        .where(Attachment.ticket_id == ticket.id, Attachment.sha256 == sha256)
        .values(released_at=at)
        .returning(Attachment.id)
    )
    return bool(changed.all())


@dataclass(frozen=True, slots=True)
class PublicPlace:
    """Where a matter is, as exactly as anybody may know: the street, and a point within about 100 m.

    Attributes:
        latitude, longitude: degrees WGS-84, or None.
    """

    text: str
    latitude: float | None
    longitude: float | None


def public_place(ticket: Ticket, routing: Routing) -> PublicPlace:
    """The place of a ticket without house, shop, landmark or the reporter's own words."""
    town = routing.town(ticket.town)
    street = street_in(
        str((ticket.place or {}).get("text", "")), [town.name, town.short_name] if town else []
    )
    text = f"{routing.city['name']}{town.name if town else ''}{street}"
    if ticket.latitude is None or ticket.longitude is None:
        return PublicPlace(text, None, None)
    return PublicPlace(text, round(ticket.latitude, _DEGREE_PLACES), round(ticket.longitude, _DEGREE_PLACES))


def street_in(said: str, towns: list[str]) -> str:
    """The first road, lane or village that a place names, "" if there is none."""
    rest = re.sub(r"^.*?(?:福建省|福州市|福清市)+", "", re.sub(r"\s+", "", said))
    for name in towns:
        if name in rest:
            rest = rest.partition(name)[2]
            break
    found = _STREET.search(rest)
    return found.group() if found else ""
