"""How a reply looks on WeChat: bodies of customer-service messages, and the text of a passive reply."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.channels.pieces import split_text, utf8_bytes
from bot.texts import text
from bot.texts.zh import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from actions.base import Outgoing

    Body = dict[str, Any]

MAX_TEXT_BYTES = 2048
# The words over a menu; longer ones go out as a text before it.
MAX_HEAD_BYTES = 600
# What the platform's kinds of template fields take.
_FIELD_KIND = re.compile(r"([a-z_]+?)\d*$")
_EMOJI = re.compile("[\U00010000-\U0010ffff\u2600-\u27bf\ufe0f\u200d]")


def bodies(content: Outgoing, message_id: int, *, words: str) -> list[Body]:
    """The messages that say it, in order.

    Args:
        words: what to say instead of `content.text`: with the link of a file, with who speaks.
    """
    if content.kind == "location_request":
        words = f"{words}\n{text('wechat_location_hint')}"
    buttons = shown_buttons(content)
    if not buttons:
        return [text_body(piece) for piece in split_text(words, MAX_TEXT_BYTES, utf8_bytes)]
    before: list[Body] = []
    head = words
    if utf8_bytes(words) > MAX_HEAD_BYTES:
        before = [text_body(piece) for piece in split_text(words, MAX_TEXT_BYTES, utf8_bytes)]
        head = text("wechat_choose")
    return [*before, menu_body(head, buttons, message_id)]


def shown_buttons(content: Outgoing) -> list[tuple[str, str]]:
    """Label and payload of the buttons, the articles' own words among them."""
    buttons = list(content.buttons)
    # The table of a decision's days has no card of its own to look up.
    if content.card and content.card["id"] and content.card["citations"]:
        buttons.insert(0, (LABELS["button_law"], f"consult:law:{content.card['id']}"))
    return buttons


def text_body(words: str) -> Body:
    """A text."""
    return {"msgtype": "text", "text": {"content": words}}


def image_body(media_id: str) -> Body:
    """A photo that was uploaded."""
    return {"msgtype": "image", "image": {"media_id": media_id}}


def menu_body(head: str, buttons: list[tuple[str, str]], message_id: int) -> Body:
    """Words with choices to tap. What comes back is the id: which message, which button."""
    choices = [
        {"id": f"{message_id}-{number}", "content": label} for number, (label, _) in enumerate(buttons)
    ]
    return {"msgtype": "msgmenu", "msgmenu": {"head_content": head, "list": choices, "tail_content": ""}}


def as_plain(body: Mapping[str, Any]) -> str:
    """A menu for an account that may not send one: numbered, to be answered by the number."""
    menu = body["msgmenu"]
    lines = [f"{number}. {choice['content']}" for number, choice in enumerate(menu["list"], start=1)]
    return "\n".join((menu["head_content"], *lines, text("wechat_numbers")))


def template_data(fields: Mapping[str, str], news: Mapping[str, str], at: datetime) -> Body:
    """The fields of a template message.

    Args:
        fields: what each of ours (ticket_no, status, text, time) is called in the template.
        news: ticket_no, status and text.
        at: in China's time.
    """
    values = {**news, "time": at.strftime("%Y-%m-%d %H:%M")}
    return {name: {"value": _fitting(name, values[ours])} for ours, name in fields.items() if ours in values}


def _fitting(name: str, value: str) -> str:
    """Cut to what the kind of field takes; the platform refuses the whole message otherwise."""
    found = _FIELD_KIND.match(name)
    kind = found[1] if found else ""
    plain = " ".join(_EMOJI.sub("", value).split())
    if kind == "phrase":
        return "".join(re.findall(r"[\u4e00-\u9fff]", plain))[:5]
    longest = {"thing": 20, "character_string": 32, "time": 32, "number": 32}.get(kind, 100)
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"
