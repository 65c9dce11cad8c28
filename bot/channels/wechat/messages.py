"""The XML that WeChat sends and takes. Without entities: a body with a DTD is refused unread."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from actions.base import MAX_PAYLOAD_BYTES, Location, Media, Message
from bot.texts import text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CHANNEL_NAME = "wechat"
_OPEN_ID = re.compile(r"[A-Za-z0-9_-]{6,64}")
# Nothing else is allowed in XML 1.0.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# WeChat's own faces come as "/::)" or "[微笑]"; the first kind would look like a command.
_SLASH_FACE = re.compile(r"/:[:@a-zA-Z0-9,()&<>$!?*|~\-]{1,12}")


class BadMessage(Exception):
    """The XML is none that WeChat sends."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One push from WeChat.

    Attributes:
        open_id: of the follower. account: of the official account, the sender of an answer.
        update_id: the same in a repeated push.
        fields: all elements by name, as text.
    """

    open_id: str
    account: str
    kind: str
    update_id: str
    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        """An element's text, "" if it isn't there."""
        return self.fields.get(name, "")

    @property
    def event(self) -> str:
        """The kind of an event in small letters; "" for a message."""
        return self.get("Event").lower() if self.kind == "event" else ""


def parse(body: bytes | str) -> Mapping[str, str]:
    """The elements of a body by name; those inside others (ScanCodeInfo ...) too.

    Raises: BadMessage.
    """
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadMessage(type(error).__name__) from error
    if root.tag != "xml":
        raise BadMessage("root")
    return {element.tag: (element.text or "").strip() for element in root.iter() if not len(element)}


def incoming(fields: Mapping[str, str]) -> Incoming:
    """A message or event.

    Raises: BadMessage.
    """
    open_id, kind = fields.get("FromUserName", ""), fields.get("MsgType", "").lower()
    if not _OPEN_ID.fullmatch(open_id) or not kind:
        raise BadMessage("sender or kind")
    number = fields.get("MsgId", "")
    if not number.isdecimal():
        # Events have no number; the platform says to tell them apart like this.
        number = "-".join(
            (fields.get("CreateTime", ""), kind, fields.get("Event", ""), fields.get("EventKey", ""))
        )[:100]
    return Incoming(open_id, fields.get("ToUserName", ""), kind, number, fields)


def as_message(push: Incoming) -> Message | None:
    """What the follower said, for the relay; None for what is no message."""
    if push.kind == "event":
        pressed = _pressed(push)
        return _message(push, payload=pressed[0], label=pressed[1]) if pressed else None
    if push.kind == "text":
        words = _SLASH_FACE.sub("", push.get("Content")).strip()
        return _message(push, text=words or push.get("Content"))
    if push.kind == "image" and push.get("MediaId"):
        return _message(push, media=Media("photo", push.get("MediaId")))
    if push.kind == "voice" and push.get("MediaId"):
        # Accounts with speech recognition get the words with it.
        return _message(push, text=push.get("Recognition"), media=Media("voice", push.get("MediaId")))
    if push.kind == "location":
        return _message(push, location=_location(push))
    return None


def _message(push: Incoming, **parts: object) -> Message:
    return Message(CHANNEL_NAME, push.open_id, push.update_id, **parts)  # type: ignore[arg-type]  # each by name


def _pressed(push: Incoming) -> tuple[str, str] | None:
    """Payload and label of an event that stands for a button; None for any other.

    A scene of a QR code is a payload, too (`place:longtian`); that of somebody who subscribes by it carries
    a prefix.
    """
    key = push.get("EventKey")
    if push.event == "click":
        return _checked(key, text("menu_pressed"))
    if push.event == "scan":
        return _checked(key, text("link_place"))
    if push.event == "subscribe":
        scene = key.removeprefix("qrscene_")
        return _checked(scene, text("link_place")) or ("menu:welcome", text("subscribed"))
    return None


def _checked(payload: str, label: str) -> tuple[str, str] | None:
    return (payload, label) if 0 < len(payload.encode()) <= MAX_PAYLOAD_BYTES else None


def _location(push: Incoming) -> Location:
    """Raises: BadMessage. WeChat's map is in GCJ-02."""
    try:
        latitude, longitude = float(push.get("Location_X")), float(push.get("Location_Y"))
    except ValueError as error:
        raise BadMessage("location") from error
    # Written so that NaN is refused too.
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise BadMessage("location")
    return Location(latitude, longitude, "GCJ-02", push.get("Label"))


def text_answer(push: Incoming, words: str) -> str:
    """A passive reply."""
    return (
        f"<xml><ToUserName>{_cdata(push.open_id)}</ToUserName>"
        f"<FromUserName>{_cdata(push.account)}</FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime>"
        f"<MsgType>{_cdata('text')}</MsgType><Content>{_cdata(words)}</Content></xml>"
    )


def sealed_answer(sealed: str, signature: str, timestamp: str, nonce: str) -> str:
    """A passive reply in its envelope."""
    return (
        f"<xml><Encrypt>{_cdata(sealed)}</Encrypt><MsgSignature>{_cdata(signature)}</MsgSignature>"
        f"<TimeStamp>{escape(timestamp)}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    )


def _cdata(words: str) -> str:
    return "<![CDATA[" + _NO_XML.sub("", words).replace("]]>", "]]]]><![CDATA[>") + "]]>"
