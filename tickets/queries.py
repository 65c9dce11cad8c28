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
from tickets.desk_queries import Reach
from tickets.models import Attachment, Entry, Message, Officer, Priority, Ticket
from tickets.numbers import clean_ticket_no
from tickets.search import Wanted, alternatives, count_facets, facet, find, is_postgresql
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
).outerjoin(Officer, Officer.id == Ticket.officer_id)


async def queue(
    session: AsyncSession,
    wanted: QueueFilter,
    now: datetime | None = None,
    reach: Reach | None = None,
    *,
    is_counted: bool = True,
) -> Page:
    """A page of tickets: open ones by what is due first, others newest first.

    Args:
        reach: what this officer may see at all; None for everything.
        is_counted: False leaves `total` at 0, for whoever has the number from `counts`.
    """
    now = now or datetime.now(UTC)
    conditions = _conditions(wanted, now, reach)
    page = max(wanted.page, 1)
    text, is_open = wanted.text.strip(), _is_only_open(wanted)
    number = clean_ticket_no(text)
    if _WHOLE_NUMBER.fullmatch(number):
        conditions.append(Ticket.ticket_no == number)
    elif text:
        asked = Wanted(alternatives(text), conditions, _facets(wanted, reach), is_open)
        return await _found(session, asked, page, now, is_counted=False)
    elif not is_open and is_postgresql(session) and (facets := _facets(wanted, reach)):
        # By the index of facets: few of a great many closed ones may be of one unit and category.
        return await _found(session, Wanted(None, conditions, facets), page, now, is_counted)
    order: list[ColumnElement[Any]] = [Ticket.due_at.asc().nulls_last(), Ticket.id]  # type: ignore[list-item] # a column, too
    if View(wanted.view) in _NOT_ONLY_OPEN:
        order = [Ticket.id.desc()]
    # The ids from the index alone, then their rows: a planner that thinks few tickets fit would sort all of
    # those that do.
    ids = select(Ticket.id).where(*conditions).order_by(*order)
    bounded = ids.limit(PAGE_SIZE + 1).offset((page - 1) * PAGE_SIZE)
    rows = (await session.execute(_LISTED.where(Ticket.id.in_(bounded)).order_by(*order))).all()
    return _page(rows, page, now, await _count(session, conditions) if is_counted else 0)


async def _found(session: AsyncSession, wanted: Wanted, page: int, now: datetime, is_counted: bool) -> Page:
    """A page of what the index finds, newest first."""
    skipped = (page - 1) * PAGE_SIZE
    found = await find(session, _LISTED, wanted, PAGE_SIZE + 1, skipped)
    total = skipped + len(found) if found else 0
    if len(found) > PAGE_SIZE:
        total = await count_facets(session, wanted, MAX_COUNT) if is_counted else 0
    return _page(found, page, now, total)


def _page(rows: Sequence[Row[Any]], page: int, now: datetime, total: int) -> Page:
    return Page(
        rows=tuple(_row(row, now) for row in rows[:PAGE_SIZE]),
        page=page,
        page_size=PAGE_SIZE,
        total=total,
        has_next=len(rows) > PAGE_SIZE,
    )


def _is_only_open(wanted: QueueFilter) -> bool:
    has_open_status = wanted.status is not None and wanted.status.is_open
    return has_open_status or View(wanted.view) not in _NOT_ONLY_OPEN


def _facets(wanted: QueueFilter, reach: Reach | None) -> list[set[str]]:
    """What the index of facets knows of a filter and a reach."""
    said = {
        "unit": wanted.department,
        "officer": wanted.officer_id,
        "category": wanted.category,
        "town": wanted.town,
        "kind": wanted.kind,
    }
    found = [{facet(name, value)} for name, value in said.items() if value]
    marks = {"urgent": wanted.is_urgent, "supervised": wanted.is_supervised}
    found += [{facet("mark", name)} for name, is_wanted in marks.items() if is_wanted]
    theirs = reach.facets(wanted.department, wanted.officer_id) if reach else set()
    return [*found, theirs] if theirs else found


async def counts(
    session: AsyncSession,
    officer: Officer,
    now: datetime | None = None,
    reach: Reach | None = None,
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
        bounded.append(_bounded_count(_conditions(wanted, now, reach)).label(view.value))
    row = (await session.execute(select(*bounded))).one()
    return dict(row._mapping)


async def count(
    session: AsyncSession,
    wanted: QueueFilter,
    now: datetime | None = None,
    reach: Reach | None = None,
) -> int:
    """How many tickets a filter lists, at most `MAX_COUNT`."""
    return await _count(session, _conditions(wanted, now or datetime.now(UTC), reach))


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


def _conditions(wanted: QueueFilter, now: datetime, reach: Reach | None) -> list[ColumnElement[bool]]:
    # A merged ticket rests: work is done on the one that it went into.
    found = [*_view_conditions(View(wanted.view), now), Ticket.merged_into_id.is_(None)]
    if reach is not None:
        unowned = wanted.view is View.UNASSIGNED and wanted.department is None
        found.append(reach.within(wanted.department, wanted.officer_id, unowned=unowned))
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
    if _is_only_open(wanted):
        # Said for an open status, too, so that the database goes by an index of open tickets.
        found.append(Ticket.closed_at.is_(None))
    if wanted.is_urgent:
        found.append(Ticket.priority == Priority.URGENT)
    if wanted.is_supervised:
        found.append(Ticket.supervised_at.is_not(None))
    return found


def _view_conditions(view: View, now: datetime) -> list[ColumnElement[bool]]:
    """What a view says besides that a ticket is open."""
    conditions: dict[View, list[ColumnElement[bool]]] = {
        View.UNASSIGNED: [Ticket.officer_id.is_(None)],
        View.DUE_SOON: [Ticket.due_at >= now, Ticket.due_at < now + DUE_SOON],
        View.OVERDUE: [Ticket.due_at < now],
        View.AWAITING_CITIZEN: [Ticket.status == Status.AWAITING_CITIZEN],
        View.CLOSED: [Ticket.closed_at.is_not(None)],
    }
    return conditions.get(view, [])


async def _count(session: AsyncSession, conditions: Sequence[ColumnElement[bool]]) -> int:
    return await session.scalar(select(_bounded_count(conditions))) or 0


def _bounded_count(conditions: Sequence[ColumnElement[bool]]) -> ScalarSelect[int]:
    bounded = select(Ticket.id).where(*conditions).limit(MAX_COUNT).subquery()
    return select(func.count()).select_from(bounded).scalar_subquery()


def _row(row: Row[Any], now: datetime) -> TicketRow:
    is_overdue = row.status.is_open and row.due_at is not None and row.due_at < now
    return TicketRow(*row, is_overdue)  # type: ignore[call-arg, arg-type] # columns are fields
