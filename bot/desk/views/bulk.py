"""One act on several tickets of the queue. Each ticket is a transaction of its own: what can't be done to one
doesn't undo the others, and the page says which and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from bot.desk.context import FORM, VISIT, services, wake_outbox
from bot.desk.errors import TEXTS, text_for
from bot.desk.permissions import Permission
from bot.desk.queue_address import queue_filter
from bot.desk.views.queue import show_queue
from tickets.casework import find_ticket
from tickets.errors import BotError, TicketNotFound
from tickets.queries import PAGE_SIZE
from tickets.service import TicketService
from tickets.values import Actor

PREFIX = "ticket-"
MAX_NOTE_LENGTH = 500
MAX_REASONS = 5


@dataclass(frozen=True, slots=True)
class BulkAct:
    """What is done to each ticket.

    Attributes:
        act: "take", "assign" or "note".
    """

    act: str
    note: str = ""
    officer_id: int | None = None
    department: str | None = None

    async def do(self, tickets: TicketService, ticket_no: str, actor: Actor) -> None:
        """Raises: BotError, what the service refuses."""
        if self.act == "take":
            await tickets.assign(ticket_no, officer_id=int(actor.id), actor=actor, note=self.note)
        elif self.act == "assign":
            await tickets.assign(
                ticket_no,
                department=self.department,
                officer_id=self.officer_id,
                actor=actor,
                note=self.note,
            )
        else:
            await tickets.add_note(ticket_no, self.note, actor=actor)


async def bulk(request: web.Request) -> web.StreamResponse:
    """Take, assign or note the chosen tickets, and show the same queue again."""
    visit, form = request[VISIT], request[FORM]
    wanted = queue_filter(dict(parse_qsl(form.text("query"))), visit)
    chosen = [name.removeprefix(PREFIX) for name in form.fields if name.startswith(PREFIX)][:PAGE_SIZE]
    act, problem = _act(request)
    if not chosen:
        problem = "还没有选工单。请先在左边打钩。"
    if problem:
        return await show_queue(request, wanted, problem=problem, note=act.note, status=409)
    refused: dict[str, str] = {}
    for ticket_no in chosen:
        try:
            await _do_one(request, act, ticket_no)
        except BotError as error:
            refused[ticket_no] = text_for(error)
    wake_outbox(request)
    done = len(chosen) - len(refused)
    return await show_queue(
        request,
        wanted,
        notice=f"已办理{done}张。" if done else "",
        problem=_reasons(refused),
        note=act.note if refused else "",
        status=200 if done else 409,
    )


def _act(request: web.Request) -> tuple[BulkAct, str]:
    """The act that the form asks for, and what is wrong with it ("" if nothing is)."""
    form, visit = request[FORM], request[VISIT]
    name, note = form.text("act"), form.text("note")[:MAX_NOTE_LENGTH]
    department = form.text("department") or None
    if department is not None and not visit.may(Permission.ASSIGN_DEPARTMENT):
        department = None
    act = BulkAct(name, note, form.number("officer_id"), department)
    if name not in {"take", "assign", "note"}:
        return act, "请选一个操作。"
    if name == "note" and not note:
        return act, TEXTS["empty"]
    if name == "assign" and act.officer_id is None and department is None:
        return act, "请选转给谁。"
    return act, ""


async def _do_one(request: web.Request, act: BulkAct, ticket_no: str) -> None:
    visit, parts = request[VISIT], services(request)
    async with parts.database.transaction() as session:
        ticket = await find_ticket(session, ticket_no)
        if not visit.reach.covers(ticket):
            raise TicketNotFound(ticket_no)
        await act.do(parts.tickets(session, visit.now), ticket.ticket_no, visit.actor)


def _reasons(refused: dict[str, str]) -> str:
    if not refused:
        return ""
    told = "；".join(f"{number}：{why.rstrip('。')}" for number, why in list(refused.items())[:MAX_REASONS])
    more = "等" if len(refused) > MAX_REASONS else ""
    return f"{len(refused)}张没有办成。{told}{more}。"
