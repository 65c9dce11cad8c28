"""Multinomial logistic regression over dense and sparse columns at once.

scikit-learn wants one matrix. Put into a sparse one, the 512 dense columns of each row make every step
eight times slower.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import minimize


def fit(
    dense: np.ndarray,
    counts: sparse.csr_matrix,
    labels: np.ndarray,
    weights: np.ndarray,
    cost: float,
    steps: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minimise the weighted log loss times `cost` plus half the squared weights, by L-BFGS.

    Args:
        labels: numbers from 0 without a gap.
        steps: at most so many; stopping early is part of the regularisation, and of the time budget.

    Returns: weights of the dense columns, weights of the sparse columns, bias; one column for each label.
    """
    size = int(labels.max()) + 1
    width, total = dense.shape[1], dense.shape[1] + counts.shape[1]
    transposed = counts.T.tocsr()
    rows = np.arange(len(labels))
    factor = (weights * cost).astype(np.float32)

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = flat.reshape(total + 1, size).astype(np.float32)
        scores = dense @ parameters[:width] + counts @ parameters[width:total] + parameters[total]
        scores -= scores.max(axis=1, keepdims=True)
        correct = scores[rows, labels].copy()
        np.exp(scores, out=scores)
        sums = scores.sum(axis=1)
        loss = -float((factor * (correct - np.log(sums))).sum()) + 0.5 * float(
            (parameters[:total] ** 2).sum()
        )
        scores /= sums[:, None]
        scores[rows, labels] -= 1
        scores *= factor[:, None]
        gradient = np.empty_like(parameters)
        gradient[:width] = dense.T @ scores
        gradient[width:total] = transposed @ scores
        gradient[:total] += parameters[:total]
        gradient[total] = scores.sum(axis=0)
        return loss, gradient.ravel().astype(np.float64)

    start = np.zeros((total + 1) * size)
    found = minimize(
        loss_and_gradient, start, jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxcor": 6}
    )
    parameters = found.x.reshape(total + 1, size).astype(np.float32)
    return parameters[:width], parameters[width:total], parameters[total]
