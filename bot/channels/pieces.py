"""Long texts in pieces, each within what a channel takes, cut where a reader would pause."""

from __future__ import annotations

import unicodedata
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Where to cut, best first: between paragraphs, lines, sentences, clauses, words.
_BREAKS = (("\n\n",), ("\n",), ("。", "！", "？", "!", "?", "；", ";"), ("，", "、", "：", ","), (" ",))
_MAX_REMEMBERED = 1_000


def utf16_units(words: str) -> int:
    """The length as Telegram counts it: an emoji is two."""
    return len(words.encode("utf-16-le")) // 2


def utf8_bytes(words: str) -> int:
    """The length as WeChat counts it: a Chinese character is three."""
    return len(words.encode())


def split_text(words: str, limit: int, size: Callable[[str], int] = len) -> Iterator[str]:
    """Cut a text into pieces of at most `limit` by `size`. Nothing but blanks at the cuts gets lost.

    A cut never takes an emoji apart that is made of several characters.
    """
    rest = words.strip()
    while size(rest) > limit:
        cut = _cut(rest, _fitting(rest, limit, size))
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    if rest:
        yield rest


def _fitting(words: str, limit: int, size: Callable[[str], int]) -> int:
    """How many characters of the text fit at most; at least one."""
    low, high = 1, min(len(words), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if size(words[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(words: str, longest: int) -> int:
    """The best place to cut at or before `longest`, not in the first half."""
    for marks in _BREAKS:
        found = max(words.rfind(mark, longest // 2, longest) + len(mark) for mark in marks)
        if found > longest // 2:
            return found
    cut = longest
    while cut > 1 and _belongs_to_previous(words[cut - 1], words[cut]):
        cut -= 1
    return cut


def _belongs_to_previous(before: str, character: str) -> bool:
    """Whether a character is drawn as one with the one before: joined emoji, skin tones, accents."""
    is_joiner = "\u200d" in (before, character)
    return is_joiner or unicodedata.category(character) in {"Mn", "Me"} or "🏻" <= character <= "🏿"


class SentPieces:
    """How much of a message of several pieces has gone out, so that trying it again goes on from there.

    In memory: a crash in between sends the whole message again.
    """

    def __init__(self) -> None:
        self._count: OrderedDict[int, int] = OrderedDict()

    def of(self, message_id: int) -> int:
        """How many pieces of the message are out."""
        return self._count.get(message_id, 0)

    def add(self, message_id: int) -> None:
        """One more is."""
        self._count[message_id] = self.of(message_id) + 1
        while len(self._count) > _MAX_REMEMBERED:
            self._count.popitem(last=False)

    def forget(self, message_id: int) -> None:
        """The message is out."""
        self._count.pop(message_id, None)
