"""办理进度: where a ticket stands, told to its owner only; and adding to it, withdrawing it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from actions import rating
from actions.base import Button, Reply
from actions.tickets_told import view_params
from actions.words import wants_to_cancel
from tickets.errors import TicketNotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from actions.base import Turn
    from tickets.service import TicketView

TICKET_NO = re.compile(r"[A-Za-z]{2}\d{8}-?\d{4,}")
# Wrong receipt codes that one conversation may try before it has to wait for a person.
MAX_WRONG_CODES = 5
MAX_LISTED = 5
CANCEL = Button("button_cancel", "status:cancel")


async def start(turn: Turn) -> list[Reply]:
    """Show the ticket that was named, or this conversation's tickets, or ask for the number."""
    if ticket_no := _ticket_no(turn):
        return await _show(turn, ticket_no)
    own = await turn.tickets.tickets_of(turn.conversation_id)
    if len(own) == 1:
        return [_view(own[0])]
    if own:
        buttons = tuple(
            Button("button_ticket", f"status:show:{view.ticket_no}", view_params(view))
            for view in own[:MAX_LISTED]
        )
        return [Reply("status_choose", {"count": len(own)}, buttons)]
    turn.state["flow"] = {"name": "status"}
    return [Reply("status_ask_number", buttons=(CANCEL,))]


async def on_button(turn: Turn, rest: str) -> list[Reply]:
    """A verb and mostly a ticket number: `show:<no>`, `urge:<no>` ..., `cancel`."""
    verb, _, ticket_no = rest.partition(":")
    return await VERBS.get(verb, _show)(turn, ticket_no)


async def _cancel(turn: Turn, ticket_no: str) -> list[Reply]:
    turn.state.pop("flow", None)
    return [Reply("status_cancelled")]


async def _ask_words(turn: Turn, ticket_no: str) -> list[Reply]:
    turn.state["flow"] = {"name": "status", "add_to": ticket_no}
    return [Reply("status_add_ask", {"ticket_no": ticket_no}, (CANCEL,))]


async def _ask_withdrawal(turn: Turn, ticket_no: str) -> list[Reply]:
    buttons = (
        Button("button_withdraw_yes", f"status:withdraw!:{ticket_no}"),
        Button("button_keep", f"status:show:{ticket_no}"),
    )
    return [Reply("status_withdraw_confirm", {"ticket_no": ticket_no}, buttons)]


async def _withdraw(turn: Turn, ticket_no: str) -> list[Reply]:
    await turn.tickets.withdraw(ticket_no, conversation_id=turn.conversation_id)
    return [Reply("notice_status_withdrawn", {"ticket_no": ticket_no, "note": ""})]


async def _urge(turn: Turn, ticket_no: str) -> list[Reply]:
    await turn.aftercare.urge(ticket_no, conversation_id=turn.conversation_id)
    return [Reply("status_urged", {"ticket_no": ticket_no})]


async def _photos(turn: Turn, ticket_no: str) -> list[Reply]:
    """The photos of the place afterwards."""
    view = await turn.tickets.status_for(ticket_no, conversation_id=turn.conversation_id)
    return _after_photos(view) or [_view(view)]


async def _follow(turn: Turn, ticket_no: str) -> list[Reply]:
    """Follow another citizen's ticket in place of filing the same; only one that was offered in this
    conversation.
    """
    if ticket_no not in turn.state.get("offered", ()):
        raise TicketNotFound(ticket_no)
    await turn.duplicates.follow(ticket_no, conversation_id=turn.conversation_id)
    turn.state.pop("flow", None)
    return [
        Reply(
            "status_following",
            {"ticket_no": ticket_no},
            (Button("button_ticket_status", f"status:show:{ticket_no}"),),
        )
    ]


async def _show_with_proof(turn: Turn, rest: str) -> list[Reply]:
    """A link was opened that carries the number and the receipt code."""
    ticket_no, _, code = rest.partition(":")
    turn.state.setdefault("flow", {"name": "status", "ticket_no": ticket_no})
    return await _show_by_code(turn, ticket_no, code)


VERBS: dict[str, Callable[[Turn, str], Awaitable[list[Reply]]]] = {
    "cancel": _cancel,
    "code": _show_with_proof,
    "add": _ask_words,
    "withdraw": _ask_withdrawal,
    "withdraw!": _withdraw,
    "urge": _urge,
    "follow": _follow,
    "photos": _photos,
}


async def on_message(turn: Turn) -> list[Reply]:
    """The flow is under way: a ticket number, a receipt code, or words to add to a ticket."""
    flow = turn.state["flow"]
    if wants_to_cancel(turn):
        turn.state.pop("flow")
        return [Reply("status_cancelled")]
    if ticket_no := flow.get("add_to"):
        return await _add(turn, ticket_no)
    if ticket_no := _ticket_no(turn):
        return await _show(turn, ticket_no)
    if ticket_no := flow.get("ticket_no"):
        return await _show_by_code(turn, ticket_no, turn.text.strip().upper())
    turn.state.pop("flow")
    return [Reply("status_no_number", buttons=(Button("button_status", "menu:status"),))]


def _ticket_no(turn: Turn) -> str | None:
    """The ticket number in the message, in its canonical form."""
    found = TICKET_NO.search(turn.text)
    if not found:
        return None
    number = found.group().upper()
    return number if "-" in number else f"{number[:10]}-{number[10:]}"


async def _show(turn: Turn, ticket_no: str) -> list[Reply]:
    """Without proof from this conversation, ask for the receipt code; the same for a number that doesn't
    exist.
    """
    try:
        view = await turn.tickets.status_for(ticket_no, conversation_id=turn.conversation_id)
    except TicketNotFound:
        turn.state["flow"] = {"name": "status", "ticket_no": ticket_no}
        return [Reply("status_ask_code", {"ticket_no": ticket_no}, (CANCEL,))]
    turn.state.pop("flow", None)
    return [_view(view)]


async def _show_by_code(turn: Turn, ticket_no: str, code: str) -> list[Reply]:
    wrong = turn.state.get("wrong_codes", {})
    day = turn.now.date().isoformat()
    if wrong.get("day") == day and wrong["count"] >= MAX_WRONG_CODES:
        _end(turn)
        return [Reply("status_too_many_codes", buttons=(Button("button_human", "menu:human"),))]
    try:
        view = await turn.tickets.status_for(ticket_no, receipt_code=code)
    except TicketNotFound:
        count = wrong["count"] + 1 if wrong.get("day") == day else 1
        turn.state["wrong_codes"] = {"day": day, "count": count}
        return [Reply("status_wrong_code", {"ticket_no": ticket_no}, (CANCEL,))]
    _end(turn)
    # Whoever comes with a code reads; what changes the ticket belongs to the conversation it came from.
    return [Reply("status_view", view_params(view)), *_after_photos(view)]


def _end(turn: Turn) -> None:
    """Leave this flow; another one that is under way goes on."""
    if turn.state.get("flow", {}).get("name") == "status":
        turn.state.pop("flow")


async def _add(turn: Turn, ticket_no: str) -> list[Reply]:
    message = turn.message
    if not turn.text and not message.photos and not message.recordings:
        return [Reply("status_add_ask", {"ticket_no": ticket_no}, (CANCEL,))]
    left_out = await turn.tickets.add_citizen_message(
        ticket_no,
        message.text,
        conversation_id=turn.conversation_id,
        photos=message.photos,
        recordings=message.recordings,
    )
    turn.state.pop("flow")
    more = (Button("button_add_more", f"status:add:{ticket_no}"),)
    full = [Reply("status_photos_full", {"count": left_out})] if left_out else []
    return [*full, Reply("status_added", {"ticket_no": ticket_no}, more)]


def _after_photos(view: TicketView) -> list[Reply]:
    """Each photo of the place afterwards as a message of its own."""
    count = len(view.after_photos)
    return [
        Reply(
            "notice_after_photo",
            {"ticket_no": view.ticket_no, "number": number, "count": count},
            kind="photo",
            photo=sha256,
        )
        for number, sha256 in enumerate(view.after_photos, 1)
    ]


def _view(view: TicketView) -> Reply:
    """Where it stands, and what its owner can do about it; a closed ticket that nobody has rated yet asks for
    that.
    """
    params = view_params(view)
    photos = (Button("button_after_photos", f"status:photos:{view.ticket_no}"),) if view.after_photos else ()
    if view.is_open:
        buttons = (
            Button("button_add", f"status:add:{view.ticket_no}"),
            Button("button_urge", f"status:urge:{view.ticket_no}"),
            Button("button_withdraw", f"status:withdraw:{view.ticket_no}"),
        )
        return Reply("status_view", params, (*buttons, *photos))
    if not view.may_reopen:
        return Reply("status_view", params, photos)
    if view.rating is not None:
        return Reply("status_view", params, (rating.unsolved_button(view.ticket_no), *photos))
    return Reply("status_view", params, (*rating.buttons(view.ticket_no), *photos), kind="rating")
