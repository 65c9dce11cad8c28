"""Units: what lies with each, who works there, and how they are reached."""

from __future__ import annotations

from aiohttp import web

from bot.desk.context import FORM, VISIT, audit, see_other, services
from bot.desk.permissions import Permission
from bot.desk.render import page
from tickets.errors import RoutingError
from tickets.units import MAX_NOTE, MAX_PHONE, change_detail, officer_loads, owned_categories, unit, units

KINDS = {"office": "科室", "squad": "中队", "zone": "片区"}
DONE = {"changed": "已保存，工单页上马上能看到。"}


async def units_page(request: web.Request) -> web.StreamResponse:
    """All units that own tickets, with what is open."""
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        found = await units(session, parts.routing, visit.now)
    most = max((one.load.open for one in found), default=0)
    return page(request, "units.html", units=found, most=most or 1, kinds=KINDS)


async def unit_page(request: web.Request) -> web.StreamResponse:
    """One unit."""
    visit, parts, code = request[VISIT], services(request), request.match_info["code"]
    async with parts.database.reading() as session:
        try:
            found = await unit(session, parts.routing, code, visit.now)
        except RoutingError as error:
            raise web.HTTPNotFound from error
        loads = await officer_loads(session, code, visit.now)
    return page(
        request,
        "unit.html",
        unit=found,
        loads=loads,
        kinds=KINDS,
        owned=owned_categories(parts.routing, code),
        may_change=visit.may(Permission.MANAGE_UNITS),
        manages_officers=visit.may(Permission.MANAGE_OFFICERS),
        sees_tickets=visit.reach.everything or visit.officer.department == code,
        max_phone=MAX_PHONE,
        max_note=MAX_NOTE,
        notice=DONE.get(request.query.get("done", ""), ""),
    )


async def change(request: web.Request) -> web.StreamResponse:
    """Say how a unit is reached."""
    visit, parts, form, code = request[VISIT], services(request), request[FORM], request.match_info["code"]
    async with parts.database.transaction() as session:
        try:
            await change_detail(
                session,
                parts.routing,
                code,
                phone=form.text("phone"),
                note=form.text("note"),
                officer_id=visit.officer.id,
                now=visit.now,
            )
        except RoutingError as error:
            raise web.HTTPNotFound from error
        audit(request, session, "unit_changed", subject=code)
    raise see_other(f"/units/{code}?done=changed")
