"""The words of what an officer searches for, so that they need not stand side by side in a ticket."""

from __future__ import annotations

import re
from functools import lru_cache

import jieba

# Chinese is cut into words; numbers, signs and foreign words stay as they were typed.
_PARTS = re.compile(r"[\u4e00-\u9fff]+|[^\s\u4e00-\u9fff]+")


@lru_cache(maxsize=1)
def _cutter() -> jieba.Tokenizer:
    """jieba's dictionary; reading it takes a second, once."""
    jieba.setLogLevel("WARNING")
    cutter = jieba.Tokenizer()
    # A cache in the shared temporary folder could be somebody else's.
    cutter.cache_file = None
    cutter.initialize()
    return cutter


def words_of(text: str) -> list[str]:
    """Each word once, in its order."""
    words: list[str] = []
    for part in _PARTS.findall(text):
        words += _cutter().cut(part) if "\u4e00" <= part[0] <= "\u9fff" else [part]
    return list(dict.fromkeys(words))


def warm_up() -> None:
    """Read the dictionary now, so that the first search needn't wait."""
    _cutter()
