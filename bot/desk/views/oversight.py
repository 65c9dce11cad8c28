"""What goes beyond daily handling: contact data, hand-backs, extensions, 督办, and the rulings on them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.context import FORM, VISIT, audit, see_other, services, wake_outbox
from bot.desk.errors import NotYourTicket, text_for
from bot.desk.reach import ticket_within_reach
from bot.desk.render import page
from bot.desk.views.ticket import Draft, show_ticket
from bot.texts import render_notice
from tickets.errors import BotError, TicketNotFound
from tickets.models import ApplicationKind
from tickets.oversight import HAND_BACKS_BEFORE_ZONE_HEAD, Oversight
from tickets.privacy import Privacy

MAX_REASON_LENGTH = 500
KINDS = {ApplicationKind.HAND_BACK: "退单", ApplicationKind.EXTENSION: "延期"}
DONE = {"approved": "已同意。", "refused": "已驳回。"}

Work = Callable[[Oversight, str, str], Awaitable[object]]


def _oversight(request: web.Request, session: AsyncSession) -> Oversight:
    parts = services(request)
    return Oversight(
        session,
        routing=parts.routing,
        calendar=parts.calendar,
        notice=render_notice,
        now=request[VISIT].now,
    )


async def _do(request: web.Request, work: Work, done: str) -> web.StreamResponse:
    reason = request[FORM].text("reason")[:MAX_REASON_LENGTH]
    try:
        async with services(request).database.transaction() as session:
            ticket_no = (await ticket_within_reach(request, session)).ticket_no
            await work(_oversight(request, session), ticket_no, reason)
    except (TicketNotFound, NotYourTicket):
        raise
    except BotError as error:
        return await show_ticket(request, draft=Draft(reason=reason), problem=text_for(error), status=409)
    wake_outbox(request)
    raise see_other(f"/tickets/{ticket_no}?done={done}")


async def hand_back(request: web.Request) -> web.StreamResponse:
    """The unit says that the ticket isn't its own, and perhaps whose it is; a supervisor rules."""
    actor, wanted = request[VISIT].actor, request[FORM].text("department") or None

    async def work(oversight: Oversight, ticket_no: str, reason: str) -> None:
        await oversight.hand_back(ticket_no, reason, actor=actor, wanted_department=wanted)

    return await _do(request, work, "applied")


async def extend(request: web.Request) -> web.StreamResponse:
    """The unit asks for more time; a supervisor rules."""
    actor = request[VISIT].actor

    async def work(oversight: Oversight, ticket_no: str, reason: str) -> None:
        await oversight.apply_extension(ticket_no, reason, actor=actor)

    return await _do(request, work, "applied")


async def supervise(request: web.Request) -> web.StreamResponse:
    """A supervisor watches the ticket from now on."""
    actor = request[VISIT].actor

    async def work(oversight: Oversight, ticket_no: str, reason: str) -> None:
        await oversight.supervise(ticket_no, reason, actor=actor)

    return await _do(request, work, "supervised")


async def change_category(request: web.Request) -> web.StreamResponse:
    """A supervisor says what the ticket is about."""
    actor, form = request[VISIT].actor, request[FORM]

    async def work(oversight: Oversight, ticket_no: str, reason: str) -> None:
        await oversight.change_category(
            ticket_no,
            form.text("category"),
            reason,
            actor=actor,
            expected_version=form.number("version"),
        )

    return await _do(request, work, "category")


async def contact(request: web.Request) -> web.StreamResponse:
    """Show how to reach the citizen; the look and its reason go onto the record."""
    visit, parts = request[VISIT], services(request)
    reason = request[FORM].text("reason")[:MAX_REASON_LENGTH]
    try:
        async with parts.database.transaction() as session:
            ticket_no = (await ticket_within_reach(request, session)).ticket_no
            privacy = Privacy(
                session,
                routing=parts.routing,
                calendar=parts.calendar,
                now=visit.now,
                vault=getattr(parts, "vault", None),
            )
            shown = await privacy.reveal_contact(ticket_no, reason, actor=visit.actor)
            audit(request, session, "contact", subject=ticket_no)
    except (TicketNotFound, NotYourTicket):
        raise
    except BotError as error:
        return await show_ticket(request, problem=text_for(error), status=409)
    return await show_ticket(request, contact=shown)


async def applications(request: web.Request) -> web.StreamResponse:
    """What waits for a ruling, oldest first."""
    return await _applications(request, notice=DONE.get(request.query.get("done", ""), ""))


async def _applications(
    request: web.Request, *, notice: str = "", problem: str = "", status: int = 200
) -> web.Response:
    parts = services(request)
    async with parts.database.reading() as session:
        rows = await _oversight(request, session).open_applications()
    return page(
        request,
        "applications.html",
        status=status,
        rows=rows,
        kinds=KINDS,
        departments=[one for one in parts.routing.departments() if one.kind != "outside"],
        ends_after=HAND_BACKS_BEFORE_ZONE_HEAD,
        routing=parts.routing,
        now=request[VISIT].now,
        notice=notice,
        problem=problem,
    )


async def rule(request: web.Request) -> web.StreamResponse:
    """A supervisor's ruling."""
    form, visit = request[FORM], request[VISIT]
    approve = form.text("ruling") == "approve"
    try:
        async with services(request).database.transaction() as session:
            await _oversight(request, session).rule(
                int(request.match_info["application_id"]),
                approve,
                actor=visit.actor,
                note=form.text("reason")[:MAX_REASON_LENGTH],
                department=form.text("department") or None,
            )
    except BotError as error:
        return await _applications(request, problem=text_for(error), status=409)
    wake_outbox(request)
    raise see_other(f"/applications?done={'approved' if approve else 'refused'}")
