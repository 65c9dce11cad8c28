"""Finds the card that a question is about, by the words and, once vectors are there, by the meaning of its
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
# e5 gives 0.8 to sentences that have nothing in common, and 1 to equal ones.
_NEAR = 0.8
# What the best of each counts. A phrasing says what people ask; body, facts and law help where none comes
# near.
_WORDS_OF_PHRASING = 0.3
_WORDS_OF_CARD = 0.4
_MEANING_OF_PHRASING = 5.0
_MEANING_OF_BODY = 3.0
_MEANING_OF_FACTS = 2.5


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One way to ask for a card; the title is one too."""

    card: int
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """A card with what speaks for it; `score` orders, `near` (a cosine, or a share of words) can be
    compared.
    """

    card: RuleCard
    score: float
    near: float


@dataclass(frozen=True, slots=True)
class _Meaning:
    phrasings: Vectors
    bodies: Vectors
    facts: Vectors


class CardIndex:
    """Cards by words and meaning; only `use_vectors` changes it, in one step."""

    def __init__(self, cards: Sequence[RuleCard]) -> None:
        self.cards = tuple(cards)
        self.phrasings = [
            Phrasing(i, simplified(text)[:LONGEST_QUESTION])
            for i, card in enumerate(cards)
            for text in (card.title, *card.questions)
        ]
        self._owners = np.array([p.card for p in self.phrasings], dtype=np.int64)
        self._exact = {p.text: p.card for p in reversed(self.phrasings)}
        self._guards = np.array([not card.cites and card.kind != "answer" for card in cards], dtype=np.bool_)
        self._by_phrasing = Bm25([Field([p.text for p in self.phrasings])], _PHRASING)
        self._by_card = Bm25(
            [
                Field([card.title for card in cards], 2.0),
                Field([card.answer for card in cards], 1.0),
                Field([_facts(card) for card in cards], 0.6),
            ],
            _WHOLE,
        )
        self._meaning: _Meaning | None = None

    def question_texts(self) -> list[str]:
        """What is encoded as questions."""
        return [p.text for p in self.phrasings]

    def passage_texts(self) -> list[str]:
        """What is encoded as passages: the bodies of all cards, then their facts."""
        bodies = [f"{card.title} {card.answer}"[:LONGEST_TEXT] for card in self.cards]
        facts = [f"{card.title} {_facts(card)}"[:LONGEST_TEXT] for card in self.cards]
        return bodies + facts

    def use_vectors(self, phrasings: Vectors, passages: Vectors) -> None:
        """Rank by meaning too from now on; rows in the order of the two lists above."""
        count = len(self.cards)
        self._meaning = _Meaning(phrasings, passages[:count], passages[count:])

    @property
    def has_vectors(self) -> bool:
        """Whether it ranks by meaning."""
        return self._meaning is not None

    def find(self, question: str, meaning: Vectors | None, limit: int = 5) -> list[Found]:
        """The best cards; the question in Simplified characters, `meaning` its vector if there is one."""
        if not self.cards:
            return []
        scores, near = self._rank(question, meaning)
        if (exact := self._exact.get(question)) is not None:
            scores[exact], near[exact] = scores.max() + 1, 1.0
        best = np.argsort(-scores, kind="stable")[:limit]
        return [Found(self.cards[i], float(scores[i]), float(near[i])) for i in best if near[i] > 0]

    def scores(self, question: str, *, without: int = _NO_PHRASING) -> NDArray[np.float32]:
        """By words alone, a score for each card.

        Args:
            without: the number of a phrasing to leave out, to measure how a card is found by the others.
        """
        phrasing_scores = self._by_phrasing.scores(question)
        if without != _NO_PHRASING:
            phrasing_scores[without] = 0.0
        best = self._best_by_card(phrasing_scores)
        whole = self._by_card.scores(question)
        scores = np.asarray(best + np.float32(0.35) * whole, dtype=np.float32)
        if without == _NO_PHRASING and (exact := self._exact.get(question)) is not None:
            scores[exact] = scores.max() + 1
        return scores

    def _rank(
        self, question: str, meaning: Vectors | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        words = self._best_by_card(self._by_phrasing.scores(question))
        whole = self._by_card.scores(question)
        scores = _WORDS_OF_PHRASING * _over_best(words) + _WORDS_OF_CARD * _over_best(whole)
        known = self._meaning
        if meaning is None or known is None:
            own = float(self._by_phrasing.scores_of_itself(question))
            return np.asarray(scores, dtype=np.float32), np.asarray(words / max(own, 1e-6), dtype=np.float32)
        near = self._near(meaning, known)
        # A guard's text says nothing of what it guards against; its examples stand for it.
        bodies = np.where(self._guards, near - 0.02, known.bodies @ meaning)
        facts = np.where(self._guards, near - 0.02, known.facts @ meaning)
        scores = scores + _MEANING_OF_PHRASING * (near - _NEAR)
        scores = scores + _MEANING_OF_BODY * (bodies - _NEAR) + _MEANING_OF_FACTS * (facts - _NEAR)
        return np.asarray(scores, dtype=np.float32), near

    def _near(self, meaning: Vectors, known: _Meaning) -> NDArray[np.float32]:
        near = np.full(len(self.cards), -1.0, dtype=np.float32)
        np.maximum.at(near, self._owners, known.phrasings @ meaning)
        return near

    def _best_by_card(self, phrasing_scores: NDArray[np.float32]) -> NDArray[np.float32]:
        best = np.zeros(len(self.cards), dtype=np.float32)
        np.maximum.at(best, self._owners, phrasing_scores)
        return best


def _facts(card: RuleCard) -> str:
    return " ".join(fact for cite in card.cites for fact in cite.facts)


def _over_best(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(scores / max(float(scores.max(initial=0.0)), 1e-6), dtype=np.float32)
