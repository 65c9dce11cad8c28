"""What the two heads see of a text: its n-grams, and the meaning of its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from nlu_data.components.ngrams import Vocabulary
from nlu_data.components.words import WordVectors


@dataclass
class Features:
    """Turns texts into numbers."""

    vocabulary: Vocabulary
    words: WordVectors

    @classmethod
    def of(cls, texts: Sequence[str]) -> Features:
        """The n-grams of these texts, and the vectors of the language's words."""
        return cls(Vocabulary.of(texts), WordVectors.distil(texts))

    def dense(self, texts: Sequence[str]) -> np.ndarray:
        """A row of `words.WIDTH` numbers for each text."""
        return np.stack([self.words.mean(text) for text in texts])

    def counts(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """A row for each text and a column for each n-gram."""
        rows = [self.vocabulary.row(text) for text in texts]
        starts = np.concatenate([[0], np.cumsum([len(columns) for columns, _ in rows])])
        values = np.concatenate([values for _, values in rows])
        columns = np.concatenate([columns for columns, _ in rows])
        shape = (len(rows), len(self.vocabulary.columns))
        return sparse.csr_matrix((values, columns, starts), shape=shape, dtype=np.float32)
