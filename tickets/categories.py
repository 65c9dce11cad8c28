"""What tickets are about: the 19 categories that the whole project shares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DATA_FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of matter; `examples` are how citizens would say it."""

    code: str
    name: str
    examples: tuple[str, ...]


def read_yaml(path: Path) -> Any:
    """One data file of ours."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def load_categories(folder: Path = DATA_FOLDER) -> dict[str, Category]:
    """The categories by code, in the order of the file."""
    return {
        row["code"]: Category(row["code"], row["name"], tuple(row["examples"]))
        for row in read_yaml(folder / "categories.yml")
    }


CATEGORIES = load_categories()
# Complaints about officers: whom they are about must not read them, nor learn that there is one.
ABOUT_OFFICERS = frozenset({"officer_conduct"})
