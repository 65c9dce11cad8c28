"""L-BFGS in single precision.

SciPy's works in double precision behind a layer of checks, and needs as much time for itself as for our loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]

_REMEMBERED = 6
# A step must gain this share of what the slope promises.
_GAIN = 1e-4
_SHORTEST = 1e-6


@dataclass(frozen=True)
class _Move:
    """A step that was taken, and how the slope changed by it."""

    step: np.ndarray
    change: np.ndarray
    product: float


def minimise(objective: Objective, start: np.ndarray, steps: int) -> np.ndarray:
    """Where `objective` is smallest, as far as so many steps lead.

    Args:
        objective: takes a vector; returns the value there and the slope.
    """
    point = start
    value, slope = objective(point)
    moves: list[_Move] = []
    for _ in range(steps):
        direction = _direction(slope, moves)
        promised = float(slope @ direction)
        length = 1.0
        while True:
            further = point + np.float32(length) * direction
            new_value, new_slope = objective(further)
            if new_value <= value + _GAIN * length * promised:
                break
            length /= 2
            if length < _SHORTEST:
                return point
        move, change = further - point, new_slope - slope
        product = float(move @ change)
        if product > 0:
            moves = [*moves[1 - _REMEMBERED :], _Move(move, change, product)]
        point, value, slope = further, new_value, new_slope
    return point


def _direction(slope: np.ndarray, moves: Sequence[_Move]) -> np.ndarray:
    """Downhill, bent by what the last moves told about the curvature."""
    direction = -slope
    if not moves:
        return np.asarray(direction / max(1.0, float(np.linalg.norm(slope))))
    shares = []
    for move in reversed(moves):
        share = float(move.step @ direction) / move.product
        direction -= share * move.change
        shares.append(share)
    direction *= moves[-1].product / float(moves[-1].change @ moves[-1].change)
    for move, share in zip(moves, reversed(shares), strict=True):
        direction += (share - float(move.change @ direction) / move.product) * move.step
    return direction
