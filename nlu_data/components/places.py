"""The names of the city's places, from `lookup/places.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from nlu_data.components.text import LOOKUP_FOLDER


@dataclass(frozen=True)
class Places:
    """Names of one city.

    Attributes:
        towns: short name -> official name (海口 -> 海口镇).
    """

    city_names: tuple[str, ...]
    neighbours: tuple[str, ...]
    towns: dict[str, str]
    landmarks: tuple[str, ...]

    def names(self) -> list[str]:
        """All names, for a dictionary."""
        return [*self.city_names, *self.neighbours, *self.towns, *self.towns.values(), *self.landmarks]


@lru_cache(maxsize=4)
def load_places(path: Path = LOOKUP_FOLDER / "places.yml") -> Places:
    """Read the data file of a city."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    towns = {name: f"{name}街道" for name in data["streets"]} | {name: f"{name}镇" for name in data["towns"]}
    return Places(
        city_names=tuple(data["city_names"]),
        neighbours=tuple(data.get("neighbours", ())),
        towns=towns,
        landmarks=tuple(data.get("landmarks", ())),
    )
