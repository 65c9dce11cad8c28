"""Charts as plain numbers for the templates, which draw them as SVG: no script, sharp in print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


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
