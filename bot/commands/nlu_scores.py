"""Figures about a classifier: accuracy, macro-F1 with bootstrap intervals, calibration, confusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_RESAMPLES = 1000
_BINS = 10

Ranking = list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Item:
    """One row: what it is, what was guessed, and how sure the guess was."""

    truth: str
    guess: str
    confidence: float
    text: str


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows with about the same confidence."""

    confidence: float
    accuracy: float
    rows: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures about one kind of label.

    Attributes:
        is_ranked: whether rankings had more than one label, so that `top_2` says more than `accuracy`.
        accuracy_interval, macro_f1_interval: 95 %, by bootstrap over the rows.
        calibration_error: expected calibration error (ECE) over ten bins of equal width.
    """

    items: tuple[Item, ...]
    is_ranked: bool
    accuracy: float
    accuracy_interval: tuple[float, float]
    top_2: float
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    calibration_error: float
    bins: tuple[Bin, ...]

    @property
    def rows(self) -> int:
        """How many rows were scored."""
        return len(self.items)

    @property
    def labels(self) -> list[str]:
        """All labels, most frequent first."""
        counts = Counter(item.truth for item in self.items)
        counts.update(dict.fromkeys((item.guess for item in self.items), 0))
        return [label for label, _ in counts.most_common()]

    def matrix(self) -> Counter[tuple[str, str]]:
        """How often each truth got each guess."""
        return Counter((item.truth, item.guess) for item in self.items)

    def confusions(self, limit: int) -> list[tuple[tuple[str, str], int]]:
        """The errors that happen most."""
        return [pair for pair in self.matrix().most_common() if pair[0][0] != pair[0][1]][:limit]

    def worst(self, limit: int) -> list[Item]:
        """The errors that were surest of themselves."""
        wrong = [item for item in self.items if item.truth != item.guess]
        return sorted(wrong, key=lambda item: -item.confidence)[:limit]


def score(truths: list[str], rankings: list[Ranking], texts: list[str]) -> Scores:
    """Score rankings (best first) against the truth. No rows give zeros."""
    best = [ranking[0] if ranking else ("", 0.0) for ranking in rankings]
    items = tuple(
        Item(truth, guess, confidence, text)
        for truth, (guess, confidence), text in zip(truths, best, texts, strict=True)
    )
    names = sorted({*truths, *(guess for guess, _ in best)})
    truth = np.array([names.index(item.truth) for item in items], dtype=int)
    guess = np.array([names.index(item.guess) for item in items], dtype=int)
    samples = _resamples(len(items))
    bins = calibration_bins([(item.confidence, item.truth == item.guess) for item in items])
    return Scores(
        items=items,
        is_ranked=any(len(ranking) > 1 for ranking in rankings),
        accuracy=_mean(truth == guess),
        accuracy_interval=_interval([_mean(truth[rows] == guess[rows]) for rows in samples]),
        top_2=_mean(
            np.array(
                [
                    item.truth in [name for name, _ in ranking[:2]]
                    for item, ranking in zip(items, rankings, strict=True)
                ]
            )
        ),
        macro_f1=macro_f1(truth, guess),
        macro_f1_interval=_interval([macro_f1(truth[rows], guess[rows]) for rows in samples]),
        calibration_error=calibration_error(bins),
        bins=bins,
    )


def macro_f1(truth: np.ndarray, guess: np.ndarray) -> float:
    """Mean F1 over the labels that occur in the truth."""
    scores = []
    for label in np.unique(truth):
        hits = int(((truth == label) & (guess == label)).sum())
        total = int((truth == label).sum() + (guess == label).sum())
        scores.append(2 * hits / total)
    return float(np.mean(scores)) if scores else 0.0


def calibration_bins(pairs: Sequence[tuple[float, bool]]) -> tuple[Bin, ...]:
    """Pairs of confidence and "was right", in ten bins of equal width; empty ones are left out."""
    bins = []
    for number in range(_BINS):
        inside = [pair for pair in pairs if min(int(pair[0] * _BINS), _BINS - 1) == number]
        if inside:
            accuracy = sum(is_right for _, is_right in inside) / len(inside)
            bins.append(Bin(sum(confidence for confidence, _ in inside) / len(inside), accuracy, len(inside)))
    return tuple(bins)


def calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance of confidence and accuracy (ECE)."""
    total = sum(found.rows for found in bins)
    return sum(abs(found.confidence - found.accuracy) * found.rows for found in bins) / max(total, 1)


def _resamples(size: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, size, size) for _ in range(_RESAMPLES)] if size else []


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0


def _interval(values: list[float]) -> tuple[float, float]:
    if not values:
        return (0.0, 0.0)
    low, high = np.percentile(values, [2.5, 97.5])
    return (float(low), float(high))
