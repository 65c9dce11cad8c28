"""How much two reports sound like the same matter: weighted character pairs, no dictionary, no model.

Pairs that many reports share ("垃圾", "小区") say little, pairs that few share (the name of an estate or a
shop) say much; so each pair weighs as much as it is rare among the reports that are compared.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_NOT_WORDS = re.compile(r"[^0-9a-z\u3400-\u9fff]+")


def runs(text: str) -> list[str]:
    """The unbroken runs of letters, digits and Chinese characters, in one width and case."""
    return [run for run in _NOT_WORDS.split(unicodedata.normalize("NFKC", text).lower()) if run]


def pairs(text: str) -> frozenset[str]:
    """Neighbouring characters, within such runs."""
    return frozenset(run[start : start + 2] for run in runs(text) for start in range(len(run) - 1))


# As if so many other reports had been seen, with no pair in two of them: few reports can't tell what is
# common.
_UNSEEN_REPORTS = 200


class Weights:
    """How much each pair of characters says among some reports."""

    def __init__(self, reports: Iterable[frozenset[str]]) -> None:
        found: Counter[str] = Counter()
        total = _UNSEEN_REPORTS
        for report in reports:
            found.update(report)
            total += 1
        self._weights = {pair: math.log(total / (count + 1.5)) for pair, count in found.items()}
        self._rarest = math.log(total / 1.5)

    def weigh(self, report: Iterable[str]) -> float:
        """The sum of the weights of pairs."""
        return sum(self._weights.get(pair, self._rarest) for pair in report)

    def similarity(self, one: frozenset[str], other: frozenset[str]) -> float:
        """0 (nothing in common) to 1 (the same): the shared weight, as part of the two's middle weight."""
        both = math.sqrt(max(self.weigh(one), 0.0) * max(self.weigh(other), 0.0))
        return min(max(self.weigh(one & other), 0.0) / both, 1.0) if both else 0.0

    def containment(self, small: frozenset[str], large: frozenset[str]) -> float:
        """How much of the smaller one's weight is in the other: a short place inside a long sentence."""
        whole = self.weigh(small)
        return min(max(self.weigh(small & large), 0.0) / whole, 1.0) if whole > 0 else 0.0
