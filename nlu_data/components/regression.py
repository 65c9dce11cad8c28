"""Logistic regression over dense and sparse columns at once.

scikit-learn wants one matrix. Put into a sparse one, the dense columns of each row make every step eight
times slower.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

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
    dense: np.ndarray, counts: sparse.csr_matrix, loss: Loss, *, labels: int, steps: int, bias: float = 0.0
) -> Linear:
    """Minimise the loss plus half the squared weights, by L-BFGS.

    Args:
        steps: at most so many; stopping early is part of the regularisation, and of the time budget.
        bias: where each label's bias starts.
    """
    width, total = dense.shape[1], dense.shape[1] + counts.shape[1]
    transposed = counts.T.tocsr()

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = flat.reshape(total + 1, labels).astype(np.float32)
        value, slope = loss(dense @ parameters[:width] + counts @ parameters[width:total] + parameters[total])
        slope = slope.astype(np.float32, copy=False)
        gradient = np.empty_like(parameters)
        gradient[:width] = dense.T @ slope
        gradient[width:total] = transposed @ slope
        gradient[:total] += parameters[:total]
        gradient[total] = slope.sum(axis=0)
        return value + 0.5 * float((parameters[:total] ** 2).sum()), gradient.ravel().astype(np.float64)

    start = np.zeros((total + 1, labels))
    start[total] = bias
    found = minimize(
        loss_and_gradient, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxcor": 6}
    )
    parameters = found.x.reshape(total + 1, labels).astype(np.float32)
    return Linear(parameters[:width], parameters[width:total], parameters[total])
