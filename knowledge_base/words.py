"""What both sides of a search are broken into: single characters and pairs of neighbours.

Chinese needs no dictionary for this, and on lay questions about law it finds more than words from a
segmenter.
"""

from __future__ import annotations

import functools
import sys
import unicodedata
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Everything kept fits into 16 bits, so that two characters fit into 32 (see `bm25`).
_SHIFT = np.uint64(16)
_SEPARATOR = 0
_FIRST_CHINESE = 0x3400

Codes = NDArray[np.uint64]


def _folding() -> NDArray[np.uint64]:
    """For each character the one it counts as: letters in lower case, full-width as plain, all else a
    separator.
    """
    table = np.zeros(sys.maxunicode + 1, dtype=np.uint64)
    for wide in (0, 0xFEE0):
        for char in "0123456789abcdefghijklmnopqrstuvwxyz":
            table[ord(char) + wide] = table[ord(char.upper()) + wide] = ord(char)
    table[_FIRST_CHINESE:0xA000] = np.arange(_FIRST_CHINESE, 0xA000)
    return table


_FOLDED = _folding()


@functools.cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def simplified(text: str) -> str:
    """Traditional characters as Simplified ones, full-width marks as plain ones."""
    text = unicodedata.normalize("NFKC", text)
    return text if text.isascii() else str(_converter().convert(text))


def points_of(text: str) -> Codes:
    """The characters of a text as numbers; all that is no letter, digit or Chinese character is a
    separator.
    """
    return _FOLDED[np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)]


def grams_at(points: Codes, size: int) -> tuple[Codes, NDArray[np.bool_]]:
    """The gram that begins at each place, and whether it is one (holds no
    separator, and is no lone letter)."""
    count = max(len(points) - size + 1, 0)
    codes = np.zeros(count, dtype=np.uint64)
    whole = np.ones(count, dtype=np.bool_)
    for offset in range(size):
        part = points[offset : offset + count]
        codes = (codes << _SHIFT) | part
        whole &= part != _SEPARATOR
    if size == 1:
        # A letter or digit by itself says nothing.
        whole &= codes >= _FIRST_CHINESE
    return codes, whole


def gram_codes(text: str, size: int) -> Codes:
    """The grams of a text, in order, with repetitions; none crosses a separator."""
    codes, whole = grams_at(points_of(text), size)
    return codes[whole]
