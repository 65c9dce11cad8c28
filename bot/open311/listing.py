"""Which tickets a client may see, and the query for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, or_, select

from bot.open311 import adapter
from bot.open311.errors import bad
from bot.open311.reading import given, moment, whole_number
from tickets.models import Attachment, Ticket
from tickets.numbers import clean_ticket_no
from tickets.outward_models import ApiFiling
from tickets.publication import published

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from bot.services import Services
    from tickets.outward_models import ApiKey

SPAN = timedelta(days=90)
MAX_ROWS = 1000
MAX_PAGE = 10_000
MAX_NUMBERS = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """One page of tickets, newest first."""

    conditions: tuple[ColumnElement[bool], ...]
    page: int
    page_size: int


def wanted(query: Mapping[str, str], services: Services, now: datetime) -> Wanted:
    """What a query asks for. Ticket numbers override all else, as the specification says.

    Raises: Refused.
    """
    page = whole_number(query, "page", 1, MAX_PAGE)
    page_size = whole_number(query, "page_size", MAX_ROWS, MAX_ROWS)
    if numbers := given(query, "service_request_id"):
        listed = [clean_ticket_no(number) for number in numbers.split(",") if number.strip()]
        if len(listed) > MAX_NUMBERS:
            raise bad(f"service_request_id一次最多{MAX_NUMBERS}个。")
        return Wanted((Ticket.ticket_no.in_(listed),), page, page_size)
    since, until = _range(query, now)
    conditions = [Ticket.created_at >= since, Ticket.created_at <= until]
    if said := given(query, "service_code"):
        known = list(services.routing.categories)
        conditions.append(Ticket.category.in_(adapter.codes_among(said, known)))
    if said := given(query, "status"):
        conditions.append(_by_status(said))
    return Wanted(tuple(conditions), page, page_size)


async def find(
    session: AsyncSession, services: Services, asked: Wanted, key: ApiKey | None, base_url: str
) -> list[dict[str, Any]]:
    """The tickets of a page that this client may see: the published ones, and those filed with its key."""
    visible = _visible(key)
    rows = (
        await session.scalars(
            select(Ticket)
            .where(*asked.conditions, visible)
            .order_by(Ticket.created_at.desc(), Ticket.id.desc())
            .offset((asked.page - 1) * asked.page_size)
            .limit(asked.page_size)
        )
    ).all()
    leading = await _leading(session, rows)
    released = await _released(session, rows)

    def put_together() -> list[dict[str, Any]]:
        return [
            adapter.as_request(
                ticket,
                leading.get(ticket.merged_into_id or 0, ticket),
                services.routing,
                f"{base_url}/media/{released[ticket.id]}.jpg" if ticket.id in released else None,
            )
            for ticket in rows
        ]

    # Masking a thousand stories takes a third of a second, in which citizens must be answered.
    return await asyncio.to_thread(put_together)


async def ticket_no_of(session: AsyncSession, request_key: str) -> str | None:
    """The ticket that was filed under a key for repeats, or None."""
    found: str | None = await session.scalar(
        select(Ticket.ticket_no).where(Ticket.request_key == request_key)
    )
    return found


async def is_public_photo(session: AsyncSession, sha256: str) -> bool:
    """Whether anybody may see a photo: released, and of a published ticket."""
    query = (
        select(Attachment.id)
        .join(Ticket, Ticket.id == Attachment.ticket_id)
        .where(Attachment.sha256 == sha256, Attachment.released_at.is_not(None), *published())
    )
    return await session.scalar(query.limit(1)) is not None


def _visible(key: ApiKey | None) -> ColumnElement[bool]:
    public = _all_of(published())
    if key is None:
        return public
    own = select(ApiFiling.ticket_id).where(ApiFiling.api_key_id == key.id)
    return or_(public, Ticket.id.in_(own))


def _all_of(conditions: tuple[ColumnElement[bool], ...]) -> ColumnElement[bool]:
    first, *rest = conditions
    for condition in rest:
        first = first & condition
    return first


def _range(query: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    since, until = moment(query, "start_date"), moment(query, "end_date")
    if since is not None and until is not None:
        if since > until:
            raise bad("start_date不能晚于end_date。")
        if until - since > SPAN:
            raise bad("start_date和end_date之间最多90天。")
        return since, until
    if since is not None:
        return since, since + SPAN
    until = until or now
    return until - SPAN, until


def _by_status(said: str) -> ColumnElement[bool]:
    statuses = {part.strip() for part in said.split(",") if part.strip()}
    if not statuses <= {adapter.OPEN, adapter.CLOSED}:
        raise bad("status要是open或closed。")
    open_only, closed_only = Ticket.closed_at.is_(None), Ticket.closed_at.is_not(None)
    if len(statuses) == 1:
        return open_only if adapter.OPEN in statuses else closed_only
    return or_(open_only, closed_only)


async def _leading(session: AsyncSession, tickets: Sequence[Ticket]) -> dict[int, Ticket]:
    into = {ticket.merged_into_id for ticket in tickets if ticket.merged_into_id is not None}
    if not into:
        return {}
    rows = await session.scalars(select(Ticket).where(Ticket.id.in_(into)))
    return {ticket.id: ticket for ticket in rows}


async def _released(session: AsyncSession, tickets: Sequence[Ticket]) -> dict[int, str]:
    """The first photo of each ticket that anybody may see. Photos are public only with their ticket."""
    ids = [ticket.id for ticket in tickets]
    query = (
        select(Attachment.ticket_id, Attachment.sha256)
        .join(Ticket, Ticket.id == Attachment.ticket_id)
        .where(Attachment.ticket_id.in_(ids), Attachment.released_at.is_not(None), *published())
        .order_by(Attachment.id.desc())
    )
    return {ticket_id: sha256 for ticket_id, sha256 in (await session.execute(query)).all() if ticket_id}
