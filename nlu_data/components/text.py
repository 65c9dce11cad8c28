"""Text as the components see it: one script, one width, cut into segments."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

LOOKUP_FOLDER = Path(__file__).resolve().parent.parent / "lookup"

# A segment is about one thing. Longer ones blur in the encoder, shorter ones say too little to classify.
MAX_SEGMENT_LENGTH = 60
_SENTENCE_ENDS = re.compile(r"(?<=[。！？!?；;\n])")
_CLAUSE_ENDS = re.compile(r"(?<=[，,、：: ])")


@lru_cache(maxsize=1)
def _simplified_characters() -> dict[int, str]:
    table: dict[int, str] = {}
    for line in (LOOKUP_FOLDER / "traditional.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            table.update((ord(pair[0]), pair[1]) for pair in line.split())
    return table


def normalize(text: str) -> str:
    """Lower case, half width, Simplified characters.

    What comes from the assistant is cleaned already (`bot/text_cleaning.py`); training examples are not.
    Case and width must be the same on both sides or the character n-grams of one would be unknown to the
    other.
    """
    return unicodedata.normalize("NFKC", text).lower().translate(_simplified_characters())


def _pack(pieces: list[str]) -> list[str]:
    packed: list[str] = []
    for piece in pieces:
        if packed and len(packed[-1]) + len(piece) <= MAX_SEGMENT_LENGTH:
            packed[-1] += piece
        else:
            packed.append(piece)
    return packed


def segments(text: str, limit: int = 5) -> list[str]:
    """Cut a text at sentence ends, and long sentences at commas, or anywhere if there are none.

    Returns: at least one segment; from more than `limit`, the first and the last ones, where a long story
    has its point.
    """
    found: list[str] = []
    for sentence in _SENTENCE_ENDS.split(text):
        for clause in _pack(_CLAUSE_ENDS.split(sentence)):
            for start in range(0, len(clause), MAX_SEGMENT_LENGTH):
                piece = clause[start : start + MAX_SEGMENT_LENGTH].strip()
                if len(piece) > 1:
                    found.append(piece)
    if len(found) > limit:
        found = found[: limit * 2 // 3] + found[-(limit - limit * 2 // 3) :]
    return found or [text.strip() or "。"]
