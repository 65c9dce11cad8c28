"""Which of a conversation's waiting messages make the next turn.

People write as they speak: "你好", then the matter, then three photos and a place, within seconds. What comes
in such a burst is one turn. Whatever answers a question (a button, a command, "提交", "匿名") is a turn by
itself and waits for nothing; danger to life goes ahead of everything. Pure: the messages are stored already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from actions.base import Location, Media, Message
from actions.dialogue import command_in
from actions.emergency_rules import find_emergency
from actions.words import steers
from bot.text_cleaning import simplify

if TYPE_CHECKING:
    from tickets import models

MAX_TEXT_CHARACTERS = 10_000
MAX_MESSAGES = 20


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for more, in seconds.

    Attributes:
        quiet: without anything new. 0 makes every message a turn of its own.
        longest: since the first message of the burst.
    """

    quiet: float = 0.0
    longest: float = 6.0


@dataclass(frozen=True, slots=True)
class Burst:
    """The messages of one turn, and for how many seconds something may still join them; infinite while a
    photo of theirs is on its way.
    """

    messages: tuple[models.Message, ...]
    wait_seconds: float = 0.0


def next_burst(waiting: Sequence[models.Message], now: datetime, patience: Patience) -> Burst:
    """What to do with the messages (as they came) that no turn has handled yet; at least one."""
    waiting = _in_order(waiting)
    urgent = next((message for message in waiting if is_emergency(message.content)), None)
    if urgent is not None:
        return Burst((urgent,))
    burst = _taken_together(waiting, timedelta(seconds=patience.quiet))
    if any(is_on_its_way(message.content) for message in burst):
        return Burst(burst, float("inf"))
    is_open = len(burst) == len(waiting) and len(burst) < MAX_MESSAGES and not _stands_alone(burst[0].content)
    if not is_open or not patience.quiet:
        return Burst(burst)
    until = min(
        burst[-1].created_at + timedelta(seconds=patience.quiet),
        burst[0].created_at + timedelta(seconds=patience.longest),
    )
    return Burst(burst, max(0.0, (until - now).total_seconds()))


def _in_order(waiting: Sequence[models.Message]) -> Sequence[models.Message]:
    """As they were sent, where the channel numbers its updates; they may have come in another order."""
    numbers = [message.update_id or "" for message in waiting]
    if not all(number.isdecimal() for number in numbers):
        return waiting
    return sorted(waiting, key=lambda message: int(message.update_id or 0))


def is_emergency(content: Mapping[str, Any]) -> bool:
    """Whether the words of a message speak of danger to life, as far as rules can tell."""
    return not content.get("payload") and find_emergency(simplify(content.get("text", ""))) is not None


def is_on_its_way(content: Mapping[str, Any]) -> bool:
    """Whether a photo or recording of the message must still be fetched."""
    return "media" in content


def _taken_together(waiting: Sequence[models.Message], gap: timedelta) -> tuple[models.Message, ...]:
    """The first message and those that followed it at once and may be read with it."""
    burst = [waiting[0]]
    characters = len(waiting[0].content.get("text", ""))
    if not gap or _stands_alone(waiting[0].content):
        return tuple(burst)
    for message in waiting[1:MAX_MESSAGES]:
        characters += len(message.content.get("text", ""))
        is_late = message.created_at - burst[-1].created_at > gap
        if is_late or characters > MAX_TEXT_CHARACTERS or _stands_alone(message.content):
            break
        burst.append(message)
    return tuple(burst)


def _stands_alone(content: Mapping[str, Any]) -> bool:
    words = str(content.get("text", ""))
    return bool(content.get("payload") or command_in(words)[0]) or steers(simplify(words))


def content_of(message: Message) -> dict[str, Any]:
    """The JSON that the message table keeps of what a citizen sent."""
    content: dict[str, Any] = {"text": message.text[:MAX_TEXT_CHARACTERS]}
    for name in ("payload", "label", "photo"):
        if value := getattr(message, name):
            content[name] = value
    for name, place in (("location", message.location), ("photo_place", message.photo_place)):
        if place is not None:
            content[name] = asdict(place)
    if message.media:
        content["media"] = {"channel": message.channel, **asdict(message.media)}
    if message.recordings:
        content["recording"] = message.recordings[0]
    return content


def as_one(stored: Sequence[models.Message], conversation: models.Conversation) -> Message:
    """The stored messages of a burst as one: all words and photos in their order, the last place."""
    contents = [message.content for message in stored]
    photos = [content["photo"] for content in contents if content.get("photo")]
    places = [content["location"] for content in contents if "location" in content]
    taken_at = [content["photo_place"] for content in contents if content.get("photo_place")]
    return Message(
        channel=conversation.channel,
        address=conversation.address,
        update_id=stored[0].update_id or "",
        text=words_of(stored),
        payload=contents[0].get("payload"),
        label=contents[0].get("label"),
        photo=photos[0] if photos else None,
        more_photos=tuple(photos[1:]),
        location=Location(**places[-1]) if places else None,
        photo_place=Location(**taken_at[0]) if taken_at else None,
        recordings=tuple(content["recording"] for content in contents if content.get("recording")),
    )


def words_of(stored: Sequence[models.Message]) -> str:
    """All that was written, one message a line."""
    return "\n".join(message.content["text"] for message in stored if message.content.get("text"))


def problems_of(stored: Sequence[models.Message]) -> list[str]:
    """Keys of the texts that say which photos and recordings could not be taken; each once."""
    found = (message.content.get("problem") for message in stored)
    return list(dict.fromkeys(problem for problem in found if problem))


def says_anything(message: Message) -> bool:
    """Whether anything is left to answer."""
    return bool(message.text.strip() or message.payload or message.has_evidence)


def media_of(content: Mapping[str, Any]) -> tuple[str, Media]:
    """The channel, and what is still to be fetched from it, of a message for which `is_on_its_way`."""
    media = content["media"]
    return media["channel"], Media(media["kind"], media["ref"])
