"""What scores mean: from which on a card answers, and from which on the citizen is asked which card is
meant.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from knowledge_base.card_index import Found
from knowledge_base.vectors import Vectors


class Scale(NamedTuple):
    """What scores mean: a card answers from `sure` on; from `unsure` on the citizen is asked which card is
    meant.
    """

    sure: float
    unsure: float
    steepness: float

    def confidence(self, score: float) -> float:
        """0.5 at the threshold, towards 1 above it."""
        return 1 / (1 + math.exp(-self.steepness * (score - self.sure)))


# Set by measurement (docs/adr/0004-knowledge-base.md). Cards are in Chinese: a question in another language
# comes less near to all of them, and shares no words with any.
BY_MEANING = Scale(1.66, 1.58, 3.0)
ACROSS_LANGUAGES = Scale(0.55, 0.35, 3.0)
BY_WORDS = Scale(0.42, 0.3, 10.0)
# A guard that hands over to a person has to be this much surer than a card.
SURELY = 0.1
# A guard that tells what is out of scope may have this much less than a card that is none too sure.
_NEARLY, _DOUBT = 0.3, 0.38


def allowance(guard: Found, best: Found, scale: Scale) -> float:
    """How much less a guard may have: a little, if it is out of scope and the card is none too sure."""
    doubtful = best.score < scale.sure + _DOUBT
    return _NEARLY if doubtful and guard.card.kind == "out_of_scope" else 0.0


def scale_of(text: str, vector: Vectors | None) -> Scale:
    """The one for a question's language, and for words alone where it has no vector."""
    if vector is None:
        return BY_WORDS
    letters = sum(c.isascii() and c.isalpha() for c in text)
    chinese = sum("\u3400" <= c <= "\u9fff" for c in text)
    return ACROSS_LANGUAGES if letters > 4 * chinese else BY_MEANING
