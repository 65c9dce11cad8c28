"""What both sides of a search are broken into: single characters and pairs of neighbours.

Chinese needs no dictionary for this, and on lay questions about law it finds more than words from a segmenter
do.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SEPARATOR = 0
_NOT_A_WORD = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_SHIFT = np.uint64(21)

Codes = NDArray[np.uint64]


@functools.cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def simplified(text: str) -> str:
    """Traditional characters as Simplified ones, full-width marks as plain ones."""
    text = unicodedata.normalize("NFKC", text)
    return str(_converter().convert(text)) if text.isascii() is False else text


def searchable(text: str) -> str:
    """Only letters, digits and Chinese characters, in lower case; everything else becomes one space."""
    return _NOT_A_WORD.sub(" ", unicodedata.normalize("NFKC", text).lower())


def gram_codes(text: str, sizes: tuple[int, ...] = (1, 2)) -> Codes:
    """The grams of a text as numbers, in order, with repetitions; none crosses a space."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    points = np.where(points == ord(" "), np.uint64(_SEPARATOR), points)
    return np.concatenate([codes_of_size(points, size) for size in sizes]) if len(points) else points


def codes_of_size(points: Codes, size: int) -> Codes:
    """Grams of one size, without those that hold a separator."""
    codes, whole = grams_at(points, size)
    return codes[whole]


def grams_at(points: Codes, size: int) -> tuple[Codes, NDArray[np.bool_]]:
    """The gram that begins at each place, and whether it is one (holds no separator)."""
    count = max(len(points) - size + 1, 0)
    codes = np.zeros(count, dtype=np.uint64)
    whole = np.ones(count, dtype=np.bool_)
    for offset in range(size):
        part = points[offset : offset + count]
        codes = (codes << _SHIFT) | part
        whole &= part != _SEPARATOR
    return codes, whole
