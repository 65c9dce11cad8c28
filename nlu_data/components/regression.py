"""Logistic regression over dense and sparse columns at once.

scikit-learn wants one matrix. Put into a sparse one, the dense columns of each row make every step eight
times slower.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from nlu_data.components.descent import minimise

# Takes the scores (a row for each text, a column for each label); returns the loss and its gradient.
Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass
class Linear:
    """Weights of one head; one column for each label."""

    dense: np.ndarray
    sparse: np.ndarray
    bias: np.ndarray

    def scores(self, dense: np.ndarray, columns: np.ndarray, values: np.ndarray) -> np.ndarray:
        """One score for each label of one text."""
        scores = self.bias + dense @ self.dense
        if len(columns):
            scores = scores + values @ self.sparse[columns].astype(np.float32)
        return np.asarray(scores)


def one_of(targets: np.ndarray) -> Loss:
    """Log loss where each text has one label; `targets` are weights, and may share a text among labels."""
    totals = targets.sum(axis=1, keepdims=True)

    def loss(scores: np.ndarray) -> tuple[float, np.ndarray]:
        scores -= scores.max(axis=1, keepdims=True)
        correct = float((targets * scores).sum())
        np.exp(scores, out=scores)
        sums = scores.sum(axis=1, keepdims=True)
        value = float((totals * np.log(sums)).sum()) - correct
        scores *= totals / sums
        scores -= targets
        return value, scores

    return loss


def each_by_itself(targets: np.ndarray, weights: np.ndarray) -> Loss:
    """Log loss where a text may have any number of labels; `targets` are 0 and 1, `weights` one for each
    text.
    """

    def loss(scores: np.ndarray) -> tuple[float, np.ndarray]:
        value = float((weights[:, None] * (np.logaddexp(0, scores) - targets * scores)).sum())
        return value, weights[:, None] * (1 / (1 + np.exp(-scores)) - targets)

    return loss


def fit(
    dense: np.ndarray,
    counts: sparse.csr_matrix,
    loss: Loss,
    *,
    labels: int,
    steps: int,
    curvature: np.ndarray,
    bias: float = 0.0,
) -> Linear:
    """Minimise the loss plus half the squared weights.

    Args:
        steps: at most so many; stopping early is part of the regularisation, and of the time budget.
        curvature: how much each text bends the loss, roughly. A column that is strong in many texts then
            takes smaller steps than a rare one, which halves the steps that are needed.
        bias: where each label's bias starts.
    """
    width, total = dense.shape[1], dense.shape[1] + counts.shape[1]
    transposed = counts.T.tocsr()
    scale = _scale(dense, counts, curvature)

    def loss_and_gradient(scaled: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = scaled.reshape(total + 1, labels) * scale
        value, slope = loss(dense @ parameters[:width] + counts @ parameters[width:total] + parameters[total])
        slope = slope.astype(np.float32, copy=False)
        gradient = np.empty_like(parameters)
        gradient[:width] = dense.T @ slope
        gradient[width:total] = transposed @ slope
        gradient[:total] += parameters[:total]
        gradient[total] = slope.sum(axis=0)
        gradient *= scale
        weights = parameters[:total].ravel()
        return value + 0.5 * float(weights @ weights), gradient.ravel()

    start = np.zeros((total + 1, labels), dtype=np.float32)
    start[total] = bias / scale[total]
    parameters = minimise(loss_and_gradient, start.ravel(), steps).reshape(total + 1, labels) * scale
    return Linear(parameters[:width], parameters[width:total], parameters[total])


def _scale(dense: np.ndarray, counts: sparse.csr_matrix, curvature: np.ndarray) -> np.ndarray:
    """The length of a step for each column and for the bias."""
    bends = np.concatenate(
        [1 + (dense**2).T @ curvature, 1 + counts.multiply(counts).T @ curvature, [curvature.sum()]]
    )
    return np.asarray(1 / np.sqrt(bends), dtype=np.float32)[:, None]
