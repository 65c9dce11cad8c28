"""Where a text is: which town or street, how sure, or that it isn't our city at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tickets.categories import read_yaml

# How much a match says. What is below UNSURE should be asked back.
_FULL_NAME = 0.98
_SHORT_NAME = 0.85
_AMBIGUOUS_NAME = 0.5
_ROAD_NAME = 0.45
UNSURE = 0.6
# What `Located.outside` says of a point in open water.
IN_THE_SEA = "海上"

# A short name before one of these is a road, an estate or a hill that may be anywhere.
_ROAD = re.compile(r"(路|大道|大街|街(?![道上])|桥|花园|小区|花苑|公馆|流水|山庄)")
# A short name before one of these is another city, county or district.
_OTHER_PLACE = re.compile(r"(?:市|县|区)")


@dataclass(frozen=True, slots=True)
class Town:
    """A town or street of the city.

    Attributes:
        confidence: 0 to 1, how sure a text means it; 1.0 in lists.
    """

    code: str
    name: str
    short_name: str
    zone: str
    is_ambiguous: bool = False
    confidence: float = 1.0

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
    """

    town: Town | None
    outside: str | None = None


def _is_in(box: dict[str, float], latitude: float, longitude: float) -> bool:
    return box["south"] <= latitude <= box["north"] and box["west"] <= longitude <= box["east"]


class Places:
    """The towns of the city and what is certainly not in it."""

    def __init__(self, city: dict[str, Any], towns: Sequence[Town]) -> None:
        self.city_name: str = city["name"]
        self._short_city: str = city["short_name"]
        self._bounds: dict[str, float] = city["bounds"]
        self._water: list[dict[str, float]] = city.get("water", [])
        self._outside: list[str] = city["outside"]
        self.towns = tuple(towns)

    @classmethod
    def load(cls, folder: Path) -> Places:
        """Read city.yml and towns.yml."""
        rows = read_yaml(folder / "towns.yml")["towns"]
        return cls(
            read_yaml(folder / "city.yml"),
            [
                Town(row["code"], row["name"], row["short"], row["zone"], row.get("ambiguous", False))
                for row in rows
            ],
        )

    def contains(self, latitude: float, longitude: float) -> bool:
        """Whether a WGS-84 point can be in the city at all (its surrounding box)."""
        return _is_in(self._bounds, latitude, longitude)

    def is_water(self, latitude: float, longitude: float) -> bool:
        """Whether a WGS-84 point lies in what is certainly open sea."""
        return any(_is_in(box, latitude, longitude) for box in self._water)

    def locate(self, text: str) -> Located:
        """The town that a text in a citizen's words means."""
        said = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
        matches = sorted(self._matches(said), key=lambda match: match[0], reverse=True)
        outside = next((name for name in self._outside if name in said), None)
        best = matches[0] if matches else None
        says_city = self._short_city in said
        if outside and not says_city and (best is None or best[0] < _FULL_NAME):
            return Located(None, outside)
        if best is None:
            return Located(None)
        confidence, town = best
        if says_city:
            confidence = min(1.0, confidence + 0.15)
        if any(other is not town and near >= best[0] for near, other in matches[1:]):
            # Two towns are named with the same right: somebody has to ask.
            confidence = min(confidence, _AMBIGUOUS_NAME)
        return Located(replace(town, confidence=round(confidence, 2)))

    def _matches(self, said: str) -> Iterator[tuple[float, Town]]:
        for town in self.towns:
            if town.name in said and not self._is_other_place(said, town.name):
                yield _FULL_NAME, town
                continue
            confidences = [
                self._confidence(town, said[found.end() :])
                for found in re.finditer(re.escape(town.short_name), said)
            ]
            if confidences and max(confidences) > 0:
                yield max(confidences), town

    def _confidence(self, town: Town, rest: str) -> float:
        if _OTHER_PLACE.match(rest):
            return 0.0
        if _ROAD.match(rest):
            return _ROAD_NAME
        return _AMBIGUOUS_NAME if town.is_ambiguous else _SHORT_NAME

    @staticmethod
    def _is_other_place(said: str, name: str) -> bool:
        return bool(_OTHER_PLACE.match(said[said.index(name) + len(name) :]))
