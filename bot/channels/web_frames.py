"""The frames of the chat's WebSocket: what a page may send, checked, and what it is sent; JSON objects.

From the page: message, button, location (each with a `client_id`, the same in a resend), seen, older, typing,
ping. To the page: hello, history, message, ack, seen, read, typing, error, pong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actions.base import MAX_PAYLOAD_BYTES, Location, Message
from bot.channels.web_texts import web_text
from bot.texts import LIVE
from tickets.columns import storable
from tickets.models import Message as StoredMessage

CHANNEL_NAME = "web"
# The page refuses above 4,000, where a reader would lose the thread anyway; the server is more patient.
MAX_PAGE_TEXT = 4_000
MAX_TEXT = 10_000
# Every character of the longest text as a JSON escape, twice over. More than this and the socket is closed.
MAX_FRAME_BYTES = 256 * 1024
MAX_LABEL = 200
_MAX_ID = 2**63 - 1
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class FrameRefused(Exception):
    """A frame that can't be taken as it is, ever.

    Attributes:
        text_key: of the sentence in `web_texts` for the citizen.
        client_id: of the message concerned, if that could be read.
    """

    def __init__(self, text_key: str, client_id: str | None = None) -> None:
        super().__init__(text_key)
        self.text_key = text_key
        self.client_id = client_id


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest message that the citizen has had on screen."""

    message_id: int


@dataclass(frozen=True, slots=True)
class Older:
    """The page asks for what was said before that message."""

    before: int


@dataclass(frozen=True, slots=True)
class Ping:
    """The page asks whether the connection still carries."""


@dataclass(frozen=True, slots=True)
class Typing:
    """The citizen is writing to an officer."""


ClientFrame = Message | Seen | Older | Ping | Typing


def read_frame(raw: str, address: str) -> ClientFrame:
    """Check one frame from a page whose conversation is at `address`.

    Raises: FrameRefused.
    """
    try:
        frame = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise FrameRefused("bad_frame") from error
    if not isinstance(frame, dict):
        raise FrameRefused("bad_frame")
    frame = storable(frame)
    reader = _READERS.get(frame["type"]) if isinstance(frame.get("type"), str) else None
    if reader is None:
        raise FrameRefused("bad_frame", _any_client_id(frame))
    return reader(frame, address)


def compose(address: str, client_id: str, **parts: Any) -> Message:
    """A message of this channel. `client_id` comes from outside and has been checked by `is_client_id`."""
    return Message(channel=CHANNEL_NAME, address=address, update_id=client_id, **parts)


def is_client_id(value: object) -> bool:
    """Whether the value can serve as a message's own id."""
    return isinstance(value, str) and _CLIENT_ID.fullmatch(value) is not None


def check_text(text: str, client_id: str | None = None) -> str:
    """The text, if it has anything in it and isn't longer than `MAX_TEXT`.

    Raises: FrameRefused.
    """
    if not text.strip():
        raise FrameRefused("empty", client_id)
    if len(text) > MAX_TEXT:
        raise FrameRefused("too_long", client_id)
    return text


def check_button(payload: str, label: str, client_id: str | None = None) -> dict[str, str]:
    """The parts of a message that a button makes.

    Raises: FrameRefused.
    """
    if not payload or len(payload.encode()) > MAX_PAYLOAD_BYTES or len(label) > MAX_LABEL:
        raise FrameRefused("bad_frame", client_id)
    return {"payload": payload, "label": label or payload}


def _any_client_id(frame: Mapping[str, Any]) -> str | None:
    client_id = frame.get("client_id")
    return client_id if is_client_id(client_id) else None


def _client_id(frame: Mapping[str, Any]) -> str:
    client_id = _any_client_id(frame)
    if client_id is None:
        raise FrameRefused("bad_frame")
    return client_id


def _string(frame: Mapping[str, Any], name: str) -> str:
    value = frame.get(name)
    if not isinstance(value, str):
        raise FrameRefused("bad_frame", _any_client_id(frame))
    return value


def _id(frame: Mapping[str, Any], name: str) -> int:
    value = frame.get(name)
    if type(value) is not int or not 0 < value <= _MAX_ID:
        raise FrameRefused("bad_frame")
    return value


def _degrees(frame: Mapping[str, Any], name: str, limit: float) -> float:
    value = frame.get(name)
    # Written so that NaN is refused too.
    if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
        raise FrameRefused("bad_location", _any_client_id(frame))
    return float(value)


def _read_message(frame: Mapping[str, Any], address: str) -> Message:
    client_id = _client_id(frame)
    return compose(address, client_id, text=check_text(_string(frame, "text"), client_id))


def _read_button(frame: Mapping[str, Any], address: str) -> Message:
    client_id = _client_id(frame)
    parts = check_button(_string(frame, "payload"), _string(frame, "label"), client_id)
    return compose(address, client_id, **parts)


def _read_location(frame: Mapping[str, Any], address: str) -> Message:
    client_id = _client_id(frame)
    # Browsers give WGS-84, also in China.
    location = Location(_degrees(frame, "latitude", 90), _degrees(frame, "longitude", 180))
    return compose(address, client_id, location=location)


_READERS: dict[str, Callable[[Mapping[str, Any], str], ClientFrame]] = {
    "message": _read_message,
    "button": _read_button,
    "location": _read_location,
    "seen": lambda frame, _address: Seen(_id(frame, "id")),
    "older": lambda frame, _address: Older(_id(frame, "before")),
    "ping": lambda _frame, _address: Ping(),
    "typing": lambda _frame, _address: Typing(),
}


def error_frame(
    text_key: str, client_id: str | None = None, *, retry_after_seconds: int | None = None
) -> dict[str, Any]:
    """An error for the page. With `retry_after_seconds` it keeps the message and sends it again then."""
    frame: dict[str, Any] = {"type": "error", "code": text_key, "client_id": client_id}
    frame["text"] = web_text(text_key, seconds=retry_after_seconds)
    if retry_after_seconds is not None:
        frame["retry_after_seconds"] = retry_after_seconds
    return frame


def shown(message: StoredMessage) -> dict[str, Any]:
    """A stored message as the page shows it."""
    content = message.content
    return {
        "id": message.id,
        "from": message.sender.value,
        "client_id": message.update_id,
        "at": message.created_at.isoformat(),
        **shown_content(content),
    }


def shown_content(content: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a message that the page draws: what both sides' contents have in common, and no more."""
    parts: dict[str, Any] = {"text": content.get("label") or content.get("text") or ""}
    for name in ("kind", "buttons", "card", "payload", "location"):
        if content.get(name):
            parts[name] = content[name]
    is_live = LIVE.get(content.get("key", ""))
    if is_live is not None:
        # Whether a person talks from here on.
        parts["live"] = is_live
    if content.get("photo"):
        parts["photo"] = f"/chat/photo/{content['photo']}"
    if file := content.get("file"):
        parts["file"] = {
            "name": file["name"],
            "size": spoken_size(file["size"]),
            "url": f"/chat/file/{file['sha256']}",
        }
    return parts


def spoken_size(size: int) -> str:
    """Bytes as people say them: "18KB"."""
    return f"{max(1, round(size / 1024))}KB"
