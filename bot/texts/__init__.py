"""From a reply's key and parameters to the words that a citizen reads."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actions import rating
from actions.base import Button, Outgoing, Reply
from bot.privacy import mask
from bot.texts.compose import COMPOSERS, card_content
from bot.texts.zh import LABELS, NEWS, TEXTS
from tickets.workflow import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.base import File

_WITH_CODE = {"report_filed", "handoff_filed", "live_filed"}
_RECEIPT_CODE = re.compile(r"查询码：[^\n]*")
# What is said when a person talks, and whether one does after it; None: as before.
LIVE: dict[str, bool | None] = {
    "live_begun": True,
    "live_said": True,
    "live_photo": True,
    "live_file": True,
    "live_filed": True,
    "live_ended": False,
    "live_silent": False,
    "live_left": False,
    "live_waiting": None,
    "live_closed": None,
}
# What an officer sends along is a message of its own: its kind, which names the parameter, too.
_ENCLOSED = {
    "notice_after_photo": "photo",
    "notice_reply_photo": "photo",
    "notice_reply_file": "file",
    "live_photo": "photo",
    "live_file": "file",
}
_NOTICES_WITH_ADD = {"notice_reply", "notice_status_awaiting_citizen"}


def render(reply: Reply) -> Outgoing:
    """Put a reply into words.

    Raises: KeyError for an unknown key or a missing parameter; the texts' own test goes through all of them.
    """
    params = {**reply.params, **COMPOSERS[reply.key](reply)} if reply.key in COMPOSERS else reply.params
    words = params["whole"] if "whole" in params else TEXTS[reply.key].format_map(params)
    buttons = tuple(
        (LABELS[button.key].format_map(button.params), button.payload) for button in reply.buttons
    )
    card = card_content(reply.answer, reply.articles) if reply.answer is not None else params.get("card")
    return Outgoing(words.strip(), buttons, reply.kind, card, reply.key, _described(reply.file), reply.photo)


def _described(file: File | None) -> dict[str, Any] | None:
    """What a message says of its file; the bytes are stored apart."""
    if file is None:
        return None
    return {
        "name": file.name,
        "media_type": file.media_type,
        "size": len(file.content),
        "sha256": hashlib.sha256(file.content).hexdigest(),
    }


def render_notice(key: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a message that casework posts on its own: about a ticket (a reply, a new status), or of
    a talk with a person.
    """
    if kind := _ENCLOSED.get(key):
        words = {**params, "name": params[kind]["name"]} if kind == "file" else params
        told = render(Reply(key, words, kind=kind))
        return replace(told, photo=params.get("photo"), file=params.get("file")).as_json()
    if key in LIVE:
        leave = (Button("button_live_leave", "live:leave"),) if key == "live_begun" else ()
        return render(Reply(key, params, leave)).as_json()
    ticket_no = params["ticket_no"]
    if params.get("is_bystander"):
        return _for_bystanders(key, params)
    buttons = [Button("button_ticket_status", f"status:show:{ticket_no}")]
    if key in _NOTICES_WITH_ADD:
        buttons.insert(0, Button("button_add", f"status:add:{ticket_no}"))
    kind = "progress"
    if key == "notice_status_resolved" and not params.get("is_followed"):
        kind, buttons = "rating", list(rating.buttons(ticket_no))
    told = render(Reply(key, params, tuple(buttons), kind=kind))
    return replace(told, progress={"ticket_no": ticket_no, "status": _news_word(key)}).as_json()


def _for_bystanders(key: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """News for somebody who merely follows a ticket."""
    own = key.replace("notice_status", "bystander")
    buttons = [Button("button_ticket_status", f"status:show:{params['ticket_no']}")]
    if key == "notice_status_withdrawn":
        buttons = [Button("button_report", "menu:report")]
    told = render(Reply(own if own in TEXTS else key, params, tuple(buttons), kind="progress"))
    news = {"ticket_no": params["ticket_no"], "status": _news_word(key)}
    return replace(told, progress=news).as_json()


def _news_word(key: str) -> str:
    """What a notice is about in a word, for channels that tell news in a form of their own."""
    status = key.removeprefix("notice_status_")
    return Status(status).label if status in {*Status} else NEWS.get(key, NEWS[""])


def for_officers(content: Mapping[str, Any]) -> str:
    """The words of a message as officers may read them: without the receipt code, which is the citizen's
    proof.
    """
    words = str(content.get("label") or content.get("text") or "")
    return (
        _RECEIPT_CODE.sub(TEXTS["receipt_code_hidden"], words) if content.get("key") in _WITH_CODE else words
    )


def words_for_file(content: Mapping[str, Any]) -> str:
    """The words of a message as they stand in a case file: without the receipt code and personal data."""
    return mask(for_officers(content))


def text(key: str, **params: Any) -> str:
    """A plain text without buttons."""
    return TEXTS[key].format_map(params)
