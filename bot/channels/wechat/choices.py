"""Which button a tap on a menu, or a number typed under one, stands for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from actions.base import Message, Outgoing
from bot.channels.wechat.view import shown_buttons
from tickets import transcript
from tickets.models import Sender

if TYPE_CHECKING:
    from tickets.database import Database
    from tickets.models import Message as StoredMessage

_MENU_ID = re.compile(r"(\d{1,18})-(\d{1,3})")
_NUMBER = re.compile(r"\s*(\d{1,2})\s*")
# A number answers one of the last messages, not something from last week.
_LOOKED_BACK = 6


async def with_choice(database: Database, message: Message, menu_id: str) -> Message:
    """The message as a pressed button, if it is one; else as it is.

    Args:
        menu_id: `bizmsgmenuid` of the push, "" if it has none.
    """
    tapped, typed = _MENU_ID.fullmatch(menu_id), _NUMBER.fullmatch(message.text)
    if not tapped and not typed:
        return message
    async with database.reading() as session:
        conversation_id = await transcript.conversation_id_at(session, message.channel, message.address)
        if conversation_id is None:
            return message
        if tapped:
            wanted = int(tapped[1])
            said = await transcript.history(session, conversation_id, after=wanted - 1, limit=1)
            found = _button(said[0], int(tapped[2])) if said and said[0].id == wanted else None
        else:
            said = await transcript.history(session, conversation_id, limit=_LOOKED_BACK)
            found = _last_button(said, int(typed[1]) - 1) if typed else None
    if found is None:
        return message
    label, payload = found
    return replace(message, text="", payload=payload, label=label)


def _last_button(said: object, index: int) -> tuple[str, str] | None:
    """The button of that place under the last of our messages, if it has buttons."""
    for message in reversed(list(said)):  # type: ignore[call-overload]  # a sequence of messages
        if message.sender is not Sender.CITIZEN:
            return _button(message, index)
    return None


def _button(message: StoredMessage, index: int) -> tuple[str, str] | None:
    if message.sender is Sender.CITIZEN:
        return None
    buttons = shown_buttons(Outgoing.from_json(message.content))
    return buttons[index] if 0 <= index < len(buttons) else None
