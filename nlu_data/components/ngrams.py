"""Character n-grams with tf-idf weights: no dictionary, so no word is unknown and none is cut wrongly."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nlu_data.components.text import units

MAX_N = 3
_MIN_DOCUMENTS = 2
# The most frequent ones. Three times as many columns take three times as long to train and change no figure.
MAX_COLUMNS = 16_000


def grams(text: str) -> Counter[str]:
    """How often each n-gram occurs in a text. A word in Latin letters counts as one character."""
    found = units(text)
    return Counter("".join(found[i : i + n]) for n in range(1, MAX_N + 1) for i in range(len(found) - n + 1))


@dataclass
class Vocabulary:
    """The n-grams that have a column, and how telling each is."""

    columns: dict[str, int]
    idf: np.ndarray

    @classmethod
    def of(cls, texts: Iterable[str]) -> Vocabulary:
        """Collect what occurs in most of the texts."""
        documents: Counter[str] = Counter()
        total = 0
        for text in texts:
            documents.update(grams(text).keys())
            total += 1
        frequent = sorted(documents.items(), key=lambda item: (-item[1], item[0]))[:MAX_COLUMNS]
        kept = sorted(gram for gram, count in frequent if count >= _MIN_DOCUMENTS)
        idf = [math.log((1 + total) / (1 + documents[gram])) + 1 for gram in kept]
        return cls({gram: column for column, gram in enumerate(kept)}, np.array(idf, dtype=np.float32))

    def row(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Columns and weights of a text; the weights have length 1 together."""
        found = [(self.columns[gram], count) for gram, count in grams(text).items() if gram in self.columns]
        found.sort()
        columns = np.array([column for column, _ in found], dtype=np.int64)
        counts = np.array([count for _, count in found], dtype=np.float32)
        weights = (1 + np.log(np.maximum(counts, 1))) * self.idf[columns]
        return columns, (weights / (np.linalg.norm(weights) + 1e-9)).astype(np.float32)
