"""The place that an address of ours names (`/?town=longtian&spot=…`); posters and other sites use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from actions.here import MAX_SPOT_CHARACTERS, place_words
from bot.typedefs import SERVICES

if TYPE_CHECKING:
    from tickets.routing import Routing


@dataclass(frozen=True, slots=True)
class CodedPlace:
    """A place in words, the button that tells it to the assistant, and the query that names it."""

    words: str
    payload: str
    query: str

    @property
    def label(self) -> str:
        """What the citizen says by it."""
        return f"我在{self.words}"


def coded_place(routing: Routing, town: str, spot: str = "") -> CodedPlace | None:
    """The place of a town's code and a spot in words; None if the town is unknown."""
    spot = " ".join(spot.split()).replace(":", "")[:MAX_SPOT_CHARACTERS]
    words = place_words(routing, town, spot)
    if words is None:
        return None
    payload = f"place:{town}:{spot}" if spot else f"place:{town}"
    return CodedPlace(words, payload, urlencode({"town": town} | ({"spot": spot} if spot else {})))


def place_of(request: web.Request) -> CodedPlace | None:
    """The place that the request's address names, if it does."""
    town = request.query.get("town")
    if not town:
        return None
    return coded_place(request.app[SERVICES].routing, town, request.query.get("spot", ""))
