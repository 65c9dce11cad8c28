"""BM25 over grams of characters, built and asked with numpy alone.

bm25s computes the same, but spends seconds in Python on cutting 26,000 articles into tokens. Here the whole
collection
is one array of numbers that is sorted once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge_base.words import Codes, gram_codes, grams_at, points_of

# A posting while it is being counted: the gram (32 bits), the document (20), the field (4).
_DOCUMENT_BITS = 20
_FIELD_BITS = 4
# Someone who leans on a key says nothing more by it.
_MOST_REPEATS = 3


@dataclass(frozen=True, slots=True)
class Field:
    """One part of each document, in the order of the documents; its grams count `weight` times."""

    texts: Sequence[str]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How grams count: `gram_weights[i]` is the share of grams of size i+1 (1 or 2); those with 0 are left
    out.
    """

    k1: float = 1.2
    b: float = 0.75
    gram_weights: tuple[float, float] = (0.3, 1.0)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of grams that count at all."""
        return tuple(size for size, weight in enumerate(self.gram_weights, 1) if weight)


class Bm25:
    """An index that is only read after it was built."""

    def __init__(self, fields: Sequence[Field], settings: Settings | None = None) -> None:
        settings = settings or Settings()
        self.size = len(fields[0].texts)
        if self.size >= 1 << _DOCUMENT_BITS or len(fields) >= 1 << _FIELD_BITS:
            raise ValueError("too many documents or fields")
        joined = [_Joined(field.texts) for field in fields]
        self._parts = [_Part(joined, fields, size, settings) for size in settings.sizes] if self.size else []

    def scores(self, query: str) -> NDArray[np.float32]:
        """The score of every document; 0 for those that share nothing with the query."""
        total = np.zeros(self.size, dtype=np.float32)
        for part in self._parts:
            part.add_scores(gram_codes(query, part.gram_size), total)
        return total

    def scores_of_itself(self, query: str) -> float:
        """About what a document scores that is equal to the query; grams that the collection lacks count
        fully.
        """
        return sum(part.highest(gram_codes(query, part.gram_size)) for part in self._parts)


class _Joined:
    """All texts of a field as one array of characters, and the document of each."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.points = points_of("".join(f"{text}\n" for text in texts))
        lengths = np.fromiter((len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
        self.documents = np.repeat(np.arange(len(texts), dtype=np.uint64), lengths)


class _Part:
    """The postings of grams of one size.

    Term i stands in `documents[starts[i]:starts[i + 1]]`, and gives each of them the number at the same place
    in
    `impacts`.
    """

    def __init__(
        self, joined: Sequence[_Joined], fields: Sequence[Field], gram_size: int, settings: Settings
    ) -> None:
        self.gram_size = gram_size
        size = len(fields[0].texts)
        terms, documents, counts = _count(joined, [field.weight for field in fields], gram_size)
        lengths = np.bincount(documents, weights=counts, minlength=size).astype(np.float32)
        first = _first_of_each(terms)
        self.terms = terms[first]
        self.starts = np.append(first, len(terms))
        frequency = np.diff(self.starts)
        idf = np.log1p((size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        damping = settings.k1 * (
            1 - settings.b + settings.b * lengths[documents] / max(float(lengths.mean()), 1e-6)
        )
        weight = np.float32(settings.gram_weights[gram_size - 1] * (settings.k1 + 1))
        self._idf, self._rarest = idf, float(np.log1p((size + 0.5) / 0.5))
        self._weight = settings.gram_weights[gram_size - 1]
        self.documents = documents
        self.impacts = (np.repeat(idf, frequency) * weight * counts / (counts + damping)).astype(np.float32)

    def highest(self, codes: Codes) -> float:
        """What the grams give at most to a document that holds each of them once."""
        wanted = np.unique(codes)
        places = np.searchsorted(self.terms, wanted)
        known = places < len(self.terms)
        known[known] = self.terms[places[known]] == wanted[known]
        idf = np.full(len(wanted), self._rarest, dtype=np.float32)
        idf[known] = self._idf[places[known]]
        return float(idf.sum() * self._weight)

    def add_scores(self, codes: Codes, total: NDArray[np.float32]) -> None:
        """Add what each gram of a query gives to each document."""
        wanted, repeats = np.unique(codes, return_counts=True)
        places = np.searchsorted(self.terms, wanted)
        known = places < len(self.terms)
        known[known] = self.terms[places[known]] == wanted[known]
        repeats = np.minimum(repeats, _MOST_REPEATS)
        for place, repeat in zip(places[known].tolist(), repeats[known].tolist(), strict=True):
            begin, end = self.starts[place], self.starts[place + 1]
            # A document stands once among the postings of a term, so plain indexing adds correctly.
            impacts = self.impacts[begin:end]
            total[self.documents[begin:end]] += impacts * np.float32(repeat) if repeat > 1 else impacts


def _count(
    joined: Sequence[_Joined], weights: Sequence[float], gram_size: int
) -> tuple[Codes, NDArray[np.int64], NDArray[np.float32]]:
    """Term, document and weighted count, sorted by term and document."""
    postings = []
    for number, field in enumerate(joined):
        codes, whole = grams_at(field.points, gram_size)
        owners = field.documents[: len(codes)][whole]
        posting = (codes[whole] << np.uint64(_DOCUMENT_BITS) | owners) << np.uint64(_FIELD_BITS)
        postings.append(posting | np.uint64(number))
    # Numbers sort many times faster than an order of them does, so everything that matters is inside the
    # number.
    keys: Codes = np.sort(np.concatenate(postings))
    counts: NDArray[np.float32] = np.asarray(weights, dtype=np.float32)[
        (keys & np.uint64((1 << _FIELD_BITS) - 1)).astype(np.int64)
    ]
    keys = keys >> np.uint64(_FIELD_BITS)
    first = _first_of_each(keys)
    counts = np.add.reduceat(counts, first) if len(first) else counts
    keys = keys[first]
    documents: NDArray[np.int64] = (keys & np.uint64((1 << _DOCUMENT_BITS) - 1)).astype(np.int64)
    terms: Codes = keys >> np.uint64(_DOCUMENT_BITS)
    return terms, documents, counts


def _first_of_each(ordered: Codes) -> NDArray[np.int64]:
    """Where each new value of an ordered array begins."""
    if not len(ordered):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
