"""The rota of legal advisers (值班): plans, leave, hand-over, and who gets a consultation that comes in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from tickets.casework import Casework
from tickets.columns import storable
from tickets.deadlines import SHANGHAI, WorkingCalendar
from tickets.errors import (
    ActorNotAllowed,
    AwayThen,
    CalendarYearMissing,
    NotAnAdviser,
    NoteRequired,
    WrongPeriod,
)
from tickets.models import DutyLeave, EntryKind, HandOver, Officer, RotaPlan, Ticket
from tickets.rota import Duty, Rota, monday_of
from tickets.routing import Routing
from tickets.values import Actor
from tickets.workflow import Status, TicketKind

MAX_PEOPLE = 20
MAX_DAYS = 366
# The next one needs a supervisor's ruling.
MAX_PASSED_ON = 2
_WAY_TO_ASSIGNED = {
    Status.SUBMITTED: (Status.ACCEPTED, Status.ASSIGNED),
    Status.ACCEPTED: (Status.ASSIGNED,),
    Status.REOPENED: (Status.ASSIGNED,),
}
NOBODY_ON_DUTY = "没有法律顾问值班"


class DutyDesk(Casework):
    """Everything about duty. Whether an officer may manage the rota is the desk's table of permissions."""

    async def rota(self, since: date | None = None) -> Rota:
        """What decides about duty from a day on (None: today)."""
        since = since or self.today
        plans = await self.session.scalars(select(RotaPlan).order_by(RotaPlan.starts_on, RotaPlan.id))
        leaves = await self.session.scalars(
            select(DutyLeave).where(DutyLeave.last_day >= since, DutyLeave.cancelled_at.is_(None))
        )
        hand_overs = await self.session.scalars(
            select(HandOver).where(HandOver.last_day >= since, HandOver.cancelled_at.is_(None))
        )
        available = {officer.id for officer in await self.advisers()}
        turn_days = self.routing.consultations.turn_days
        return Rota(plans.all(), leaves.all(), hand_overs.all(), turn_days, available.__contains__)

    async def advisers(self) -> Sequence[Officer]:
        """Who can be put on the rota."""
        rows = await self.session.scalars(
            select(Officer)
            .where(Officer.is_active, Officer.role.in_(self.routing.consultations.adviser_roles))
            .order_by(Officer.display_name, Officer.id)
        )
        return rows.all()

    @property
    def today(self) -> date:
        """The day in China."""
        return self.now.astimezone(SHANGHAI).date()

    async def duty_now(self) -> Duty:
        """Who gets what comes in now: in the evening or on a day off, the next working day's adviser."""
        return (await self.rota()).on(next_duty_day(self.calendar, self.now))

    async def plan(self, starts_on: date, officer_ids: Sequence[int], *, actor: Actor) -> None:
        """Who takes turns from the Monday of `starts_on` on.

        Raises: WrongPeriod, if that week is over; NotAnAdviser.
        """
        monday = monday_of(starts_on)
        people = list(dict.fromkeys(officer_ids))[:MAX_PEOPLE]
        if monday < monday_of(self.today) or monday > self.today + timedelta(days=MAX_DAYS):
            raise WrongPeriod(str(starts_on))
        known = {officer.id for officer in await self.advisers()}
        if not people or not known.issuperset(people):
            raise NotAnAdviser(str(people))
        self.session.add(
            RotaPlan(starts_on=monday, officer_ids=people, created_by=int(actor.id), created_at=self.now)
        )
        await self.session.flush()

    async def leave(self, officer_id: int, first: date, last: date, reason: str, *, actor: Actor) -> None:
        """An adviser isn't there on these days. What they have in hand stays theirs until it is handed over.

        Raises: WrongPeriod; NotAnAdviser.
        """
        self._check_period(first, last)
        await self._adviser(officer_id)
        self.session.add(
            DutyLeave(
                officer_id=officer_id,
                first_day=first,
                last_day=last,
                reason=storable(reason.strip()),
                created_by=int(actor.id),
                created_at=self.now,
            )
        )
        await self.session.flush()

    async def hand_over(
        self, from_id: int, to_id: int, first: date, last: date, note: str, *, actor: Actor
    ) -> int:
        """The days of duty of one adviser go to another, with the consultations in hand on the first day.

        Returns: how many consultations were passed on now.

        Raises: WrongPeriod; NotAnAdviser, also if the two are one; AwayThen; NoteRequired: who takes over
        needs to know where things stand.
        """
        self._check_period(first, last)
        if not note.strip():
            raise NoteRequired("a hand-over says where things stand")
        await self._adviser(to_id)
        if from_id == to_id or await self.session.get(Officer, from_id) is None:
            raise NotAnAdviser(str(from_id))
        if (await self.rota()).is_away(to_id, max(first, self.today)):
            raise AwayThen(str(to_id))
        agreed = HandOver(
            from_officer_id=from_id,
            to_officer_id=to_id,
            first_day=first,
            last_day=last,
            note=storable(note.strip()),
            created_by=int(actor.id),
            created_at=self.now,
        )
        self.session.add(agreed)
        await self.session.flush()
        return await self._pass_on(agreed, actor) if first <= self.today else 0

    async def cancel_leave(self, leave_id: int, *, actor: Actor, manages: bool = False) -> None:
        """Take back a leave that isn't over. Raises: as `cancel_hand_over`."""
        row = await self.session.get(DutyLeave, leave_id, with_for_update=True, populate_existing=True)
        self._cancel(row, row.officer_id if row else 0, actor, manages)

    async def cancel_hand_over(self, hand_over_id: int, *, actor: Actor, manages: bool = False) -> None:
        """Take back a hand-over that isn't over; days that were served stay as they were.

        Raises: WrongPeriod, if there is none such; ActorNotAllowed, unless it is the actor's own or the actor
        manages the rota.
        """
        row = await self.session.get(HandOver, hand_over_id, with_for_update=True, populate_existing=True)
        self._cancel(row, row.from_officer_id if row else 0, actor, manages)

    def _cancel(self, row: DutyLeave | HandOver | None, owner: int, actor: Actor, manages: bool) -> None:
        if row is None or row.cancelled_at is not None or row.last_day < self.today:
            raise WrongPeriod("nothing to cancel")
        if str(owner) != actor.id and not manages:
            raise ActorNotAllowed("somebody else's")
        if row.first_day < self.today:
            row.last_day = self.today - timedelta(days=1)
        else:
            row.cancelled_at = self.now

    async def upcoming(self) -> tuple[Sequence[DutyLeave], Sequence[HandOver]]:
        """Leave and hand-overs that aren't over, soonest first."""
        rota = await self.rota()
        return (
            sorted(rota.leaves, key=lambda row: (row.first_day, row.id)),
            sorted(rota.hand_overs, key=lambda row: (row.first_day, row.id)),
        )

    async def give_out(self, ticket: Ticket) -> bool:
        """Give a new consultation to who is on duty; with nobody there a supervisor sees it. Returns whether
        somebody was.
        """
        duty = await self.duty_now()
        if duty.officer_id is not None:
            await self._give(ticket, duty.officer_id, Actor.system(), {"duty": duty.day.isoformat()})
            return True
        ticket.supervised_at = ticket.supervised_at or self.now
        await self.record(
            ticket,
            EntryKind.ESCALATION,
            Actor.system(),
            NOBODY_ON_DUTY,
            {"because": "nobody_on_duty", "to": self.routing.supervision},
        )
        return False

    async def pass_on(
        self,
        ticket_no: str,
        department: str,
        reason: str,
        *,
        actor: Actor,
        expected_version: int | None = None,
    ) -> None:
        """An adviser gives a question to a unit: the unit owns it from this moment on, and the clock runs on.
        It counts as a hand-back, so that a question that wanders ends with a supervisor.

        Raises: TicketNotFound; TicketMerged; StaleVersion; ActorNotAllowed, see `may_pass_on`, and for a
        department that may not hold it; NoteRequired; RoutingError.
        """
        if not reason.strip():
            raise NoteRequired("the unit needs to know why")
        ticket = await self.find_for_change(ticket_no, expected_version)
        was = ticket.department
        is_fit = department != was and self.routing.may_hold(ticket.category, department)
        if not is_fit or not may_pass_on(self.routing, ticket, actor):
            raise ActorNotAllowed(f"{was} can't pass {ticket_no} on to {department}")
        ticket.hand_back_count += 1
        ticket.department, ticket.officer_id = department, None
        data = {"from": was, "department": department, "officer_id": None, "count": ticket.hand_back_count}
        for step in _WAY_TO_ASSIGNED.get(ticket.status, ()):
            await self.move(ticket, step, actor)
        ticket.version += 1
        await self.record(ticket, EntryKind.ASSIGNMENT, actor, reason, data)
        await self.tell(ticket, "notice_status_assigned", {"note": ""})

    async def in_hand(self, officer_id: int, limit: int = 200) -> Sequence[Ticket]:
        """An adviser's open consultations, what is due first at the top."""
        rows = await self.session.scalars(
            select(Ticket)
            .where(
                Ticket.officer_id == officer_id,
                Ticket.kind == TicketKind.CONSULTATION,
                Ticket.closed_at.is_(None),
                Ticket.merged_into_id.is_(None),
            )
            .order_by(Ticket.due_at.asc().nulls_last(), Ticket.id)
            .limit(limit)
        )
        return rows.all()

    async def waiting(self, limit: int = 50, *, lock: bool = False) -> Sequence[Ticket]:
        """Open consultations of the legal office that nobody has, oldest first."""
        wanted = (
            select(Ticket)
            .where(
                Ticket.department == self.routing.consultations.department,
                Ticket.kind == TicketKind.CONSULTATION,
                Ticket.closed_at.is_(None),
                Ticket.merged_into_id.is_(None),
                Ticket.officer_id.is_(None),
            )
            .order_by(Ticket.id)
            .limit(limit)
        )
        if lock:
            wanted = wanted.with_for_update(skip_locked=True)
        return (await self.session.scalars(wanted)).all()

    async def catch_up(self, limit: int) -> int:
        """For the clock: hand-overs that begin today, and consultations that found nobody. Who fell ill
        meanwhile takes nothing over before they are back. Returns how many rows were touched.
        """
        due = await self.session.scalars(
            select(HandOver)
            .where(
                HandOver.passed_at.is_(None),
                HandOver.cancelled_at.is_(None),
                HandOver.first_day <= self.today,
                HandOver.last_day >= self.today,
            )
            .order_by(HandOver.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rota = await self.rota()
        begun = [agreed for agreed in due.all() if not rota.is_away(agreed.to_officer_id, self.today)]
        for agreed in begun:
            await self._pass_on(agreed, Actor.system())
        duty = await self.duty_now()
        if duty.officer_id is None:
            return len(begun)
        late = await self.waiting(limit, lock=True)
        for ticket in late:
            await self._give(ticket, duty.officer_id, Actor.system(), {"duty": duty.day.isoformat()})
        return len(begun) + len(late)

    async def _pass_on(self, agreed: HandOver, actor: Actor) -> int:
        agreed.passed_at = self.now
        rows = await self.session.scalars(
            select(Ticket)
            .where(
                Ticket.officer_id == agreed.from_officer_id,
                Ticket.kind == TicketKind.CONSULTATION,
                Ticket.closed_at.is_(None),
                Ticket.merged_into_id.is_(None),
            )
            .order_by(Ticket.id)
            .with_for_update()
        )
        tickets = rows.all()
        for ticket in tickets:
            await self._give(ticket, agreed.to_officer_id, actor, {"hand_over": agreed.id}, agreed.note)
        return len(tickets)

    async def _give(
        self, ticket: Ticket, officer_id: int, actor: Actor, because: dict[str, object], note: str = ""
    ) -> None:
        ticket.officer_id = officer_id
        ticket.version += 1
        data = {"from": ticket.department, "department": ticket.department, "officer_id": officer_id}
        await self.record(ticket, EntryKind.ASSIGNMENT, actor, note, data | because)

    async def _adviser(self, officer_id: int) -> None:
        if officer_id not in {officer.id for officer in await self.advisers()}:
            raise NotAnAdviser(str(officer_id))

    def _check_period(self, first: date, last: date) -> None:
        if last < first or last < self.today or (last - first).days > MAX_DAYS:
            raise WrongPeriod(f"{first} to {last}")


def may_pass_on(routing: Routing, ticket: Ticket, actor: Actor) -> bool:
    """Whether an adviser may give a question to the unit that knows the answer, without asking a supervisor:
    one that the legal office has and no colleague has in hand.
    """
    rules = routing.consultations
    return (
        ticket.kind is TicketKind.CONSULTATION
        and ticket.is_open
        and ticket.department == rules.department
        and actor.role in rules.adviser_roles
        and str(ticket.officer_id or actor.id) == actor.id
        and ticket.hand_back_count < MAX_PASSED_ON
    )


def next_duty_day(calendar: WorkingCalendar, now: datetime) -> date:
    """The day on which what comes in now is worked on: today, or the next working day after closing time.

    In a year whose holidays aren't known every day counts: a consultation must not wait for a public notice.
    """
    local = now.astimezone(SHANGHAI)
    day = local.date()
    if local.time() >= calendar.day_ends_at:
        day += timedelta(days=1)
    try:
        while not calendar.is_working_day(day):
            day += timedelta(days=1)
    except CalendarYearMissing:
        return day
    return day
