"""The rota of legal advisers: a calendar by the week, leave, hand-over, and whose turn it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from aiohttp import web

from bot.dates import CHINA
from bot.desk.context import FORM, VISIT, audit, see_other, services
from bot.desk.errors import text_for
from bot.desk.forms import as_day
from bot.desk.permissions import Permission
from bot.desk.render import page
from tickets.deadlines import WorkingCalendar
from tickets.duty import DutyDesk
from tickets.errors import ActorNotAllowed, BotError, CalendarYearMissing
from tickets.models import Officer
from tickets.officers import list_officers
from tickets.rota import Because, Duty, monday_of

MAX_TEXT_LENGTH = 500
TURN_FIELDS = 6
DONE = {
    "plan": "轮值顺序已保存。",
    "leave": "已登记请假。",
    "cancelled": "已取消。",
    "hand-over": "交接已登记，手上的咨询会在交接开始那天转过去。",
    "passed": "交接已办好，手上的咨询已转给接手的人。",
}
BECAUSE = {
    Because.TURN: "",
    Because.STANDS_IN: "顶班",
    Because.HANDED_OVER: "接手",
    Because.NOBODY: "没有人值班",
}

Work = Callable[[DutyDesk], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day of the calendar; `is_working` is None in a year whose holidays aren't known yet."""

    duty: Duty
    name: str
    regular: str
    because: str
    is_working: bool | None
    is_today: bool


async def rota_page(request: web.Request) -> web.StreamResponse:
    """The week of `?week=2026-11-23`, else this one."""
    return await _show(request, notice=DONE.get(request.query.get("done", ""), ""))


async def _show(
    request: web.Request,
    *,
    notice: str = "",
    problem: str = "",
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    visit, parts = request[VISIT], services(request)
    today = visit.now.astimezone(CHINA).date()
    monday = monday_of(as_day(request.query.get("week", "")) or today)
    async with parts.database.reading() as session:
        desk = parts.bound(DutyDesk, session, visit.now)
        rota = await desk.rota(min(monday, today))
        now_on_duty = await desk.duty_now()
        leaves, hand_overs = await desk.upcoming()
        advisers = await desk.advisers()
        waiting = await desk.waiting()
        names = {one.id: one.display_name for one in await list_officers(session)}
    plan = rota.plan_on(monday + timedelta(days=6))
    days = [_calendar_day(duty, names, parts.calendar, today) for duty in rota.week(monday)]
    return page(
        request,
        "rota.html",
        status=status,
        days=days,
        monday=monday,
        earlier=(monday - timedelta(days=7)).isoformat(),
        later=(monday + timedelta(days=7)).isoformat(),
        is_this_week=monday == monday_of(today),
        calendar_missing=any(one.is_working is None for one in days),
        on_duty=now_on_duty,
        names=names,
        plan=plan,
        leaves=leaves,
        hand_overs=hand_overs,
        waiting=waiting,
        today=today,
        advisers=advisers,
        people=_people(request, advisers),
        turn_fields=range(1, min(TURN_FIELDS, max(2, len(advisers))) + 1),
        turns=list(plan.officer_ids) if plan else [],
        typed=typed or {},
        notice=notice,
        problem=problem,
    )


def _people(request: web.Request, advisers: Sequence[Officer]) -> list[Officer]:
    """For whom the officer may enter leave and hand-overs."""
    visit = request[VISIT]
    if visit.may(Permission.MANAGE_ROTA):
        return list(advisers)
    return [one for one in advisers if one.id == visit.officer.id]


def _calendar_day(
    duty: Duty, names: Mapping[int, str], calendar: WorkingCalendar, today: date
) -> CalendarDay:
    try:
        is_working: bool | None = calendar.is_working_day(duty.day)
    except CalendarYearMissing:
        is_working = None
    return CalendarDay(
        duty,
        names.get(duty.officer_id or 0, ""),
        names.get(duty.regular_id or 0, "") if duty.because is not Because.TURN else "",
        BECAUSE[duty.because],
        is_working,
        duty.day == today,
    )


async def plan(request: web.Request) -> web.StreamResponse:
    """Who takes turns from a week on."""
    form, visit = request[FORM], request[VISIT]
    people = [form.number(f"person_{number}") for number in range(1, TURN_FIELDS + 1)]

    async def work(desk: DutyDesk) -> str:
        chosen = [one for one in people if one is not None]
        await desk.plan(request[FORM].needed_day("starts_on"), chosen, actor=visit.actor)
        audit(request, desk.session, "rota", officers=chosen, starts_on=form.text("starts_on"))
        return "plan"

    return await _do(request, work)


async def leave(request: web.Request) -> web.StreamResponse:
    """An adviser isn't there on some days."""
    form, visit = request[FORM], request[VISIT]

    async def work(desk: DutyDesk) -> str:
        who = _whose(request, "officer_id")
        reason = form.text("reason")[:MAX_TEXT_LENGTH]
        await desk.leave(who, *_period(request), reason, actor=visit.actor)
        return "leave"

    return await _do(request, work)


async def hand_over(request: web.Request) -> web.StreamResponse:
    """An adviser's duty and consultations go to another."""
    form, visit = request[FORM], request[VISIT]

    async def work(desk: DutyDesk) -> str:
        giver, taker = _whose(request, "from_id"), form.number("to_id") or 0
        first, last = _period(request)
        note = form.text("note")[:MAX_TEXT_LENGTH]
        await desk.hand_over(giver, taker, first, last, note, actor=visit.actor)
        return "passed" if first <= desk.today else "hand-over"

    return await _do(request, work)


async def cancel(request: web.Request) -> web.StreamResponse:
    """Take back a leave or a hand-over."""
    form, visit = request[FORM], request[VISIT]

    async def work(desk: DutyDesk) -> str:
        undo = desk.cancel_leave if form.text("kind") == "leave" else desk.cancel_hand_over
        manages = visit.may(Permission.MANAGE_ROTA)
        await undo(form.number("row_id") or 0, actor=visit.actor, manages=manages)
        return "cancelled"

    return await _do(request, work)


async def _do(request: web.Request, work: Work) -> web.StreamResponse:
    parts, visit = services(request), request[VISIT]
    try:
        async with parts.database.transaction() as session:
            done = await work(parts.bound(DutyDesk, session, visit.now))
    except BotError as error:
        typed: dict[str, Any] = request[FORM].fields
        return await _show(request, problem=text_for(error), typed=typed, status=409)
    raise see_other(f"/rota?done={done}")


def _whose(request: web.Request, field: str) -> int:
    """Whom the form is about. Raises: ActorNotAllowed, for somebody else's without the right to manage."""
    visit = request[VISIT]
    chosen = request[FORM].number(field) or 0
    if chosen != visit.officer.id and not visit.may(Permission.MANAGE_ROTA):
        raise ActorNotAllowed("somebody else's duty")
    return chosen


def _period(request: web.Request) -> tuple[date, date]:
    return request[FORM].needed_day("first_day"), request[FORM].needed_day("last_day")
