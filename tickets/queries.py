"""What the desk reads: queues, counts, and one ticket with everything about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.casework import find_ticket
from tickets.conversations import recent
from tickets.models import Attachment, Entry, Message, Officer, Priority, Ticket
from tickets.numbers import clean_ticket_no
from tickets.search import find
from tickets.workflow import Status, TicketKind

PAGE_SIZE = 30
DUE_SOON = timedelta(hours=24)
# Counting stops here: "over 999" says as much as the number, and costs the same with a million rows.
MAX_COUNT = 1000
_WHOLE_NUMBER = re.compile(r"[A-Z]+\d{8}-\d{4,}")


class View(StrEnum):
    """The queues of the desk."""

    MINE = "mine"
    UNIT = "unit"
    UNASSIGNED = "unassigned"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    AWAITING_CITIZEN = "awaiting_citizen"
    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


_NOT_ONLY_OPEN = frozenset({View.CLOSED, View.ALL})


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What to list; None means any.

    Attributes:
        view: a `View`.
        department: whose queue; MINE needs `officer_id` and UNIT needs `department`.
        text: a ticket number, its end, or words of the summary or place; what fits comes newest first.
        page: from 1.
    """

    view: View | str = View.OPEN
    category: str | None = None
    town: str | None = None
    department: str | None = None
    officer_id: int | None = None
    text: str = field(default="", repr=False)
    page: int = 1
    status: Status | None = None
    kind: TicketKind | None = None
    is_urgent: bool = False
    is_supervised: bool = False


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One line of a queue."""

    ticket_no: str
    kind: TicketKind
    status: Status
    category: str
    summary: str = field(repr=False)
    place_text: str = field(repr=False)
    town: str | None
    department: str
    officer_id: int | None
    officer_name: str | None
    priority: Priority
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a queue.

    Attributes:
        total: at most `MAX_COUNT`; 0 for a search with more pages, which is not counted.
    """

    rows: tuple[TicketRow, ...]
    page: int
    page_size: int
    total: int
    has_next: bool


@dataclass(frozen=True, slots=True)
class TicketPage:
    """One ticket with its history, the newest messages of its conversation, and its photos."""

    ticket: Ticket
    entries: Sequence[Entry]
    messages: Sequence[Message]
    attachments: Sequence[Attachment]


# The fields of `TicketRow` in their order; loading whole tickets would take most of a queue's time.
_LISTED = select(
    Ticket.ticket_no,
    Ticket.kind,
    Ticket.status,
    Ticket.category,
    Ticket.summary,
    func.coalesce(Ticket.place["text"].as_string(), ""),
    Ticket.town,
    Ticket.department,
    Ticket.officer_id,
    Officer.display_name,
    Ticket.priority,
    Ticket.due_at,
    Ticket.created_at,
    Ticket.updated_at,
).outerjoin(Officer, Officer.id == Ticket.officer_id)


async def queue(
    session: AsyncSession,
    wanted: QueueFilter,
    now: datetime | None = None,
    scope: ColumnElement[bool] | None = None,
    *,
    is_counted: bool = True,
) -> Page:
    """A page of tickets: open ones by what is due first, others newest first.

    Args:
        scope: a further condition on `Ticket`: what this officer may see at all.
        is_counted: False leaves `total` at 0, for whoever has the number from `counts`.
    """
    now = now or datetime.now(UTC)
    conditions = _conditions(wanted, now, scope)
    page = max(wanted.page, 1)
    if wanted.text.strip():
        return await _search(session, wanted, conditions, page, now)
    order: list[ColumnElement[Any]] = [Ticket.due_at.asc().nulls_last(), Ticket.id]  # type: ignore[list-item] # a column, too
    if View(wanted.view) in _NOT_ONLY_OPEN:
        order = [Ticket.id.desc()]
    # The ids from the index alone, then their rows: a planner that thinks few tickets fit would sort all of
    # those that do.
    ids = select(Ticket.id).where(*conditions).order_by(*order)
    bounded = ids.limit(PAGE_SIZE + 1).offset((page - 1) * PAGE_SIZE)
    rows = (await session.execute(_LISTED.where(Ticket.id.in_(bounded)).order_by(*order))).all()
    return Page(
        rows=tuple(_row(row, now) for row in rows[:PAGE_SIZE]),
        page=page,
        page_size=PAGE_SIZE,
        total=await _count(session, conditions) if is_counted else 0,
        has_next=len(rows) > PAGE_SIZE,
    )


async def _search(
    session: AsyncSession,
    asked: QueueFilter,
    conditions: Sequence[ColumnElement[bool]],
    page: int,
    now: datetime,
) -> Page:
    """A page of what has the words, newest first."""
    text, skipped = asked.text.strip(), (page - 1) * PAGE_SIZE
    number = clean_ticket_no(text)
    found: Sequence[Row[Any]]
    if _WHOLE_NUMBER.fullmatch(number):
        wanted = _LISTED.where(Ticket.ticket_no == number, *conditions)
        found = () if skipped else (await session.execute(wanted)).all()
    else:
        is_open = View(asked.view) not in _NOT_ONLY_OPEN
        found = await find(session, _LISTED, text, conditions, PAGE_SIZE + 1, skipped, is_open=is_open)
    has_next = len(found) > PAGE_SIZE
    return Page(
        rows=tuple(_row(row, now) for row in found[:PAGE_SIZE]),
        page=page,
        page_size=PAGE_SIZE,
        total=0 if has_next else skipped + len(found),
        has_next=has_next,
    )


async def counts(
    session: AsyncSession,
    officer: Officer,
    now: datetime | None = None,
    scope: ColumnElement[bool] | None = None,
) -> Mapping[str, int]:
    """How many tickets are in each open queue of an officer, at most `MAX_COUNT`.

    Without a department (supervisors, administrators) the queues are those of the whole bureau.
    """
    now = now or datetime.now(UTC)
    views = (
        View.MINE,
        View.UNIT,
        View.UNASSIGNED,
        View.DUE_SOON,
        View.OVERDUE,
        View.AWAITING_CITIZEN,
        View.OPEN,
    )
    bounded = []
    for view in views:
        officer_id = officer.id if view is View.MINE else None
        department = None if view is View.MINE else officer.department
        wanted = QueueFilter(view, officer_id=officer_id, department=department)
        bounded.append(_bounded_count(_conditions(wanted, now, scope)).label(view.value))
    row = (await session.execute(select(*bounded))).one()
    return dict(row._mapping)


async def count(
    session: AsyncSession,
    wanted: QueueFilter,
    now: datetime | None = None,
    scope: ColumnElement[bool] | None = None,
) -> int:
    """How many tickets a filter lists, at most `MAX_COUNT`."""
    return await _count(session, _conditions(wanted, now or datetime.now(UTC), scope))


async def ticket_page(session: AsyncSession, ticket_no: str, message_limit: int = 200) -> TicketPage:
    """Everything about one ticket; the caller has checked that this officer may see it.

    Raises: TicketNotFound.
    """
    ticket = await find_ticket(session, ticket_no)
    entries = await session.scalars(select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.number))
    attachments = await session.scalars(
        select(Attachment).where(Attachment.ticket_id == ticket.id).order_by(Attachment.id)
    )
    messages: Sequence[Message] = ()
    if ticket.conversation_id is not None:
        messages = await recent(session, ticket.conversation_id, limit=message_limit)
    return TicketPage(ticket, entries.all(), messages, attachments.all())


def _conditions(
    wanted: QueueFilter, now: datetime, scope: ColumnElement[bool] | None
) -> list[ColumnElement[bool]]:
    # A merged ticket rests: work is done on the one that it went into.
    found = [*_view_conditions(View(wanted.view), now), Ticket.merged_into_id.is_(None)]
    if scope is not None:
        found.append(scope)
    if wanted.officer_id is not None:
        found.append(Ticket.officer_id == wanted.officer_id)
    for column, value in (
        (Ticket.department, wanted.department),
        (Ticket.category, wanted.category),
        (Ticket.town, wanted.town),
        (Ticket.status, wanted.status),
        (Ticket.kind, wanted.kind),
    ):
        if value:
            found.append(column == value)
    if wanted.is_urgent:
        found.append(Ticket.priority == Priority.URGENT)
    if wanted.is_supervised:
        found.append(Ticket.supervised_at.is_not(None))
    return found


def _view_conditions(view: View, now: datetime) -> list[ColumnElement[bool]]:
    is_open = Ticket.closed_at.is_(None)
    conditions: dict[View, list[ColumnElement[bool]]] = {
        View.UNASSIGNED: [is_open, Ticket.officer_id.is_(None)],
        View.DUE_SOON: [is_open, Ticket.due_at >= now, Ticket.due_at < now + DUE_SOON],
        View.OVERDUE: [is_open, Ticket.due_at < now],
        View.AWAITING_CITIZEN: [is_open, Ticket.status == Status.AWAITING_CITIZEN],
        View.CLOSED: [Ticket.closed_at.is_not(None)],
        View.ALL: [],
    }
    return conditions.get(view, [is_open])


async def _count(session: AsyncSession, conditions: Sequence[ColumnElement[bool]]) -> int:
    return await session.scalar(select(_bounded_count(conditions))) or 0


def _bounded_count(conditions: Sequence[ColumnElement[bool]]) -> ScalarSelect[int]:
    bounded = select(Ticket.id).where(*conditions).limit(MAX_COUNT).subquery()
    return select(func.count()).select_from(bounded).scalar_subquery()


def _row(row: Row[Any], now: datetime) -> TicketRow:
    is_overdue = row.status.is_open and row.due_at is not None and row.due_at < now
    return TicketRow(*row, is_overdue)  # type: ignore[call-arg, arg-type] # columns are fields
