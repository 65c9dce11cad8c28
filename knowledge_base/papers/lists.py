"""Lists of what to bring, from what the law itself says; what only the window knows is named as such."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from knowledge_base.deadlines import Rule

_FILE = Path(__file__).parent / "lists.yml"


@dataclass(frozen=True, slots=True)
class ListItem:
    """One thing to bring or to know, and the article that says so."""

    words: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class PaperList:
    """What to bring for one permit or registration.

    Attributes:
        to_ask: what no published rule says for the city.
        card: id of the card with the rule behind it.
    """

    code: str
    title: str
    items: tuple[ListItem, ...]
    to_ask: tuple[str, ...]
    notes: tuple[str, ...]
    where: str
    card: str


@cache
def paper_lists() -> dict[str, PaperList]:
    """All lists by their code."""
    rows = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {row["code"]: _read(row) for row in rows}


def _read(row: dict[str, object]) -> PaperList:
    items = row["items"]
    if not isinstance(items, list):
        raise ValueError("items is a list")
    return PaperList(
        code=str(row["code"]),
        title=str(row["title"]),
        items=tuple(
            ListItem(str(item["words"]), Rule(str(item["law"]), str(item["article"]), str(item["says"])))
            for item in items
        ),
        to_ask=_words(row["to_ask"]),
        notes=_words(row["notes"]),
        where=str(row["where"]),
        card=str(row["card"]),
    )


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("a list of sentences was expected")
    return tuple(str(words) for words in value)
