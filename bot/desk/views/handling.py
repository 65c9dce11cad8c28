"""One ticket, to change: reply, note, status, assignment.

Each change is one transaction of `TicketService`. One that is refused shows the ticket as it is now, says
why, and keeps what was typed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.desk.context import FORM, VISIT, Visit, see_other, services, wake_outbox
from bot.desk.enclosed import checked_files, chosen_photos, read_enclosed, store_photos
from bot.desk.errors import TEXTS, NotYourTicket, text_for
from bot.desk.forms import MAX_TEXT_LENGTH
from bot.desk.permissions import Permission
from bot.desk.reach import ticket_within_reach
from bot.desk.views.previewing import reply_previews
from bot.desk.views.reviews import needs_review, submit_for_review
from bot.desk.views.ticket import Draft, filled_template, show_ticket
from tickets.duty import DutyDesk, may_pass_on
from tickets.enclosures import Enclosures
from tickets.errors import ActorNotAllowed, BotError, TicketNotFound
from tickets.service import TicketService
from tickets.workflow import ALLOWED, Status

Work = Callable[[TicketService, str, int | None], Awaitable[None]]


class TextTooLong(BotError):
    """More than a message can carry."""

    code = "too_long"
    reply_key = "too_long"


class NothingWritten(BotError):
    """An empty form."""

    code = "empty"
    reply_key = "empty"


async def reply(request: web.Request) -> web.StreamResponse:
    """Send a public reply; other values of `action` show the page with a preview or a template put in."""
    form = request[FORM]
    text, action = form.text("text"), form.text("action")
    if action == "template":
        chosen = await filled_template(request, form.number("template") or 0)
        return await show_ticket(request, draft=Draft(reply=f"{text}\n{chosen}".strip()[:MAX_TEXT_LENGTH]))
    draft = Draft(reply=text[:MAX_TEXT_LENGTH])
    # Photos of an answer that closes show the place afterwards.
    if action == "resolve" and (refused := await keep_after_photos(request)):
        return await show_ticket(request, draft=draft, problem=refused, status=409)
    if problem := _text_problem(request, text):
        return await show_ticket(request, draft=draft, problem=text_for(problem), status=_status_for(problem))
    if action == "preview":
        return await show_ticket(request, draft=draft, previews=await reply_previews(request, text))
    if action == "review" or await needs_review(request, text):
        return await _submit(request, text, draft)
    return await _send(request, text, draft, resolves=action == "resolve")


async def _send(request: web.Request, text: str, draft: Draft, *, resolves: bool) -> web.StreamResponse:
    actor = request[VISIT].actor
    try:
        enclosed = Enclosures(files=checked_files(request[FORM])) if resolves else await _enclosed(request)
    except (TicketNotFound, NotYourTicket):
        raise
    except BotError as error:
        return await show_ticket(request, draft=draft, problem=text_for(error), status=_status_for(error))

    async def answer(tickets: TicketService, ticket_no: str, version: int | None) -> None:
        await tickets.reply(ticket_no, text, actor=actor, expected_version=version, enclosed=enclosed)

    async def close(tickets: TicketService, ticket_no: str, version: int | None) -> None:
        await tickets.change_status(
            ticket_no,
            Status.RESOLVED,
            actor=actor,
            note=text,
            expected_version=version,
            files=enclosed.files,
        )

    return await _change(request, close if resolves else answer, draft, "resolved" if resolves else "reply")


async def _enclosed(request: web.Request) -> Enclosures:
    """What goes along with a reply; nothing is stored for a ticket that isn't theirs."""
    if request[FORM].files or request[FORM].photos:
        await _refuse_others(request)
    return await read_enclosed(request)


async def _submit(request: web.Request, text: str, draft: Draft) -> web.StreamResponse:
    """Hand a reply in for legal review instead of sending it."""
    if request[FORM].files:
        return await show_ticket(request, draft=draft, problem=TEXTS["review_without_files"], status=409)
    try:
        await submit_for_review(request, text)
    except (TicketNotFound, NotYourTicket):
        raise
    except BotError as error:
        return await show_ticket(request, draft=draft, problem=text_for(error), status=_status_for(error))
    raise see_other(f"/tickets/{request.match_info['ticket_no']}?done=review")


async def note(request: web.Request) -> web.StreamResponse:
    """Keep a note that only the bureau reads. It can't overwrite anything, so it needs no version."""
    visit, text = request[VISIT], request[FORM].text("text")
    draft = Draft(note=text[:MAX_TEXT_LENGTH])
    problem = _text_problem(request, text)
    if problem is not None:
        return await show_ticket(request, draft=draft, problem=text_for(problem), status=_status_for(problem))

    async def work(tickets: TicketService, ticket_no: str, _version: int | None) -> None:
        await tickets.add_note(ticket_no, text, actor=visit.actor)

    return await _change(request, work, draft, "note")


async def status(request: web.Request) -> web.StreamResponse:
    """Move the ticket; the citizen is told, and reads the note."""
    form, visit = request[FORM], request[VISIT]
    text = form.text("note")
    draft = Draft(status_note=text[:MAX_TEXT_LENGTH])
    if form.is_too_long(text):
        return await show_ticket(request, draft=draft, problem=TEXTS["too_long"], status=413)
    if refused := await keep_after_photos(request):
        return await show_ticket(request, draft=draft, problem=refused, status=409)
    new = form.text("status")
    if new == "photos":
        if not form.photos:
            return await show_ticket(request, draft=draft, problem=TEXTS["no_photo"], status=409)
        raise see_other(f"/tickets/{request.match_info['ticket_no']}?done=photos")
    if new not in set(Status):
        return await show_ticket(request, draft=draft, problem=TEXTS["transition_not_allowed"], status=409)

    async def work(tickets: TicketService, ticket_no: str, version: int | None) -> None:
        await tickets.change_status(
            ticket_no, Status(new), actor=visit.actor, note=text, expected_version=version
        )

    return await _change(request, work, draft, "status")


async def keep_after_photos(request: web.Request) -> str:
    """Keep the form's photos of the place afterwards, whatever becomes of the rest of it. Returns what was
    wrong, "" if nothing was.
    """
    form, visit, parts = request[FORM], request[VISIT], services(request)
    if form.has_large_photo:
        return TEXTS["photo_too_large"]
    photos = chosen_photos(form)
    if not photos:
        return ""
    await _refuse_others(request)
    try:
        stored = await store_photos(request, photos)
        async with parts.database.transaction() as session:
            tickets = parts.tickets(session, visit.now)
            await tickets.add_after_photos(request.match_info["ticket_no"], stored, actor=visit.actor)
    except BotError as error:
        return text_for(error)
    return ""


async def _refuse_others(request: web.Request) -> None:
    """Raises: TicketNotFound; NotYourTicket."""
    async with services(request).database.reading() as session:
        await ticket_within_reach(request, session)


async def assign(request: web.Request) -> web.StreamResponse:
    """Give the ticket to a unit, or to an officer of its unit; an adviser passes a question on."""
    form, visit = request[FORM], request[VISIT]
    text = form.text("note")[:MAX_TEXT_LENGTH]
    department = form.text("department") or None
    may_move = visit.may(Permission.ASSIGN_DEPARTMENT)

    async def work(tickets: TicketService, ticket_no: str, version: int | None) -> None:
        ticket = await tickets.find(ticket_no)
        moves_away = department not in (None, ticket.department)
        if department and moves_away and not may_move and may_pass_on(tickets.routing, ticket, visit.actor):
            duty = tickets.bound(DutyDesk)
            await duty.pass_on(ticket_no, department, text, actor=visit.actor, expected_version=version)
            return
        moves_away = moves_away and may_move
        await tickets.assign(
            ticket_no,
            department=department if may_move else None,
            # An officer of the old unit can't keep it.
            officer_id=None if moves_away else form.number("officer_id"),
            actor=visit.actor,
            note=text,
            expected_version=version,
        )

    return await _change(request, work, Draft(assign_note=text), "assign")


async def take(request: web.Request) -> web.StreamResponse:
    """The officer takes the ticket upon themselves, and begins with it if they say so."""
    visit, begins = request[VISIT], request[FORM].text("begin") == "1"

    async def work(tickets: TicketService, ticket_no: str, version: int | None) -> None:
        await tickets.assign(
            ticket_no, officer_id=visit.officer.id, actor=visit.actor, expected_version=version
        )
        ticket = await tickets.find(ticket_no)
        if begins and Status.IN_PROGRESS in ALLOWED[ticket.status]:
            await tickets.change_status(ticket_no, Status.IN_PROGRESS, actor=visit.actor)

    return await _change(request, work, Draft(), "begun" if begins else "take")


async def _change(request: web.Request, work: Work, draft: Draft, done: str) -> web.StreamResponse:
    visit, ticket_no = request[VISIT], request.match_info["ticket_no"]
    try:
        still_theirs = await _in_one_transaction(request, visit, ticket_no, work)
    except (TicketNotFound, NotYourTicket):
        raise
    except BotError as error:
        return await show_ticket(request, draft=draft, problem=text_for(error), status=_status_for(error))
    wake_outbox(request)
    if not still_theirs:
        raise see_other(f"/?done={done}")
    raise see_other(f"/tickets/{ticket_no}?done={done}")


async def _in_one_transaction(request: web.Request, visit: Visit, ticket_no: str, work: Work) -> bool:
    parts = services(request)
    async with parts.database.transaction() as session:
        ticket = await ticket_within_reach(request, session)
        await work(parts.tickets(session, visit.now), ticket_no, request[FORM].number("version"))
        return visit.reach.covers(ticket)


def _text_problem(request: web.Request, text: str) -> BotError | None:
    if request[FORM].is_too_long(text):
        return TextTooLong()
    return None if text else NothingWritten()


def _status_for(error: BotError) -> int:
    if isinstance(error, TextTooLong):
        return 413
    return 403 if isinstance(error, ActorNotAllowed) else 409
