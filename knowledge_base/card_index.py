"""Finds the card that a question is about, by the words of its phrasings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge_base.bm25 import Bm25, Field, Settings
from knowledge_base.models import RuleCard
from knowledge_base.words import simplified

_PHRASING = Settings(k1=0.9, b=0.4, gram_weights=(0.35, 1.0))
_WHOLE = Settings(k1=1.2, b=0.6, gram_weights=(0.2, 1.0))
# A phrasing says what people ask; the card's own words only help where no phrasing comes near.
_WHOLE_SHARE = 0.35
_NO_PHRASING = -1


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One way to ask for a card; the title is one too."""

    card: int
    text: str


class CardIndex:
    """Cards by words; built once, then only read."""

    def __init__(self, cards: Sequence[RuleCard]) -> None:
        self.cards = tuple(cards)
        self.phrasings = [
            Phrasing(i, simplified(text))
            for i, card in enumerate(cards)
            for text in (card.title, *card.questions)
        ]
        self._owners = np.array([p.card for p in self.phrasings], dtype=np.int64)
        self._by_phrasing = Bm25([Field([p.text for p in self.phrasings])], _PHRASING)
        self._by_card = Bm25(
            [
                Field([f"{card.title} {' '.join(card.questions)}" for card in cards], 1.0),
                Field([card.answer for card in cards], 0.6),
                Field([" ".join(f for cite in card.cites for f in cite.facts) for card in cards], 0.4),
            ],
            _WHOLE,
        )

    def scores(self, question: str, *, without: int = _NO_PHRASING) -> NDArray[np.float32]:
        """A score for each card: its best phrasing, with a share for the card as a whole.

        Args:
            without: the number of a phrasing to leave out, to measure how a card is found by the others.
        """
        question = simplified(question)
        phrasing_scores = self._by_phrasing.scores(question)
        if without != _NO_PHRASING:
            phrasing_scores[without] = 0.0
        best = self.best_by_card(phrasing_scores)
        return np.asarray(best + np.float32(_WHOLE_SHARE) * self._by_card.scores(question), dtype=np.float32)

    def best_by_card(self, phrasing_scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """The best score among the phrasings of each card."""
        best = np.zeros(len(self.cards), dtype=np.float32)
        np.maximum.at(best, self._owners, phrasing_scores)
        return best
