"""The clock runs on the real casework."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from bot.services import Services
from bot.ticking import tick
from tests.factories import make_ticket
from tickets.models import Ticket
from tickets.workflow import Status


async def test_an_overdue_ticket_is_escalated_once(services: Services) -> None:
    async with services.database.transaction() as session:
        filed = await make_ticket(session, status=Status.IN_PROGRESS)
        ticket = (await session.scalars(select(Ticket).where(Ticket.ticket_no == filed.ticket_no))).one()
        ticket.due_at = datetime.now(UTC) - timedelta(hours=1)

    first, second = await tick(services), await tick(services)

    async with services.database.reading() as session:
        ticket = (await session.scalars(select(Ticket))).one()
    assert first >= 1
    assert second == 0
    assert ticket.escalation_level > 0
