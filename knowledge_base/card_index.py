"""Finds the card that a question is about: by the words and, once vectors are there, by the meaning of its
phrasings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge_base.bm25 import Bm25, Field, Settings
from knowledge_base.models import RuleCard
from knowledge_base.vectors import LONGEST_QUESTION, LONGEST_TEXT, Vectors
from knowledge_base.words import simplified

_PHRASING = Settings(k1=0.9, b=0.4, gram_weights=(0.35, 1.0))
_WHOLE = Settings(k1=1.2, b=0.6, gram_weights=(0.2, 1.0))
_NO_PHRASING = -1
# e5 gives about 0.8 to sentences that have nothing in common, and 1 to equal ones.
_NEAR = 0.8
# What each way of looking counts, measured by leaving phrasings out and on questions of strangers: the best
# phrasing
# and the whole card by words (each over the best card), the nearest phrasing, the facts, and the middle of a
# card's
# phrasings by meaning.
_WORDS_OF_PHRASING = 0.3
_WORDS_OF_CARD = 0.4
_MEANING_OF_PHRASING = 5.0
_MEANING_OF_FACTS = 4.5
_MEANING_OF_MIDDLE = 1.0
# How much the directions in which phrasings of one card differ are evened out; 1 would even out nothing.
_SHRINKAGE = 0.3

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One way to ask for a card; the title is one too."""

    card: int
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A card with what speaks for it.

    Attributes:
        score: by meaning and words together, comparable between questions; about 1.8 is where answers begin
            to be
            right. By words alone it is the share of the question that the best phrasing holds, 0 to about 1.
    """

    card: RuleCard
    score: float


@dataclass(frozen=True, slots=True)
class _Meaning:
    """Vectors of the phrasings and facts, and the space in which the middles of the cards lie apart."""

    phrasings: Vectors
    facts: Vectors
    centre: Vectors
    evening: Vectors
    middles: Vectors
    guards: Vectors  # the evened phrasings of all guards: they have no middle, each example stands for itself


class CardIndex:
    """Cards by words and meaning; only `use_vectors` changes it, in one step."""

    def __init__(self, cards: Sequence[RuleCard], article_texts: Sequence[str] | None = None) -> None:
        """Build the index.

        Args:
            article_texts: for each card the text of the articles that it cites.
        """
        self.cards = tuple(cards)
        self.phrasings = [
            Phrasing(i, simplified(text)[:LONGEST_QUESTION])
            for i, card in enumerate(cards)
            for text in (card.title, *card.questions)
        ]
        self._numbers = {p.text: n for n, p in reversed(list(enumerate(self.phrasings)))}
        self._owners = np.array([p.card for p in self.phrasings], dtype=np.int64)
        self._starts = np.flatnonzero(np.diff(self._owners, prepend=-1))
        self._guards = np.array([card.topic == "guard" for card in cards], dtype=np.bool_)
        self._by_phrasing = Bm25([Field([p.text for p in self.phrasings])], _PHRASING)
        self._by_card = Bm25(
            [
                Field([card.title for card in cards], 2.0),
                Field([card.answer for card in cards], 1.0),
                Field([_facts(card) for card in cards], 0.6),
                Field(article_texts or [""] * len(cards), 0.3),
            ],
            _WHOLE,
        )
        self._meaning: _Meaning | None = None

    def question_texts(self) -> list[str]:
        """What is encoded as questions."""
        return [p.text for p in self.phrasings]

    def passage_texts(self) -> list[str]:
        """What is encoded as passages, one for each card."""
        return [f"{card.title} {_facts(card)}"[:LONGEST_TEXT] for card in self.cards]

    def use_vectors(self, phrasings: Vectors, facts: Vectors) -> None:
        """Rank by meaning too from now on; rows in the order of the two lists above."""
        centre = phrasings.mean(axis=0)
        evening = self._evening(phrasings)
        even = _unit((phrasings - centre) @ evening)
        middles = np.zeros((len(self.cards), phrasings.shape[1]), dtype=np.float32)
        np.add.at(middles, self._owners, even)
        about = _unit((facts - facts.mean(axis=0)) @ evening)
        about[self._guards] = 0.0
        examples = even[self._guards[self._owners]]
        self._meaning = _Meaning(phrasings, facts, centre, evening, _unit(middles + about), examples)

    @property
    def has_vectors(self) -> bool:
        """Whether it ranks by meaning."""
        return self._meaning is not None

    def vector_of(self, question: str) -> Vectors | None:
        """The vector of a question that is one of the phrasings, if it has one already."""
        if self._meaning is None or (number := self._numbers.get(question)) is None:
            return None
        vector: Vectors = self._meaning.phrasings[number]
        return vector

    def find(self, question: str, vector: Vectors | None, limit: int = 6) -> list[Found]:
        """The best cards, best first; the question in Simplified characters, its vector if there is one."""
        if not self.cards:
            return []
        scores = (
            self._by_words(question)
            if vector is None or self._meaning is None
            else self._both(question, vector)
        )
        if (number := self._numbers.get(question)) is not None:
            scores[self.phrasings[number].card] = max(float(scores.max()) + 0.5, 3.0)
        best = np.argsort(-scores, kind="stable")[:limit]
        return [Found(self.cards[i], float(scores[i])) for i in best if scores[i] > 0]

    def nearest_phrasings(self, text: str, limit: int) -> list[Phrasing]:
        """The phrasings that share most words with a text, nearest first."""
        scores = self._by_phrasing.scores(simplified(text))
        best = np.argsort(-scores, kind="stable")[:limit]
        return [self.phrasings[i] for i in best if scores[i] > 0]

    def scores(self, question: str, *, without: int = _NO_PHRASING) -> Scores:
        """By words alone, a score for each card, to test the cards with.

        Args:
            without: the number of a phrasing to leave out, to measure how a card is found by the others.
        """
        phrasing_scores = self._by_phrasing.scores(question)
        if without != _NO_PHRASING:
            phrasing_scores[without] = 0.0
        whole = self._by_card.scores(question)
        scores = np.asarray(self._best_by_card(phrasing_scores) + np.float32(0.35) * whole, dtype=np.float32)
        if without == _NO_PHRASING and (number := self._numbers.get(question)) is not None:
            scores[self.phrasings[number].card] = scores.max() + 1
        return scores

    def _by_words(self, question: str) -> Scores:
        words = self._best_by_card(self._by_phrasing.scores(question))
        own = self._by_phrasing.scores_of_itself(question)
        whole = self._by_card.scores(question)
        return np.asarray(words / max(own, 1e-6) + np.float32(0.1) * _over_best(whole), dtype=np.float32)

    def _both(self, question: str, vector: Vectors) -> Scores:
        known = self._meaning
        assert known is not None  # noqa: S101 (only called when it is)
        words = _over_best(self._best_by_card(self._by_phrasing.scores(question)))
        whole = _over_best(self._by_card.scores(question))
        near = np.maximum.reduceat(known.phrasings @ vector, self._starts)
        # A guard has no facts; its examples stand for them.
        facts = np.where(self._guards, near - 0.02, known.facts @ vector)
        even: Vectors = _unit(np.dot(vector - known.centre, known.evening).astype(np.float32))
        middle = np.dot(known.middles, even)
        if len(known.guards):
            owners = self._owners[self._guards[self._owners]]
            nearest = np.full(len(self.cards), -1.0, dtype=np.float32)
            np.maximum.at(nearest, owners, np.dot(known.guards, even))
            middle = np.where(self._guards, nearest, middle)
        scores = _WORDS_OF_PHRASING * words + _WORDS_OF_CARD * whole
        scores = scores + _MEANING_OF_PHRASING * (near - _NEAR) + _MEANING_OF_FACTS * (facts - _NEAR)
        return np.asarray(scores + _MEANING_OF_MIDDLE * middle, dtype=np.float32)

    def _evening(self, phrasings: Vectors) -> Vectors:
        """Evens out the directions in which phrasings of the same card differ (the manner, not the
        matter).
        """
        counts = np.bincount(self._owners, minlength=len(self.cards)).astype(np.float32)
        middles = np.zeros((len(self.cards), phrasings.shape[1]), dtype=np.float32)
        np.add.at(middles, self._owners, phrasings)
        rest = phrasings - (middles / counts[:, None])[self._owners]
        spread: NDArray[np.float64] = np.cov(rest, rowvar=False, bias=True)
        even = np.trace(spread) / len(spread) * np.eye(len(spread))
        values, directions = np.linalg.eigh(
            (1 - _SHRINKAGE) * spread + _SHRINKAGE * even + 1e-9 * np.eye(len(spread))
        )
        return np.asarray((directions / np.sqrt(values)) @ directions.T, dtype=np.float32)

    def _best_by_card(self, phrasing_scores: Scores) -> Scores:
        best = np.zeros(len(self.cards), dtype=np.float32)
        np.maximum.at(best, self._owners, phrasing_scores)
        return best


def _facts(card: RuleCard) -> str:
    return " ".join(fact for cite in card.cites for fact in cite.facts)


def _over_best(scores: Scores) -> Scores:
    return np.asarray(scores / max(float(scores.max(initial=0.0)), 1e-6), dtype=np.float32)


def _unit(vectors: Vectors) -> Vectors:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), dtype=np.float32)
