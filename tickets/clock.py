"""What happens because time passes: warnings before and after a deadline, and closing what nobody answers.

Any number of processes may run it at once; on PostgreSQL each takes rows that no other has locked.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.casework import Casework, Notice, plain_notice
from tickets.deadlines import WorkingCalendar
from tickets.duty import DutyDesk
from tickets.facts import NOT_ACCEPTED, NOT_REPLIED, OVERDUE, STEPS, WARNED, deadlines_of
from tickets.models import EntryKind, Ticket
from tickets.routing import Routing
from tickets.values import Actor
from tickets.workflow import Status

DUE_SOON = timedelta(hours=24)
# Days by the clock: they end nothing that the law counts in working days.
SILENCE_BEFORE_CLOSING = timedelta(days=15)
RESOLVED_BEFORE_CLOSING = timedelta(days=7)


async def run_clock(
    session: AsyncSession,
    now: datetime,
    *,
    routing: Routing,
    calendar: WorkingCalendar,
    notice: Notice = plain_notice,
    limit: int = 50,
) -> int:
    """Do what is due now, at most `limit` tickets of each sort. Returns how many; call again while it
    is not 0.
    """
    clock = Clock(session, routing=routing, calendar=calendar, notice=notice, now=now)
    done = await clock.warn(limit)
    done += await clock.mark_late_steps(limit)
    done += await clock.mark_overdue(limit)
    done += await clock.close_silent(limit)
    done += await clock.close_resolved(limit)
    done += await clock.bound(DutyDesk).catch_up(limit)
    return done + await clock.fill_deadlines(limit)


class Clock(Casework):
    """The system as actor."""

    async def warn(self, limit: int) -> int:
        """Tickets due within a day go onto the record, once."""
        tickets = await self._take(
            limit,
            Ticket.closed_at.is_(None),
            Ticket.escalation_level < WARNED,
            Ticket.due_at >= self.now,
            Ticket.due_at < self.now + DUE_SOON,
        )
        return await self._escalate(tickets, WARNED)

    async def mark_late_steps(self, limit: int) -> int:
        """Tickets that nobody accepted, or replied to, in time go onto the record, once for each step."""
        not_accepted = (Ticket.status == Status.SUBMITTED, Ticket.accept_due_at < self.now)
        not_replied = (Ticket.first_replied_at.is_(None), Ticket.first_reply_due_at < self.now)
        done = 0
        for step, conditions in ((NOT_ACCEPTED, not_accepted), (NOT_REPLIED, not_replied)):
            is_new = Ticket.late_steps.bitwise_and(step) == 0
            tickets = await self._take(limit, Ticket.closed_at.is_(None), is_new, *conditions)
            for ticket in tickets:
                ticket.late_steps |= step
            done += await self._escalate(tickets, WARNED, STEPS[step])
        return done

    async def mark_overdue(self, limit: int) -> int:
        """Tickets past their deadline come under supervision, once."""
        tickets = await self._take(
            limit,
            Ticket.closed_at.is_(None),
            Ticket.escalation_level < OVERDUE,
            Ticket.due_at < self.now,
        )
        for ticket in tickets:
            ticket.supervised_at = ticket.supervised_at or self.now
        return await self._escalate(tickets, OVERDUE)

    async def close_silent(self, limit: int) -> int:
        """What waits for a citizen who doesn't answer is closed; they may reopen it."""
        tickets = await self._close(
            limit,
            Ticket.status == Status.AWAITING_CITIZEN,
            Ticket.status_since < self.now - SILENCE_BEFORE_CLOSING,
        )
        return len(tickets)

    async def close_resolved(self, limit: int) -> int:
        """What was resolved and not contradicted goes to the archive; who left a number and no verdict is
        called.
        """
        tickets = await self._close(
            limit,
            Ticket.status == Status.RESOLVED,
            Ticket.status_since < self.now - RESOLVED_BEFORE_CLOSING,
        )
        for ticket in tickets:
            if ticket.contact and ticket.is_solved is None:
                ticket.followup_at = self.now
        return len(tickets)

    async def fill_deadlines(self, limit: int) -> int:
        """Tickets filed when the next year's calendar wasn't known get their deadlines once it is."""
        done = 0
        for ticket in await self._take(limit, Ticket.closed_at.is_(None), Ticket.due_at.is_(None)):
            if self.set_deadlines(ticket, await self.begun_at(ticket)) is None:
                done += 1
                await self.record(ticket, EntryKind.DEADLINE, Actor.system(), data=deadlines_of(ticket))
        return done

    async def _take(self, limit: int, *conditions: ColumnElement[bool]) -> list[Ticket]:
        rows = await self.session.scalars(
            select(Ticket)
            .where(*conditions, Ticket.merged_into_id.is_(None))
            .order_by(Ticket.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list(rows)

    async def _escalate(self, tickets: list[Ticket], level: int, step: str = "resolve") -> int:
        for ticket in tickets:
            if step == "resolve":
                ticket.escalation_level = level
            await self.record(
                ticket,
                EntryKind.ESCALATION,
                Actor.system(),
                data={"level": level, "step": step, "to": self.routing.zone_head(ticket.town).code},
            )
        return len(tickets)

    async def _close(self, limit: int, *conditions: ColumnElement[bool]) -> list[Ticket]:
        tickets = await self._take(limit, *conditions)
        for ticket in tickets:
            await self.move(ticket, Status.CLOSED, Actor.system())
            await self.tell(ticket, "notice_status_closed", {"note": ""})
        return tickets
