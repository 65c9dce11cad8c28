"""The ticket that an address names, for an officer who may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.desk.context import VISIT
from bot.desk.errors import NotYourTicket
from tickets.casework import find_ticket

if TYPE_CHECKING:
    from aiohttp import web
    from sqlalchemy.ext.asyncio import AsyncSession

    from bot.desk.context import Visit
    from tickets.models import Ticket


async def ticket_within_reach(
    request: web.Request, session: AsyncSession, ticket_no: str | None = None
) -> Ticket:
    """The ticket of that number; of the address, if None.

    Raises: TicketNotFound; NotYourTicket.
    """
    wanted = request.match_info["ticket_no"] if ticket_no is None else ticket_no
    ticket = await find_ticket(session, wanted)
    check_reach(request[VISIT], ticket)
    return ticket


def check_reach(visit: Visit, ticket: Ticket) -> None:
    """Raises: NotYourTicket."""
    if not visit.reach.covers(ticket):
        raise NotYourTicket(ticket.ticket_no)
