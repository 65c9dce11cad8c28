"""BM25 over grams of characters, built and asked with numpy alone.

bm25s, which computes the same, spends seconds in Python on cutting 26,000 articles into tokens; here the
whole
collection is one array, so the product starts without a prepared index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge_base.words import Codes, gram_codes, grams_at, searchable


@dataclass(frozen=True, slots=True)
class Field:
    """One part of each document, in the order of the documents; its grams count `weight` times."""

    texts: Sequence[str]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How grams count. `gram_weights[i]` is the share of grams of size i+1; sizes with 0 are left out."""

    k1: float = 1.2
    b: float = 0.75
    gram_weights: tuple[float, ...] = (0.0, 1.0)

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(size for size, weight in enumerate(self.gram_weights, 1) if weight)


class Bm25:
    """An index that is only read after it was built."""

    def __init__(self, fields: Sequence[Field], settings: Settings = Settings()) -> None:
        self.settings = settings
        self.size = len(fields[0].texts) if fields else 0
        self._parts = [_Part(fields, size, settings) for size in settings.sizes] if self.size else []

    def scores(self, query: str) -> NDArray[np.float32]:
        """The score of every document; 0 for those that share nothing with the query."""
        total = np.zeros(self.size, dtype=np.float32)
        text = searchable(query)
        for part in self._parts:
            part.add_scores(gram_codes(text, (part.gram_size,)), total)
        return total

    def known_share(self, query: str) -> float:
        """How much of the query's grams occurs anywhere in the collection, 0 to 1."""
        if not self._parts:
            return 0.0
        part = self._parts[-1]
        codes = np.unique(gram_codes(searchable(query), (part.gram_size,)))
        return float(np.isin(codes, part.terms).mean()) if len(codes) else 0.0


class _Part:
    """The postings of grams of one size: for term i the documents and what each scores, in
    `starts[i]:starts[i + 1]`.
    """

    def __init__(self, fields: Sequence[Field], gram_size: int, settings: Settings) -> None:
        self.gram_size = gram_size
        terms, documents, counts = _count(fields, gram_size)
        lengths = np.zeros(len(fields[0].texts), dtype=np.float32)
        np.add.at(lengths, documents, counts)
        self.terms, starts = np.unique(terms, return_index=True)
        self.starts = np.append(starts, len(terms))
        frequency = np.diff(self.starts)
        idf = np.log1p((len(lengths) - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        average = max(float(lengths.mean()), 1e-6)
        damping = settings.k1 * (1 - settings.b + settings.b * lengths[documents] / average)
        weight = settings.gram_weights[gram_size - 1]
        self.documents = documents
        self.impacts = (
            np.repeat(idf, frequency) * counts * (settings.k1 + 1) / (counts + damping) * np.float32(weight)
        ).astype(np.float32)

    def add_scores(self, codes: Codes, total: NDArray[np.float32]) -> None:
        wanted, repeats = np.unique(codes, return_counts=True)
        places = np.searchsorted(self.terms, wanted)
        for place, code, repeat in zip(places.tolist(), wanted.tolist(), repeats.tolist(), strict=True):
            if place < len(self.terms) and self.terms[place] == code:
                begin, end = self.starts[place], self.starts[place + 1]
                # A document stands once in the postings of a term, so plain indexing adds correctly.
                total[self.documents[begin:end]] += self.impacts[begin:end] * np.float32(repeat)


def _count(fields: Sequence[Field], gram_size: int) -> tuple[Codes, NDArray[np.int32], NDArray[np.float32]]:
    """Term, document and weighted count, sorted by term and document."""
    all_terms, all_documents, all_weights = [], [], []
    for field in fields:
        terms, documents = _grams_by_document(field.texts, gram_size)
        all_terms.append(terms)
        all_documents.append(documents)
        all_weights.append(np.full(len(terms), field.weight, dtype=np.float32))
    terms, documents = np.concatenate(all_terms), np.concatenate(all_documents)
    weights = np.concatenate(all_weights)
    # One stable sort of a combined number is much faster than a sort by two keys.
    vocabulary, inverse = np.unique(terms, return_inverse=True)
    key = inverse.astype(np.int64) * len(fields[0].texts) + documents
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if len(key) else np.zeros(0, dtype=np.int64)
    counts = np.add.reduceat(weights[order], first) if len(first) else np.zeros(0, dtype=np.float32)
    kept = key[first]
    size = len(fields[0].texts)
    return vocabulary[kept // size], (kept % size).astype(np.int32), counts.astype(np.float32)


def _grams_by_document(texts: Sequence[str], gram_size: int) -> tuple[Codes, NDArray[np.int32]]:
    joined = [searchable(text) + " " for text in texts]
    points = np.frombuffer("".join(joined).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    points[points == ord(" ")] = 0
    lengths = np.fromiter((len(text) for text in joined), dtype=np.int64, count=len(joined))
    documents = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    codes, whole = grams_at(points, gram_size)
    return codes[whole], documents[: len(codes)][whole]
