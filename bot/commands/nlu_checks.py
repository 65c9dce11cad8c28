"""Figures of understanding beyond right and wrong: emergencies, chat that was taken for a matter, and whether
several categories may be believed at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.commands.nlu_scores import Bin, Ranking, calibration_bins, calibration_error

EMERGENCY = "emergency"
# What these say is nobody's matter.
IDLE = frozenset({"chitchat", "out_of_scope"})
MATTERS = frozenset({"complaint", "legal_consult"})
LIKELY = 0.5


@dataclass(frozen=True, slots=True)
class Count:
    """So many of so many."""

    hits: int
    total: int

    @classmethod
    def of(cls, answers: Iterable[bool]) -> Count:
        """How many are true."""
        found = list(answers)
        return cls(sum(found), len(found))

    def __str__(self) -> str:
        share = f" ({self.hits / self.total:.1%})" if self.total else ""
        return f"{self.hits} of {self.total}{share}"


@dataclass(frozen=True, slots=True)
class Safety:
    """Emergencies that were found, other rows that were taken for one, and idle talk that was taken for a
    question or complaint.
    """

    found: Count
    false_alarms: Count
    leaks: Count


def check_safety(truths: Sequence[str], guesses: Sequence[str]) -> Safety:
    """Compare intents, by the benchmark's words."""
    pairs = list(zip(truths, guesses, strict=True))
    return Safety(
        Count.of(guess == EMERGENCY for truth, guess in pairs if truth == EMERGENCY),
        Count.of(guess == EMERGENCY for truth, guess in pairs if truth != EMERGENCY),
        Count.of(guess in MATTERS for truth, guess in pairs if truth in IDLE),
    )


@dataclass(frozen=True, slots=True)
class Several:
    """Each category's own probability against whether the row is about it.

    Attributes:
        calibration_error: ECE over all pairs of row and category.
        named: categories that are likelier than not, for a row on average.
        found: true ones among those that are true.
        right: true ones among those that were named; too low where rows tell one category only.
    """

    rows: int
    calibration_error: float
    bins: tuple[Bin, ...]
    named: float
    found: Count
    right: Count


def check_several(truths: Sequence[frozenset[str]], rankings: Sequence[Ranking]) -> Several:
    """Score every category of every row by itself."""
    pairs = [
        (chance, code in truth)
        for truth, ranking in zip(truths, rankings, strict=True)
        for code, chance in ranking
    ]
    likely = [[code for code, chance in ranking if chance >= LIKELY] for ranking in rankings]
    bins = calibration_bins(pairs)
    return Several(
        rows=len(truths),
        calibration_error=calibration_error(bins),
        bins=bins,
        named=sum(map(len, likely)) / max(len(likely), 1),
        found=Count.of(code in codes for truth, codes in zip(truths, likely, strict=True) for code in truth),
        right=Count.of(code in truth for truth, codes in zip(truths, likely, strict=True) for code in codes),
    )
