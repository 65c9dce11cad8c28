"""What a turn is: the words that channels, the relay and the actions share.

A channel turns what a citizen sent into a `Message`. The relay adds the `Understanding` and the state of the
conversation and hands an action a `Turn`. The action answers with `Reply` objects: keys and parameters, no
sentences. `bot/texts` turns each into an `Outgoing`, which is what channels deliver and what the database
keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import date, datetime

    from knowledge_base.base import KnowledgeBase
    from knowledge_base.models import Answer, Article
    from tickets.aftercare import Aftercare
    from tickets.duplicates import Duplicates
    from tickets.live import LiveDesk
    from tickets.paper_drafts import PaperDrafts
    from tickets.service import TicketService
    from tickets.topics import Topics

# Telegram allows 64 bytes in a button's payload, so nobody gets more.
MAX_PAYLOAD_BYTES = 64
# The first buttons of kind "rating" are the scale, from worst to best; what follows them is something else.
RATING_SCALE = 5
CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Location:
    """A point that a citizen shared; degrees, and the datum they are in ("WGS-84" or "GCJ-02").

    Attributes:
        name: what the citizen's map calls the place; "" if it says nothing.
    """

    latitude: float
    longitude: float
    datum: str = "WGS-84"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """A photo or a recording that the channel's server still holds.

    Attributes:
        kind: "photo" or "voice".
        ref: what the channel fetches it by (a file id, a media id).
    """

    kind: str
    ref: str


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that a citizen sent, or several that came at once and are taken as one. At least one of
    text, payload, photo, media, recording and location is set.

    Attributes:
        channel: "web", "telegram", "wechat" or "console".
        address: what the channel knows the conversation by (a chat id, the hash of a cookie).
        update_id: unique within the conversation; the same one twice is the same message.
        text: as typed, not cleaned.
        payload: of the button that was pressed, with its `label`.
        photo: SHA-256 of a photo that is already in the photo store.
        media: to be fetched; the relay stores the message first, and turns this into `photo` or `recordings`.
        more_photos: those that came with the first one.
        recordings: SHA-256 of voice messages in the store of recordings.
        photo_place: where a photo says that it was taken, to be offered as the place.
    """

    channel: str
    address: str
    update_id: str
    text: str = ""
    payload: str | None = None
    label: str | None = None
    photo: str | None = None
    location: Location | None = None
    media: Media | None = None
    more_photos: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()
    photo_place: Location | None = None

    @property
    def photos(self) -> tuple[str, ...]:
        """All photos, in the order in which they came."""
        return ((self.photo,) if self.photo else ()) + self.more_photos

    @property
    def has_evidence(self) -> bool:
        """Whether there is anything but words in it."""
        return bool(self.photos or self.recordings or self.location)


@dataclass(frozen=True, slots=True)
class Entity:
    """A piece of a message: kind ("place", "when", "phone", "ticket_no" ...), its text, and where it stands
    in it.
    """

    kind: str
    value: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a message means, as far as the NLU can tell.

    Attributes:
        intent: a benchmark intent of DESIGN section 6, or "affirm", "deny", "cancel"; "" when not understood.
        categories: category codes, best first, each with a probability of its own: several may be likely.
        available: False when the NLU server could not be asked; all else is then empty, but for an emergency
            found by rule.
        emergency_kind: "fire", "gas", "violence", "medical" ... when intent is "emergency".
        intents: every intent with its probability, best first; they sum to 1.
    """

    intent: str = ""
    confidence: float = 0.0
    category: str | None = None
    categories: tuple[tuple[str, float], ...] = ()
    entities: tuple[Entity, ...] = ()
    available: bool = True
    emergency_kind: str | None = None
    intents: tuple[tuple[str, float], ...] = ()

    @classmethod
    def unavailable(cls) -> Understanding:
        """The NLU server is down, slow or not ready yet."""
        return cls(available=False)

    def first(self, kind: str) -> str | None:
        """The first entity of that kind, or None."""
        return next((entity.value for entity in self.entities if entity.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Button:
    """A button: the key of its label in `bot/texts`, and the payload that comes back when it is pressed."""

    key: str
    payload: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.payload.encode()) > MAX_PAYLOAD_BYTES:
            raise ValueError(f"payload too long: {self.payload}")


@dataclass(frozen=True, slots=True)
class File:
    """A file for the citizen, made in this turn.

    Attributes:
        name: as the citizen's device saves it, with its ending.
        media_type: such as "text/calendar".
    """

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to the citizen: a text's key and parameters.

    Attributes:
        kind: "text", "card", "photo", "file", "location_request", "rating" or "progress"; a channel that
            can't show a kind shows its text (docs/channels.md).
        answer: what the knowledge base found, for kind "card".
        articles: the texts behind its citations, for kind "card".
        file: for kind "file"; the relay stores it with the turn.
        photo: for kind "photo": SHA-256 in the photo store.
    """

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)
    buttons: tuple[Button, ...] = ()
    kind: str = "text"
    answer: Answer | None = None
    articles: tuple[Article, ...] = ()
    file: File | None = None
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply with its words, as it is stored and delivered.

    Attributes:
        buttons: pairs of label and payload.
        card: for kind "card": id, title, answer, notes, citations (law, article, text, status,
            effective_from), next_steps, authority, jurisdiction, reviewed_on; None otherwise. `text` says the
            same in plain text.
        file: for kind "file": name, media_type, size (bytes) and sha256, by which `bot/files.py` finds the
            bytes; None otherwise. `text` says what the file is.
        photo: for kind "photo": SHA-256 in the photo store.
        progress: of news of a ticket (kind "progress", or "rating" when it is done): ticket_no, status (the
            word for where it stands), for channels that tell news in a form of their own.
        key: of the text that it was made from; tells what was said without its words.
    """

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    kind: str = "text"
    card: Mapping[str, Any] | None = None
    key: str = ""
    file: Mapping[str, Any] | None = None
    photo: str | None = None
    progress: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """The form that the database keeps and `wenfa chat` prints."""
        content: dict[str, Any] = {"kind": self.kind, "key": self.key, "text": self.text}
        if self.buttons:
            content["buttons"] = [{"label": label, "payload": payload} for label, payload in self.buttons]
        if self.card:
            content["card"] = dict(self.card)
        for name in ("file", "progress"):
            if value := getattr(self, name):
                content[name] = dict(value)
        if self.photo:
            content["photo"] = self.photo
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Outgoing:
        """The inverse of `as_json`."""
        buttons = tuple((button["label"], button["payload"]) for button in content.get("buttons", ()))
        kind, key = content.get("kind", "text"), content.get("key", "")
        return cls(
            content["text"],
            buttons,
            kind,
            content.get("card"),
            key,
            content.get("file"),
            content.get("photo"),
            content.get("progress"),
        )


@dataclass(slots=True)
class Turn:
    """All that an action needs for one turn; the relay builds it inside the turn's transaction.

    Attributes:
        text: the message's text after cleaning; "" for a button, a photo or a place.
        answer: what the knowledge base says to `text`; None without text.
        message_id: of the stored message, the last of them if several came at once.
        message_ids: of all stored messages that this turn answers.
        state: the conversation's flow state, JSON; an action changes it in place and the relay saves it.
        now: aware UTC.
        is_with_officer: an officer has taken the conversation over, and the assistant is silent.
    """

    message: Message
    text: str
    understanding: Understanding
    answer: Answer | None
    state: dict[str, Any]
    conversation_id: int
    message_id: int
    now: datetime
    tickets: TicketService
    aftercare: Aftercare
    duplicates: Duplicates
    live: LiveDesk
    drafts: PaperDrafts
    topics: Topics
    knowledge: KnowledgeBase
    message_ids: tuple[int, ...] = ()
    is_with_officer: bool = False

    @property
    def today(self) -> date:
        """The day in China, on which the law is asked."""
        return self.now.astimezone(CHINA).date()
