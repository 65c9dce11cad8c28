"""Finds articles of law: by citation, by words, and by meaning once vectors are there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from knowledge_base.bm25 import Bm25, Field, Settings
from knowledge_base.citations import CitationFinder
from knowledge_base.models import Article, Hit, Status
from knowledge_base.statutes.library import StatuteLibrary, as_article
from knowledge_base.statutes.version import StatuteVersion
from knowledge_base.vectors import LONGEST_TEXT, Vectors
from knowledge_base.words import simplified

SETTINGS = Settings(k1=1.2, b=0.75, gram_weights=(0.4, 1.0))
TITLE_WEIGHT = 1.0
HEADING_WEIGHT = 1.0
# Words beside meaning, each in its own standard deviations: by words a few articles stand far out, by meaning
# all lie close together, and scaling both to 0..1 loses that.
_WORDS_SHARE = 0.2
# What a card cites stands nearer to a query like one of its phrasings: from this cosine on, times this.
_LIKE_A_PHRASING = 0.86
_PHRASING_SHARE = 20.0
# An article that the question names stands above all that words find.
_NAMED = 10.0
LONGEST_QUERY = 600
# An article that shares less than this of the words of a query has nothing to do with it, whatever else it
# scores.
_LEAST_WORDS = 0.04


def index_articles(laws: Sequence[str], headings: Sequence[str], texts: Sequence[str]) -> Bm25:
    """Articles by words: title of the law, path of headings, and text count."""
    return Bm25([Field(laws, TITLE_WEIGHT), Field(headings, HEADING_WEIGHT), Field(texts)], SETTINGS)


class LawSearch:
    """All articles of all versions; a search sees those in force on its day."""

    def __init__(self, library: StatuteLibrary, citations: CitationFinder) -> None:
        self._library = library
        self._citations = citations
        self._versions: list[StatuteVersion] = list(library.all_versions())
        owners = [(i, article) for i, version in enumerate(self._versions) for article in version.articles]
        self._owner = np.array([i for i, _ in owners], dtype=np.int64)
        self._articles = [article for _, article in owners]
        self._place = {(i, article.number): n for n, (i, article) in enumerate(owners)}
        self._words = index_articles(
            [self._versions[i].law for i, _ in owners],
            [article.heading for article in self._articles],
            [article.text for article in self._articles],
        )
        self._masks: dict[date, NDArray[np.bool_]] = {}
        self._vectors: tuple[Vectors, NDArray[np.bool_]] | None = None
        self._phrasings: tuple[Vectors, list[list[int]]] | None = None

    def passages(self, day: date, first: frozenset[str] = frozenset()) -> list[str]:
        """The texts to encode for a day, those of the statutes in `first` before the others."""
        mask = self._in_force(day)
        places = np.flatnonzero(mask).tolist()
        places.sort(key=lambda n: self._versions[self._owner[n]].law not in first)
        return [self._passage(n) for n in places]

    def all_passages(self) -> list[str]:
        """The text of each article as it is encoded, in the order of the index."""
        return [self._passage(n) for n in range(len(self._articles))]

    def use_vectors(self, vectors: Vectors, there: NDArray[np.bool_]) -> None:
        """Search by meaning too from now on; rows in the order of `all_passages`."""
        self._vectors = (vectors, there)

    def use_phrasings(self, vectors: Vectors, cited: Sequence[Sequence[tuple[str, str]]], day: date) -> None:
        """Let questions that are known to lead to articles (law and number) lead others there too; a row and
        an entry for each.
        """
        known: dict[tuple[str, str], int | None] = {}
        for cite in {cite for cites in cited for cite in cites}:
            known[cite] = self.place_of(*cite, day)
        places = [[n for cite in cites if (n := known[cite]) is not None] for cites in cited]
        self._phrasings = (vectors, places)

    def encoded(self, day: date) -> NDArray[np.bool_]:
        """Which articles are in force on that day and have a vector, in the order of the index."""
        if self._vectors is None:
            return np.zeros(len(self._articles), dtype=np.bool_)
        return self._in_force(day) & self._vectors[1]

    def ranked(
        self, query: str, *, day: date, limit: int, meaning: Vectors | None, pool: NDArray[np.bool_]
    ) -> list[int]:
        """The places of the best articles of a pool, to measure what meaning adds."""
        words = np.where(pool, self._words.scores(simplified(query[:LONGEST_QUERY])), 0.0).astype(np.float32)
        return _best(np.where(pool, self._fused(words, day, meaning), 0.0).astype(np.float32), limit)

    def search(self, query: str, *, day: date, limit: int = 5, meaning: Vectors | None = None) -> list[Hit]:
        """The articles in force on `day` that fit best.

        An article that the query names comes first, also when it is no longer law: its status says so.

        Args:
            meaning: the vector of the query, if there is one.
        """
        query = simplified(query[:LONGEST_QUERY])
        words = self._words.scores(query)
        scores = self._fused(words, day, meaning)
        hits = self._named(query, day)
        known = {(hit.law, hit.article) for hit in hits}
        least = _LEAST_WORDS * self._words.scores_of_itself(query)
        for n in _best(scores, limit):
            if words[n] < least:
                continue
            article = self.at(n, day)
            if (article.law, article.article) not in known:
                hits.append(_hit(article, float(scores[n])))
        return hits[:limit]

    def at(self, place: int, day: date) -> Article:
        """The article at a place of the index."""
        return as_article(self._versions[self._owner[place]], self._articles[place], day)

    def word_scores(self, query: str) -> NDArray[np.float32]:
        """By words alone, for every article of every version."""
        return self._words.scores(query)

    def place_of(self, law: str, article: str, day: date) -> int | None:
        """Where an article stands in the index, in the version of that day."""
        for i, version in enumerate(self._versions):
            if version.law == law and version.status_on(day) is Status.IN_FORCE:
                return self._place.get((i, article))
        return None

    def _fused(self, words: NDArray[np.float32], day: date, meaning: Vectors | None) -> NDArray[np.float32]:
        mask = self._in_force(day)
        words = np.where(mask, words, 0.0).astype(np.float32)
        if meaning is None or self._vectors is None:
            return words
        vectors, there = self._vectors
        known = mask & there
        near = np.where(known, _standard(vectors @ meaning, known), 0.0)
        fused = _WORDS_SHARE * _standard(words, mask) + near + self._by_phrasings(meaning)
        return np.where(mask, fused, 0.0).astype(np.float32)

    def _by_phrasings(self, meaning: Vectors) -> NDArray[np.float32]:
        """For every article what the phrasings add that lead to it."""
        added = np.zeros(len(self._articles), dtype=np.float32)
        if self._phrasings is not None:
            vectors, places = self._phrasings
            near = vectors @ meaning
            for number in np.flatnonzero(near > _LIKE_A_PHRASING).tolist():
                cited = places[number]
                added[cited] = np.maximum(added[cited], near[number] - _LIKE_A_PHRASING)
        return np.asarray(_PHRASING_SHARE * added, dtype=np.float32)

    def _named(self, query: str, day: date) -> list[Hit]:
        hits = []
        for mention in self._citations.find(query):
            if mention.article and (article := self._library.article(mention.law, mention.article, day)):
                hits.append(_hit(article, _NAMED))
        return hits

    def _in_force(self, day: date) -> NDArray[np.bool_]:
        known = self._masks.get(day)
        if known is None:
            current = np.array([version.status_on(day) is Status.IN_FORCE for version in self._versions])
            known = np.asarray(current[self._owner], dtype=np.bool_)
            # Nearly all questions are about today; an odd day need not be kept.
            self._masks = {day: known}
        return known

    def _passage(self, place: int) -> str:
        version, article = self._versions[self._owner[place]], self._articles[place]
        return f"{version.law} {article.heading} {article.text}"[:LONGEST_TEXT]


def _best(scores: NDArray[np.float32], limit: int) -> list[int]:
    count = min(limit, len(scores))
    top = np.argpartition(-scores, count - 1)[:count] if count else np.zeros(0, dtype=np.int64)
    ordered = top[np.argsort(-scores[top], kind="stable")]
    return [int(n) for n in ordered if scores[n] > 0]


def _standard(scores: NDArray[np.float32], among: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How many standard deviations each lies above the middle of those it is `among`."""
    if not among.any():
        return np.zeros_like(scores)
    of = scores[among]
    return np.asarray((scores - of.mean()) / max(float(of.std()), 1e-6), dtype=np.float32)


def _hit(article: Article, score: float) -> Hit:
    return Hit(article.law, article.article, article.text, score, article.status)
