"""One ticket, to read: what it is, its time line, what fits, and what may be done with it now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot import dates
from bot.config import Settings
from bot.desk.cards import fitting_law
from bot.desk.context import ROOT, VISIT, Visit, services
from bot.desk.due import due_mark
from bot.desk.enclosed import ACCEPT
from bot.desk.permissions import Permission, Scope
from bot.desk.previews import CHANNELS, Preview
from bot.desk.reach import check_reach, ticket_within_reach
from bot.desk.render import page
from bot.desk.reply_templates import filled_templates
from bot.desk.timeline import timeline
from bot.desk.waits import wait_mark
from bot.files import download
from bot.services import Services, read_photo
from bot.typedefs import SETTINGS
from tickets.categories import CATEGORIES
from tickets.desk_queries import Said, TicketFile, colleagues, follower_count, has_photo, ticket_file
from tickets.duplicates import Duplicates
from tickets.duty import may_pass_on
from tickets.errors import ConversationNotFound
from tickets.files import read_file_of
from tickets.legal_review import DraftRow, LegalReview
from tickets.live_queries import TalkFile, talk_file
from tickets.models import DraftState, Officer, Purpose, ReporterMode, Ticket
from tickets.own_templates import own_templates
from tickets.photos import MEDIA_TYPE
from tickets.publication import is_published
from tickets.recordings import recording_for
from tickets.service import may_give_away
from tickets.units import reached_at
from tickets.workflow import NOT_BEGUN, ActorKind, Status, moves_for, needs_note

DONE = {
    "released": "照片已对外公开。",
    "hidden": "照片已收回，不再对外公开。",
    "reply": "回复已发出。",
    "note": "备注已保存，只有工作人员能看到。",
    "status": "已办理，诉求人会收到通知。",
    "assign": "已转办。",
    "begun": "已接手并开始办理，诉求人会收到通知。",
    "resolved": "答复已发出，工单已办结。",
    "take": "已接手，这张工单现在归您办理。",
    "review": "已送法制审核。通过以后答复才会发给诉求人。",
    "withdrawn": "送审的答复已撤回，可以改好再送。",
    "applied": "申请已提交，等督办人员审定。办理期限照常计算。",
    "supervised": "已列入督办。",
    "category": "诉求类别已更正。",
    "merged": "已并单，两边的诉求人都会收到通知。",
    "split": "已拆开，这张工单重新单独办理。",
    "photos": "照片已保存，办结时会一起发给诉求人。",
}
# What the buttons say: an act, where the status names a state.
MOVE_LABELS = {
    Status.ACCEPTED: "受理",
    Status.ASSIGNED: "转交承办",
    Status.IN_PROGRESS: "开始办理",
    Status.AWAITING_CITIZEN: "请诉求人补充",
    Status.RESOLVED: "办结",
    Status.CLOSED: "归档",
    Status.REOPENED: "重新办理",
    Status.REJECTED: "不予受理",
}
REPORTER_LABELS = {
    ReporterMode.REAL_NAME: "实名",
    ReporterMode.ANONYMOUS: "匿名",
    ReporterMode.CONFIDENTIAL: "要求保密",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What an officer had typed when a change was refused, so that nothing is lost."""

    reply: str = ""
    note: str = ""
    status_note: str = ""
    assign_note: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A button."""

    status: Status
    label: str
    needs_note: bool


async def ticket_page(request: web.Request) -> web.StreamResponse:
    """The page of one ticket."""
    return await show_ticket(request, notice=DONE.get(request.query.get("done", ""), ""))


async def show_ticket(
    request: web.Request,
    *,
    draft: Draft | None = None,
    problem: str = "",
    previews: Sequence[Preview] = (),
    contact: str | None = None,
    notice: str = "",
    status: int = 200,
) -> web.Response:
    """Render the page, also in answer to a change that was refused.

    Raises: TicketNotFound; NotYourTicket.
    """
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        found = await ticket_file(session, request.match_info["ticket_no"])
        check_reach(visit, found.ticket)
        people = await colleagues(session, found.ticket.department)
        talk = await _talk(session, visit, found.ticket)
        own = await own_templates(session, found.ticket.department)
        duplicates = parts.bound(Duplicates, session, visit.now)
        resting = await duplicates.merged_into(found.ticket)
        merged_into = await session.get(Ticket, found.ticket.merged_into_id or 0)
        followers = await follower_count(session, found.ticket.id)
        reached = await reached_at(session, found.ticket.department)
        drafts = await parts.bound(LegalReview, session, visit.now).drafts_of(found.ticket.id)
    ticket = found.ticket
    town = parts.routing.town(ticket.town)
    facts, moves = _facts(visit, ticket, parts), _moves(visit, ticket)
    await parts.ready()
    return page(
        request,
        "ticket.html",
        status=status,
        ticket=ticket,
        file=found,
        moments=timeline(found.entries, visible_said(visit, found), parts.routing),
        due=due_mark(ticket.status, ticket.due_at, visit.now, parts.calendar, ticket.accept_due_at),
        moves=moves,
        may_resolve=any(move.status is Status.RESOLVED for move in moves),
        reached_at=reached,
        department=parts.routing.department(ticket.department),
        town=town,
        zone=parts.routing.zones.get(town.zone) if town else None,
        followers=followers,
        contact=contact,
        contact_state=_contact_state(visit, ticket),
        reporter=REPORTER_LABELS[ticket.reporter_mode],
        categories=CATEGORIES,
        category_name=CATEGORIES[ticket.category].name if ticket.category in CATEGORIES else ticket.category,
        place_text=str((ticket.place or {}).get("text", "")),
        map_url=_map_url(request.config_dict[SETTINGS], ticket),
        is_public=is_published(ticket),
        law=await asyncio.to_thread(fitting_law, parts.knowledge, ticket, visit.now),
        templates=filled_templates(ticket, facts, own),
        **_photos(found, parts),
        merged_into=merged_into,
        resting=resting,
        powers=parts.powers.shown(ticket.categories, ticket.town, parts.routing),
        may_take_file=visit.may(Permission.CASE_FILE),
        draft=draft or Draft(reply=_returned_text(drafts)),
        answer_draft=drafts[0] if drafts else None,
        problem=problem,
        previews=previews,
        accept=ACCEPT,
        notice=notice,
        now=visit.now,
        **_live(talk, visit, parts),
        **_assignment(visit, ticket, people, parts.routing),
    )


async def _talk(session: AsyncSession, visit: Visit, ticket: Ticket) -> TalkFile | None:
    """The conversation behind the ticket, if this officer may take it over."""
    if ticket.conversation_id is None or not visit.may(Permission.TALK):
        return None
    try:
        return await talk_file(session, ticket.conversation_id, visit.reach)
    except ConversationNotFound:
        return None


def _live(talk: TalkFile | None, visit: Visit, parts: Services) -> dict[str, Any]:
    since = talk.talk.waiting_since if talk and talk.talk else None
    channel = talk.conversation.channel if talk else ""
    return {
        "talk_href": f"{ROOT}/conversations/{talk.conversation.id}" if talk else "",
        "talk_wait": wait_mark(since, visit.now, parts.calendar) if since else None,
        "channel": CHANNELS.get(channel, channel),
    }


def _returned_text(drafts: Sequence[DraftRow]) -> str:
    """An answer that the reviewer returned stands in the form again, to be mended."""
    return drafts[0].draft.text if drafts and drafts[0].draft.state is DraftState.RETURNED else ""


def _photos(found: TicketFile, parts: Services) -> dict[str, Any]:
    """What was photographed when, and whether the ticket still lacks a photo of the place afterwards."""
    by_purpose = {
        purpose: [one.sha256 for one in found.attachments if one.purpose is purpose] for purpose in Purpose
    }
    after = by_purpose[Purpose.AFTER]
    ticket = found.ticket
    return {
        "report_photos": by_purpose[Purpose.REPORT],
        "after_photos": after,
        "lacks_after_photo": not after and parts.routing.needs_after_photo(ticket.kind, ticket.category),
    }


def _facts(visit: Visit, ticket: Ticket, parts: Services) -> dict[str, str]:
    """What reply templates may say."""
    place = str((ticket.place or {}).get("text", ""))
    return {
        "ticket_no": ticket.ticket_no,
        "department": parts.routing.department(ticket.department).name,
        "category": CATEGORIES[ticket.category].name if ticket.category in CATEGORIES else "",
        "place": place or "您说的地方",
        "due_day": dates.day(ticket.due_at) if ticket.due_at else "承诺的期限",
        "officer": visit.officer.display_name,
    }


async def filled_template(request: web.Request, number: int) -> str:
    """The text of the template that was chosen on the page of this ticket; "" if there is none."""
    visit, parts = request[VISIT], services(request)
    async with parts.database.reading() as session:
        ticket = await ticket_within_reach(request, session)
        own = await own_templates(session, ticket.department)
    offered = filled_templates(ticket, _facts(visit, ticket, parts), own)
    return offered[number - 1][1] if 0 < number <= len(offered) else ""


def _moves(visit: Visit, ticket: Ticket) -> list[Move]:
    """The moves of the table; giving to a unit has a form of its own, and so isn't among them."""
    if not visit.may(Permission.WORK_TICKETS) or ticket.merged_into_id is not None:
        return []
    return [
        Move(new, _move_label(ticket.status, new), needs_note(ticket.status, new))
        for new in moves_for(ticket.status, ActorKind.OFFICER, str(visit.officer.role))
        if new is not Status.ASSIGNED
    ]


def _move_label(old: Status, new: Status) -> str:
    if (old, new) == (Status.ASSIGNED, Status.ACCEPTED):
        return "退单"
    if (old, new) == (Status.AWAITING_CITIZEN, Status.IN_PROGRESS):
        return "继续办理"
    return MOVE_LABELS[new]


def visible_said(visit: Visit, found: TicketFile) -> Sequence[Said]:
    """A confidential reporter's conversation stays with the bureau; the unit sees what names the ticket."""
    if found.ticket.reporter_mode is ReporterMode.CONFIDENTIAL and visit.rights.scope is not Scope.ALL:
        return [one for one in found.said if one.message.ticket_id is not None]
    return found.said


def _contact_state(visit: Visit, ticket: Ticket) -> str:
    """What the page says of the contact data, which it never shows by itself: "none", "hidden" or "kept"."""
    if not ticket.contact:
        return "none"
    is_hidden = ticket.reporter_mode is ReporterMode.CONFIDENTIAL and not visit.may(Permission.SUPERVISE)
    return "hidden" if is_hidden or not visit.may(Permission.WORK_TICKETS) else "kept"


def _map_url(settings: Settings, ticket: Ticket) -> str:
    """The operator's map: of the position, else a search for the words. It learns nothing before a click."""
    if ticket.latitude is not None and ticket.longitude is not None:
        return settings.map_url.format(
            latitude=f"{ticket.latitude:.6f}",
            longitude=f"{ticket.longitude:.6f}",
            name=quote(ticket.ticket_no),
        )
    place = str((ticket.place or {}).get("text", "")).strip()
    return settings.map_search_url.format(place=quote(place[:80], safe="")) if place else ""


def _assignment(visit: Visit, ticket: Ticket, people: Any, routing: Any) -> dict[str, Any]:
    # Work on a merged ticket is done on the other one.
    is_worker = visit.may(Permission.WORK_TICKETS) and ticket.is_open and ticket.merged_into_id is None
    may_move = is_worker and (
        may_give_away(routing, ticket.department, visit.actor) or may_pass_on(routing, ticket, visit.actor)
    )
    departments = [one for one in routing.departments() if routing.may_hold(ticket.category, one.code)]
    return {
        "may_work": visit.may(Permission.WORK_TICKETS),
        "may_assign": is_worker,
        "may_hand_back": is_worker and ticket.status in NOT_BEGUN and not visit.may(Permission.SUPERVISE),
        "may_extend": is_worker and ticket.due_at is not None and ticket.status is not Status.SUBMITTED,
        "may_supervise": is_worker and visit.may(Permission.SUPERVISE) and ticket.supervised_at is None,
        "may_begin": is_worker and ticket.status is not Status.IN_PROGRESS,
        "may_take": is_worker and ticket.officer_id != visit.officer.id and _may_hold(visit.officer, ticket),
        "departments": departments if may_move else [],
        "other_units": [one for one in departments if one.code != ticket.department],
        "may_change_category": is_worker and visit.may(Permission.SUPERVISE),
        "people": people if is_worker else [],
    }


def _may_hold(officer: Officer, ticket: Ticket) -> bool:
    return officer.department in (None, ticket.department)


async def photo(request: web.Request) -> web.StreamResponse:
    """A photo of a ticket that the officer may see."""
    parts, sha256 = services(request), request.match_info["sha256"]
    async with parts.database.reading() as session:
        ticket = await ticket_within_reach(request, session)
        is_there = await has_photo(session, ticket, sha256)
    return photo_response(await read_photo(parts, sha256) if is_there else None)


def photo_response(content: bytes | None) -> web.Response:
    """A photo for the officer who may see it. Raises: HTTPNotFound, without one."""
    if content is None:
        raise web.HTTPNotFound
    headers = {"Cache-Control": "private, max-age=3600", "Content-Disposition": "inline"}
    return web.Response(body=content, content_type=MEDIA_TYPE, headers=headers)


async def file(request: web.Request) -> web.StreamResponse:
    """A file that an officer sent in a reply to the ticket."""
    visit, parts, sha256 = request[VISIT], services(request), request.match_info["sha256"]
    async with parts.database.reading() as session:
        found = await ticket_file(session, request.match_info["ticket_no"])
        check_reach(visit, found.ticket)
        return await sent_file(session, parts, visible_said(visit, found), sha256)


async def sent_file(
    session: AsyncSession, parts: Services, said: Sequence[Said], sha256: str
) -> web.StreamResponse:
    """A file among what an officer may see of a conversation.

    Raises: HTTPNotFound, if it isn't, or is gone.
    """
    for one in said:
        if (one.message.content.get("file") or {}).get("sha256") == sha256:
            return download(await read_file_of(session, parts.vault, one.message.conversation_id, sha256))
    raise web.HTTPNotFound


async def recording(request: web.Request) -> web.StreamResponse:
    """A voice message of a ticket that the officer may see."""
    parts = services(request)
    async with parts.database.reading() as session:
        ticket = await ticket_within_reach(request, session)
        sound = await recording_for(session, parts.vault, ticket, request.match_info["sha256"])
    if sound is None:
        raise web.HTTPNotFound
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": "inline"}
    return web.Response(body=sound.content, headers={**headers, "Content-Type": sound.media_type})
