"""Charts as plain numbers for the templates, which draw them as SVG: no script, sharp in print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

RING_RADIUS = 52
RING_LENGTH = 2 * math.pi * RING_RADIUS


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        length: 0 to 100, of the longest.
        marked: how much of the length is the part that stands out (overdue among open).
    """

    label: str
    value: int
    length: float
    marked_value: int = 0
    marked: float = 0.0


def bars(rows: Sequence[tuple[str, int, int]]) -> list[Bar]:
    """Bars for rows of label, value, and the part of the value that stands out."""
    longest = max((value for _, value, _ in rows), default=0) or 1
    return [
        Bar(label, value, round(100 * value / longest, 1), part, round(100 * part / longest, 1))
        for label, value, part in rows
    ]


@dataclass(frozen=True, slots=True)
class Ring:
    """A share as a ring that is filled so far.

    Attributes:
        percent: whole per cent; None when there is nothing to take a share of.
        filled: length of the coloured part of a circle of `RING_RADIUS`; `gap` is the rest.
    """

    label: str
    percent: int | None
    part: int
    whole: int
    filled: float
    gap: float


def ring(label: str, part: int, whole: int) -> Ring:
    """The ring of a share. 100 and 0 per cent are only said when they are exactly that."""
    if not whole:
        return Ring(label, None, part, whole, 0.0, RING_LENGTH)
    share = part / whole
    percent = round(100 * share)
    if 0 < part < whole:
        percent = min(99, max(1, percent))
    filled = round(RING_LENGTH * share, 2)
    return Ring(label, percent, part, whole, filled, round(RING_LENGTH - filled, 2))


@dataclass(frozen=True, slots=True)
class ShareBar:
    """Two shares of one unit, 0 to 100, each None when there is nothing to take a share of."""

    label: str
    first: float | None
    second: float | None


def share_bars(rows: Sequence[tuple[str, float | None, float | None]]) -> list[ShareBar]:
    """Pairs of bars for rows of label and two shares (0 to 1), without rows that have neither."""
    return [
        ShareBar(label, _percent(first), _percent(second))
        for label, first, second in rows
        if first is not None or second is not None
    ]


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a chart over days; coordinates in the chart's own units."""

    day: date
    value: int
    x: float
    y: float
    width: float
    height: float


def columns(days: Sequence[tuple[date, int]], width: float = 720, height: float = 140) -> list[Column]:
    """Columns that fill a box of that size, from its lower edge."""
    highest = max((value for _, value in days), default=0) or 1
    step = width / max(1, len(days))
    found = []
    for index, (day, value) in enumerate(days):
        tall = round(height * value / highest, 1)
        found.append(
            Column(
                day, value, round(index * step + step * 0.15, 1), height - tall, round(step * 0.7, 1), tall
            )
        )
    return found
