"""Text as the components see it: one script, one width, one case, cut into units."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

_UNIT = re.compile(r"[a-z]+|\S")
_PLURAL = re.compile(r"(?<=[a-z]{3})(?<![isu])s$")
_SENTENCE = re.compile(r"[^。！!？?；;\n]+[。！!？?；;\n]*|[。！!？?；;\n]+")
LOOKUP_FOLDER = Path(__file__).resolve().parent.parent / "lookup"


@lru_cache(maxsize=1)
def _simplified_characters() -> dict[int, str]:
    table: dict[int, str] = {}
    for line in (LOOKUP_FOLDER / "traditional.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            table.update((ord(pair[0]), pair[1]) for pair in line.split())
    return table


def units(text: str) -> list[str]:
    """What a text is made of: each sign is a unit, and so is each word in Latin letters, without the s of a
    plural. Lower case, half width, Simplified characters, no blanks.

    What comes from the assistant is cleaned already (`bot/text_cleaning.py`); training examples are not.
    Both sides must look the same, or the features of one would be unknown to the other.
    """
    normal = unicodedata.normalize("NFKC", text).lower().translate(_simplified_characters())
    return [_PLURAL.sub("", unit) if unit[-1] == "s" else unit for unit in _UNIT.findall(normal)]


def stretches(text: str, length: int) -> list[str]:
    """A text in pieces of at most about `length` characters, cut between sentences where there are any."""
    found: list[str] = []
    piece = ""
    for sentence in _SENTENCE.findall(text):
        if piece and len(piece) + len(sentence) > length:
            found.append(piece)
            piece = ""
        piece += sentence
        while len(piece) > 2 * length:
            found.append(piece[:length])
            piece = piece[length:]
    return [*found, piece] if piece else found
