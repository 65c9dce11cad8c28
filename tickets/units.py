"""The units of the bureau as the desk shows them: who works there, what lies there, how to reach them.

Which unit exists, what it is called and what it owns is routing data, in files. Who works there is said on
the officers' pages. A duty phone and a note are kept here, and changed on the desk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, cast, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.conversations import insert_for
from tickets.errors import RoutingError
from tickets.models import Officer, Role, Ticket, UnitDetail
from tickets.routing import Department, Routing, Zone
from tickets.values import Place

MAX_PHONE = 40
MAX_NOTE = 200
# In the words of the index, so that the planner sees that it fits.
_QUEUED = text("tickets.closed_at IS NULL AND tickets.merged_into_id IS NULL")
_TOWN_SQUAD = "squad_"


@dataclass(frozen=True, slots=True)
class Load:
    """Open tickets of a unit or an officer, merged ones apart."""

    open: int = 0
    overdue: int = 0
    unassigned: int = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit.

    Attributes:
        zone: of a town squad, or that this unit leads.
        people: who works there, heads first.
        phone: of its duty desk; "" if nobody has said.
    """

    department: Department
    zone: Zone | None
    people: Sequence[Officer]
    load: Load
    phone: str = field(default="", repr=False)
    note: str = ""

    @property
    def heads(self) -> list[Officer]:
        """Those who lead it."""
        return [one for one in self.people if one.role is Role.UNIT_HEAD]


async def units(
    session: AsyncSession, routing: Routing, now: datetime, only: str | None = None
) -> list[Unit]:
    """Units that can own tickets, in the order of the routing data.

    Args:
        only: just this one.
    """
    codes = [one for one in routing.departments() if one.kind != "outside" and only in (None, one.code)]
    loads = await _loads(session, now, only)
    people = await _people(session, only)
    details = {row.department: row for row in await session.scalars(select(UnitDetail))}
    return [
        Unit(
            one,
            _zone(routing, one.code),
            people.get(one.code, ()),
            loads.get(one.code, Load()),
            *_told(details.get(one.code)),
        )
        for one in codes
    ]


async def unit(session: AsyncSession, routing: Routing, code: str, now: datetime) -> Unit:
    """Raises: RoutingError, if there is none of that code that can own tickets."""
    found = await units(session, routing, now, code)
    if not found:
        raise RoutingError(code)
    return found[0]


async def reached_at(session: AsyncSession, code: str) -> tuple[str, str]:
    """A unit's duty phone and note; "" for what nobody has said."""
    return _told(await session.scalar(select(UnitDetail).where(UnitDetail.department == code)))


async def officer_loads(session: AsyncSession, code: str, now: datetime) -> Mapping[int, Load]:
    """What each officer of a unit has open, by id."""
    query = (
        select(Ticket.officer_id, func.count(), _overdue(now))
        .where(_QUEUED, Ticket.officer_id.in_(select(Officer.id).where(Officer.department == code)))
        .group_by(Ticket.officer_id)
    )
    return {row[0] or 0: Load(row[1], row[2] or 0) for row in await session.execute(query)}


async def change_detail(
    session: AsyncSession,
    routing: Routing,
    code: str,
    *,
    phone: str,
    note: str,
    officer_id: int,
    now: datetime,
) -> None:
    """Say how a unit is reached.

    Raises: RoutingError, if there is none of that code.
    """
    routing.department(code)
    values = {
        "phone": storable(phone.strip())[:MAX_PHONE],
        "note": storable(note.strip())[:MAX_NOTE],
        "changed_by": officer_id,
        "changed_at": now,
    }
    await session.execute(
        insert_for(session, UnitDetail)
        .values(department=code, **values)
        .on_conflict_do_update(index_elements=["department"], set_=values)
    )


def owned_categories(routing: Routing, code: str) -> list[str]:
    """Names of the categories whose tickets go to a unit, in some town or in all."""
    towns = [None, *(town.code for town in routing.towns())]
    return [
        category.name
        for category in routing.categories.values()
        if any(_owner(routing, category.code, town) == code for town in towns)
    ]


def _owner(routing: Routing, category: str, town: str | None) -> str:
    return routing.route(category, Place("", town=town) if town else None).code


def _zone(routing: Routing, code: str) -> Zone | None:
    town = routing.town(code.removeprefix(_TOWN_SQUAD)) if code.startswith(_TOWN_SQUAD) else None
    if town is not None:
        return routing.zones.get(town.zone)
    return next((zone for zone in routing.zones.values() if zone.head == code), None)


def _told(detail: UnitDetail | None) -> tuple[str, str]:
    return (detail.phone, detail.note) if detail else ("", "")


def _overdue(now: datetime) -> ColumnElement[int]:
    return func.sum(cast(Ticket.due_at < now, Integer))


async def _loads(session: AsyncSession, now: datetime, only: str | None) -> dict[str, Load]:
    query = (
        select(
            Ticket.department,
            func.count(),
            _overdue(now),
            func.sum(cast(Ticket.officer_id.is_(None), Integer)),
        )
        .where(_QUEUED)
        .group_by(Ticket.department)
    )
    if only is not None:
        query = query.where(Ticket.department == only)
    return {row[0]: Load(row[1], row[2] or 0, row[3] or 0) for row in await session.execute(query)}


async def _people(session: AsyncSession, only: str | None) -> dict[str, list[Officer]]:
    query = select(Officer).where(Officer.is_active, Officer.department.is_not(None))
    if only is not None:
        query = query.where(Officer.department == only)
    found: dict[str, list[Officer]] = {}
    for officer in (await session.scalars(query.order_by(Officer.display_name))).all():
        found.setdefault(officer.department or "", []).append(officer)
    for people in found.values():
        people.sort(key=lambda one: one.role is not Role.UNIT_HEAD)
    return found
