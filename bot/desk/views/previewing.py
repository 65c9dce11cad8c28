"""What the citizen will read of a reply, on each channel that it goes to."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import select

from bot.desk.context import FORM, VISIT, services
from bot.desk.forms import MAX_TEXT_LENGTH
from bot.desk.previews import Preview, preview
from bot.desk.reach import ticket_within_reach
from bot.desk.render import page
from bot.texts import render_notice
from tickets.models import Conversation
from tickets.service import TicketService


async def reply_previews(request: web.Request, text: str) -> list[Preview]:
    """The reply on the channel of everybody who gets it; as on the web, if nobody does.

    Raises: TicketNotFound; NotYourTicket.
    """
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        ticket = await ticket_within_reach(request, session)
        audience = await parts.bound(TicketService, session, visit.now).reporters(ticket)
        channels = await session.scalars(select(Conversation.channel).where(Conversation.id.in_(audience)))
        names = sorted(set(channels))
    department = parts.routing.department(ticket.department).name
    content = render_notice(
        "notice_reply", {"ticket_no": ticket.ticket_no, "text": text, "department": department}
    )
    return [preview(channel, content) for channel in names or ["web"]]


async def preview_part(request: web.Request) -> web.StreamResponse:
    """The part of the page that shows the reply while it is being written."""
    text = request[FORM].text("text")[:MAX_TEXT_LENGTH]
    return page(request, "_previews.html", previews=await reply_previews(request, text) if text else [])
