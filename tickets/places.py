"""Where a text is: which town or street, how sure, or that it isn't our city at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import opencc

from tickets.categories import read_yaml
from tickets.coordinates import metres_between

# How much a match says. What is below UNSURE should be asked back.
_FULL_NAME = 0.98
_SHORT_NAME = 0.85
_VILLAGE = 0.75
_TYPO_WITH_KIND = 0.75
_AMBIGUOUS_NAME = 0.5
_ROAD_NAME = 0.45
_ORDINARY_WORD = 0.4
UNSURE = 0.6
MAX_CHOICES = 4
_NEAR_METRES = 12_000
_SUGGESTED = 3
# What `Located.outside` says of a point in open water.
IN_THE_SEA = "海上"

# A short name before one of these is a road, an estate or a hill that may be anywhere.
_ROAD = re.compile(r"(路|大道|大街|街(?![道上])|桥|花园|小区|花苑|公馆|流水|山庄)")
# A short name before one of these is another city, county or district; a market (市场, 市集) is none.
_OTHER_PLACE = re.compile(r"市(?![场集口中民政])|县|区(?![域别])")
# What follows the short name of another place where it means that place, and not a shop or a road.
_MEANS_THE_PLACE = "(?=$|[，。,.！!？?]|[的那这城岛]|[东西南北]边|.{1,4}(?:街道|镇|乡|村))"
_KINDS = ("街道", "镇")


@dataclass(frozen=True, slots=True)
class Town:
    """A town or street of the city.

    Attributes:
        confidence: 0 to 1, how sure a text means it; 1.0 in lists.
        typos: how its short name is written by mistake.
        seat: latitude and longitude (WGS-84) of its centre, if known.
    """

    code: str
    name: str
    short_name: str
    zone: str
    is_ambiguous: bool = False
    confidence: float = 1.0
    typos: tuple[str, ...] = ()
    seat: tuple[float, float] | None = None

    @property
    def is_unsure(self) -> bool:
        """Whether the citizen should be asked."""
        return self.confidence < UNSURE


@dataclass(frozen=True, slots=True)
class Located:
    """What a text says about where it is.

    Attributes:
        town: the best match with its confidence, or None.
        outside: name of the other place if it isn't our city, else None.
        choices: the towns to choose from, when somebody has to ask; likeliest first.
    """

    town: Town | None
    outside: str | None = None
    choices: tuple[Town, ...] = ()


def _is_in(box: dict[str, float], latitude: float, longitude: float) -> bool:
    return box["south"] <= latitude <= box["north"] and box["west"] <= longitude <= box["east"]


def _is_within(ring: Sequence[Sequence[float]], latitude: float, longitude: float) -> bool:
    """Whether a point lies within a ring of points: how often a ray to the east crosses it, odd or even."""
    inside = False
    for (lat, lon), (next_lat, next_lon) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (lat > latitude) != (next_lat > latitude):
            crossing = lon + (latitude - lat) / (next_lat - lat) * (next_lon - lon)
            inside ^= longitude < crossing
    return inside


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("tw2s")


def _simplified(text: str) -> str:
    """Simplified characters; text in ASCII is left alone."""
    return text if text.isascii() else _converter().convert(text)


class Places:
    """The towns of the city and what is certainly not in it."""

    def __init__(
        self,
        city: dict[str, Any],
        towns: Sequence[Town],
        villages: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.city_name: str = city["name"]
        self._short_city: str = city["short_name"]
        self._bounds: dict[str, float] = city["bounds"]
        self._water: list[dict[str, float]] = city.get("water", [])
        self._outline: list[list[list[float]]] = city.get("outline", [])
        self._outside = [
            (name, re.compile(re.escape(name) + ("(?![场集])" if name.endswith("市") else "")))
            for name in city["outside"]
        ] + [
            (name, re.compile(f"(?:^|[在到去从])(?:{re.escape(name)}){_MEANS_THE_PLACE}"))
            for name in city.get("outside_short", [])
        ]
        self.towns = tuple(towns)
        self._villages = dict(villages or {})
        self._ordinary = frozenset(self._villages.pop("ordinary", ()))

    @classmethod
    def load(cls, folder: Path) -> Places:
        """Read city.yml, towns.yml and, where there is one, villages.yml."""
        rows = read_yaml(folder / "towns.yml")["towns"]
        path = folder / "villages.yml"
        villages = read_yaml(path) if path.is_file() else {}
        return cls(
            read_yaml(folder / "city.yml"),
            [
                Town(
                    row["code"],
                    row["name"],
                    row["short"],
                    row["zone"],
                    row.get("ambiguous", False),
                    typos=tuple(row.get("typos", ())),
                    seat=tuple(row["seat"]) if "seat" in row else None,
                )
                for row in rows
            ],
            {code: names.split() for code, names in villages.items()},
        )

    def check(self) -> list[str]:
        """What is wrong with the data: villages of towns that there are none."""
        known = {town.code for town in self.towns}
        return [f"villages.yml: no town {code}" for code in self._villages if code not in known]

    def contains(self, latitude: float, longitude: float) -> bool:
        """Whether a WGS-84 point can be in the city: within its box, and its outline if there is one."""
        if not _is_in(self._bounds, latitude, longitude):
            return False
        return not self._outline or any(_is_within(ring, latitude, longitude) for ring in self._outline)

    def near(self, latitude: float, longitude: float) -> tuple[Town, ...]:
        """The towns whose centres are nearest to a WGS-84 point, to choose from: a centre is no border."""
        far = [
            (metres_between(latitude, longitude, *town.seat), town.code, town)
            for town in self.towns
            if town.seat is not None
        ]
        return tuple(town for metres, _, town in sorted(far) if metres < _NEAR_METRES)[:_SUGGESTED]

    def is_water(self, latitude: float, longitude: float) -> bool:
        """Whether a WGS-84 point lies in what is certainly open sea."""
        return any(_is_in(box, latitude, longitude) for box in self._water)

    def locate(self, text: str) -> Located:
        """The town that a text in a citizen's words means."""
        said = _simplified(re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)))
        matches = sorted(self._matches(said), key=lambda match: match[0], reverse=True)
        outside = next((name for name, pattern in self._outside if pattern.search(said)), None)
        best = matches[0] if matches else None
        says_city = self._short_city in said
        if outside and not says_city and (best is None or best[0] < _FULL_NAME):
            return Located(None, outside)
        if best is None:
            return Located(None)
        confidence, town = best
        if says_city:
            confidence = min(1.0, confidence + 0.15)
        near = [other for likely, other in matches if likely >= best[0] and other is not town]
        if near:
            # Two towns are named with the same right: somebody has to ask.
            confidence = min(confidence, _AMBIGUOUS_NAME)
        found = replace(town, confidence=round(confidence, 2))
        choices = tuple(dict.fromkeys((town, *near)))[:MAX_CHOICES] if found.is_unsure else ()
        return Located(found, choices=choices)

    def _matches(self, said: str) -> Iterator[tuple[float, Town]]:
        for town in self.towns:
            if (confidence := self._of_villages(town, said)) > 0:
                yield confidence, town
        # A village may bear the name of another town: that is not said of it.
        said = self._village_names.sub("、", said)
        for town in self.towns:
            if any(typo in said for typo in town.typos):
                yield self._of_typos(town, said), town
            if town.name in said and not self._is_other_place(said, town.name):
                yield _FULL_NAME, town
                continue
            confidences = [
                self._confidence(town, said[found.end() :])
                for found in re.finditer(re.escape(town.short_name), said)
            ]
            if confidences and max(confidences) > 0:
                yield max(confidences), town

    def _of_villages(self, town: Town, said: str) -> float:
        named = [name for name in self._villages.get(town.code, ()) if name in said]
        return max((_ORDINARY_WORD if name in self._ordinary else _VILLAGE for name in named), default=0.0)

    @cached_property
    def _village_names(self) -> re.Pattern[str]:
        names = {name for names in self._villages.values() for name in names} - self._ordinary
        found = sorted(names, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, found)) if found else "(?!)")

    @staticmethod
    def _of_typos(town: Town, said: str) -> float:
        is_named = any(f"{typo}{kind}" in said for typo in town.typos for kind in _KINDS)
        return _TYPO_WITH_KIND if is_named else _AMBIGUOUS_NAME

    def _confidence(self, town: Town, rest: str) -> float:
        if _OTHER_PLACE.match(rest):
            return 0.0
        if _ROAD.match(rest):
            return _ROAD_NAME
        return _AMBIGUOUS_NAME if town.is_ambiguous else _SHORT_NAME

    @staticmethod
    def _is_other_place(said: str, name: str) -> bool:
        return bool(_OTHER_PLACE.match(said[said.index(name) + len(name) :]))
