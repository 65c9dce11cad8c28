"""The report that a citizen is writing: what is known, what is still missing, what a message adds. Pure, and
JSON in the state.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from actions.here import remembered
from tickets.categories import CATEGORIES
from tickets.service import NewTicket, Place
from tickets.workflow import TicketKind

if TYPE_CHECKING:
    from actions.base import Location, Turn, Understanding

MAX_PHOTOS = 9
MAX_WHAT_CHARACTERS = 10_000
MAX_PLACE_CHARACTERS = 300
# Shorter than this says that something is wrong ("我要投诉") but not what.
MIN_WHAT_CHARACTERS = 5
# From here on the guess is only read back; below it the citizen chooses.
SURE_OF_CATEGORY = 0.8
# A ticket is filed under further categories that are likelier than not.
ALSO_ABOUT = 0.5
OFFERED_CATEGORIES = 3
# Words of place that no crew can find by themselves.
_ANYWHERE = re.compile(
    r"我们|我家|家|小区|村里|镇上|城里|路边|路口|路上|街上|街边|马路|公路|人行道|门口|楼下|楼上|楼道|对面|旁边|附近|后面|前面|里面|外面|边上|里|的|边|上|处|一带"
)
# What people write when they open a report without a word on the matter.
_ONLY_OPENING = re.compile(
    r"(你好|您好|我|要|想|来|请问|请|帮我|一下|一个|这里|反映|反应|投诉|举报|上报|报告|个|问题|情况|事情|事|在哪|怎么|可以|吗|呢|的|了|[，,。.！!？?\s])*"
)


@dataclass(slots=True)
class Draft:
    """A report under way.

    Attributes:
        id: unique for this draft, so that a second press of "submit" finds what the first one filed.
        what: what is wrong, in the citizen's words.
        guesses: category codes offered to choose from, best first.
        category: chosen or guessed surely; None until then.
        place: as said; with `location` when a point was shared.
        outside: the other city that the place seems to be in; None if there is none or the citizen said no.
        town: code of the town that the citizen chose; "" when they couldn't tell.
        town_choices: towns to ask about, code to name, when the place may be in several or isn't sure.
        photo_place: where a photo says that it was taken, offered while no place is known.
        photos: SHA-256 of each.
        recordings: SHA-256 of each voice message.
        photos_asked: photos were sent, or the question was passed over.
        similar_shown: tickets of the same matter were looked for, and shown if there were any.
        contact: a phone number or the like; "" when the citizen stays anonymous; None when not asked yet.
    """

    id: str = field(default_factory=lambda: secrets.token_hex(4))
    what: str = ""
    guesses: list[str] = field(default_factory=list)
    category: str | None = None
    categories: list[str] = field(default_factory=list)
    place: str = ""
    location: dict[str, Any] | None = None
    photo_place: dict[str, Any] | None = None
    outside: str | None = None
    town: str | None = None
    town_choices: dict[str, str] = field(default_factory=dict)
    happened: str | None = None
    photos: list[str] = field(default_factory=list)
    recordings: list[str] = field(default_factory=list)
    photos_asked: bool = False
    contact: str | None = None
    reporter_mode: str = "anonymous"
    card: str | None = None
    similar_shown: bool = False

    def as_json(self) -> dict[str, Any]:
        """The form that stands in the conversation's state."""
        return asdict(self)

    @property
    def missing(self) -> str:
        """What to ask next: what, category, place, outside, town, photos or contact; or "confirm"."""
        if not self.what:
            return "what"
        if self.category is None:
            return "category"
        if not (self.place or self.location):
            return "place"
        if self.outside:
            return "outside"
        if self.town_choices and self.town is None:
            return "town"
        if not self.photos_asked:
            return "photos"
        return "contact" if self.contact is None else "confirm"

    def take_story(self, turn: Turn) -> None:
        """Take what a free text says: the matter, its category, place, time and phone number."""
        if not self.what and says_something(turn.text):
            self.what = _matter(turn.message.text)[:MAX_WHAT_CHARACTERS]
            self.guess_category(turn)
        if self.what and not self.place and (place := said_place(turn) or remembered(turn)):
            self.take_place(turn, place)
        self.happened = self.happened or turn.understanding.first("when")
        if turn.answer is not None and turn.answer.card is not None and turn.answer.kind == "answer":
            self.card = turn.answer.card.id

    def guess_category(self, turn: Turn) -> None:
        """Take the category when the NLU is sure of it; offer the likeliest otherwise."""
        ranked = ranked_categories(turn)
        self.guesses = [code for code, _ in ranked[:OFFERED_CATEGORIES]]
        self.categories = likely_categories(turn) or self.guesses[:1]
        self.category = self.category or sure_category(turn)

    def add_to_story(self, text: str) -> None:
        """Append what the citizen thought of later."""
        self.what = f"{self.what}\n{text.strip()}".strip()[:MAX_WHAT_CHARACTERS]

    def take_photo(self, sha256: str) -> bool:
        """Keep a photo. Returns False when there are nine already."""
        self.photos_asked = True
        if sha256 in self.photos:
            return True
        if len(self.photos) >= MAX_PHOTOS:
            return False
        self.photos.append(sha256)
        return True

    def take_photo_place(self, turn: Turn, place: Location | None) -> None:
        """Remember where a photo was taken, to be offered as the place; one that is not in our city was not
        taken there.
        """
        if place is None:
            return
        there = Place("", latitude=place.latitude, longitude=place.longitude, datum=place.datum)
        if turn.tickets.routing.locate(there).outside is None:
            self.photo_place = {
                "latitude": place.latitude,
                "longitude": place.longitude,
                "datum": place.datum,
            }

    def take_place(self, turn: Turn, text: str) -> None:
        """Keep a place as said, and notice when it lies in another city, or in a town that isn't sure."""
        self.place = text[:MAX_PLACE_CHARACTERS]
        self.notice_town(turn)

    def take_location(self, turn: Turn, location: Location) -> None:
        """Keep the point; a place said in words stays beside it, else the map's name of it does."""
        self.location = {
            "latitude": location.latitude,
            "longitude": location.longitude,
            "datum": location.datum,
        }
        self.place = self.place or location.name[:MAX_PLACE_CHARACTERS]
        self.notice_town(turn)

    def notice_town(self, turn: Turn) -> None:
        """Notice when the place lies elsewhere, or which towns it may be in."""
        found = turn.tickets.routing.locate(Place(self.place, **(self.location or {})))
        self.outside, self.town = found.outside, None
        self.town_choices = {town.code: town.name for town in found.choices}

    def as_ticket(self, conversation_id: int) -> NewTicket:
        """What is filed; only for a draft that misses nothing."""
        if self.category is None:
            raise ValueError("a draft without a category can't be filed")
        location = self.location or {}
        return NewTicket(
            kind=TicketKind.COMPLAINT,
            category=self.category,
            categories=tuple(dict.fromkeys((self.category, *self.categories))),
            summary=self.what,
            place=Place(self.place, town=self.town or None, **location),
            happened=self.happened,
            photos=tuple(self.photos),
            recordings=tuple(self.recordings),
            reporter_mode=self.reporter_mode,
            contact=self.contact or None,
            conversation_id=conversation_id,
            request_key=f"{conversation_id}:{self.id}",
        )


def hold(turn: Turn) -> None:
    """Keep a text that was not understood, with all the NLU saw in it, so that nobody has to type it
    again. "我要投诉" does not take the place of a text that waits.
    """
    if "held" in turn.state and not says_something(turn.text):
        return
    draft = Draft()
    draft.what = _matter(turn.message.text)[:MAX_WHAT_CHARACTERS]
    draft.guess_category(turn)
    draft.take_story(turn)
    turn.state["held"] = draft.as_json()


def held_or_new(turn: Turn) -> Draft:
    """A draft of what was just written; if that only opens a report ("我要反映"), of the text that waits."""
    if "held" in turn.state and not says_something(turn.text):
        return held(turn)
    draft = Draft()
    draft.take_story(turn)
    return draft


def sure_category(turn: Turn) -> str | None:
    """What the message is about, when the NLU is sure of it."""
    code, probability = next(iter(ranked_categories(turn)), ("", 0.0))
    return code if probability >= SURE_OF_CATEGORY else None


def ranked_categories(turn: Turn) -> list[tuple[str, float]]:
    """What the message may be about, likeliest first; a complaint about an officer, once it is likelier than
    not, before the street matter that it began with: whom it is about must not get it.
    """
    ranked = [(code, p) for code, p in turn.understanding.categories if code in CATEGORIES]
    is_walled = turn.tickets.routing.is_walled
    return sorted(ranked, key=lambda pair: not (pair[1] >= ALSO_ABOUT and is_walled(pair[0])))


def likely_categories(turn: Turn) -> list[str]:
    """What the message may be about, likeliest first."""
    return [code for code, p in ranked_categories(turn) if p >= ALSO_ABOUT][:OFFERED_CATEGORIES]


def held(turn: Turn) -> Draft:
    """The text that waits, as a draft; an empty one if none does. It waits no longer."""
    return Draft(**turn.state.pop("held", {}))


def _matter(text: str) -> str:
    """A text without the lines that only greet or open; several messages may have become one."""
    lines = text.strip().splitlines()
    return "\n".join(line for line in lines if not _ONLY_OPENING.fullmatch(line)).strip() or text.strip()


def says_something(text: str) -> bool:
    """Whether a text says what is wrong, beyond that something is."""
    return len(text) >= MIN_WHAT_CHARACTERS and not _ONLY_OPENING.fullmatch(text)


def said_place(turn: Turn) -> str:
    """The places named in a text, as one phrase; "" if they could be anywhere ("路边")."""
    return place_of(turn.understanding)


def place_of(understanding: Understanding) -> str:
    """The places that were understood, in their order, as one phrase; "" if they could be anywhere."""
    parts = [entity for entity in understanding.entities if entity.kind == "place"]
    ordered = sorted(parts, key=lambda entity: entity.start)
    if not any(_ANYWHERE.sub("", entity.value) for entity in ordered):
        return ""
    return "".join(dict.fromkeys(entity.value for entity in ordered))
