"""A legal adviser's own consultations: what to answer, what is being reviewed, what came back."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from bot.desk.context import VISIT, services
from bot.desk.due import due_mark
from bot.desk.render import page
from tickets.duty import DutyDesk
from tickets.legal_review import LegalReview
from tickets.models import AnswerDraft, DraftState, Officer


async def consultations(request: web.Request) -> web.StreamResponse:
    """Oldest deadlines first; with those that nobody has."""
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        desk = parts.bound(DutyDesk, session, visit.now)
        duty = await desk.duty_now()
        on_duty = await session.get(Officer, duty.officer_id) if duty.officer_id else None
        mine = await desk.in_hand(visit.officer.id)
        waiting = await desk.waiting()
        newest = await parts.bound(LegalReview, session, visit.now).newest_drafts(
            [ticket.id for ticket in mine]
        )
    marks = {
        ticket.ticket_no: due_mark(
            ticket.status, ticket.due_at, visit.now, parts.calendar, ticket.accept_due_at
        )
        for ticket in (*mine, *waiting)
    }
    groups = {
        "退回修改": [one for one in mine if _state(newest, one.id) is DraftState.RETURNED],
        "待答复": [
            one
            for one in mine
            if one.first_replied_at is None
            and _state(newest, one.id) not in (DraftState.PENDING, DraftState.RETURNED)
        ],
        "等法制审核": [one for one in mine if _state(newest, one.id) is DraftState.PENDING],
    }
    sorted_in = {ticket.id for tickets in groups.values() for ticket in tickets}
    groups["已答复、未办结"] = [one for one in mine if one.id not in sorted_in]
    return page(
        request,
        "consultations.html",
        groups=groups,
        newest=newest,
        waiting=waiting,
        marks=marks,
        is_mine=on_duty is not None and on_duty.id == visit.officer.id,
        on_duty=on_duty,
        duty=duty,
        rules=parts.routing.consultations,
        now=visit.now,
    )


def _state(newest: Mapping[int, AnswerDraft], ticket_id: int) -> DraftState | None:
    return newest[ticket_id].state if ticket_id in newest else None
