"""The two heads as plain arithmetic: features, training, probabilities. No Rasa in here."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from nlu_data.components.text import normalize

HASH_SIZE = 1 << 15
# Dense vectors have length 1 and so little weight that the regulariser would drown them.
DENSE_SCALE = 6.0
REGULARIZATION_C = 1.0


def _ngrams(text: str) -> set[str]:
    squeezed = "".join(text.split())
    return {squeezed[i : i + n] for n in (1, 2, 3) for i in range(len(squeezed) - n + 1)}


def sparse_row(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Hashed character n-grams of a text: columns and weights. crc32 because Python's hash differs between runs."""
    columns = np.unique([zlib.crc32(gram.encode()) % HASH_SIZE for gram in _ngrams(normalize(text))])
    return columns, np.full(len(columns), 1.0 / np.sqrt(max(len(columns), 1)), dtype=np.float32)


def dense_row(vectors: np.ndarray) -> np.ndarray:
    """Pool the vectors of the segments: mean, first and last."""
    mean = vectors.mean(axis=0)
    return np.concatenate([mean / (np.linalg.norm(mean) + 1e-9), vectors[0], vectors[-1]]).astype(np.float32)


@dataclass
class Head:
    """Logistic regression: labels, and a weight for each feature."""

    labels: list[str]
    dense_weights: np.ndarray
    sparse_weights: np.ndarray
    bias: np.ndarray

    def probabilities(self, dense: np.ndarray, columns: np.ndarray, values: np.ndarray) -> np.ndarray:
        """One probability for each label; they sum to 1."""
        scores = self.bias + dense @ self.dense_weights
        if len(columns):
            scores = scores + values @ self.sparse_weights[columns].astype(np.float32)
        scores = np.exp(scores - scores.max())
        return np.asarray(scores / scores.sum())

    @classmethod
    def fit(cls, features: sparse.csr_matrix, dense_size: int, labels: list[str]) -> Head:
        """Train on rows of `[dense | sparse]` features."""
        model = LogisticRegression(C=REGULARIZATION_C, max_iter=300, class_weight="balanced", random_state=0)
        model.fit(features, labels)
        weights, bias = model.coef_, model.intercept_
        if len(model.classes_) == 2:
            weights, bias = np.vstack([-weights / 2, weights / 2]), np.concatenate([-bias / 2, bias / 2])
        return cls(
            [str(label) for label in model.classes_],
            weights[:, :dense_size].T.astype(np.float32) * DENSE_SCALE,
            weights[:, dense_size:].T.astype(np.float16),
            bias.astype(np.float32),
        )

    def save(self, folder: Path, name: str) -> None:
        """Write `<name>.npz` and `<name>.json`; no pickle, so a model file can't run code."""
        np.savez_compressed(
            folder / f"{name}.npz", dense=self.dense_weights, sparse=self.sparse_weights, bias=self.bias
        )
        (folder / f"{name}.json").write_text(json.dumps(self.labels), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, name: str) -> Head:
        """The inverse of `save`."""
        with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
            return cls(
                json.loads((folder / f"{name}.json").read_text(encoding="utf-8")),
                arrays["dense"],
                arrays["sparse"],
                arrays["bias"],
            )


def feature_matrix(texts: list[str], vectors: list[np.ndarray]) -> tuple[sparse.csr_matrix, int]:
    """Training features of many texts, and how many columns of them are dense."""
    dense = np.stack([dense_row(rows) for rows in vectors]) * DENSE_SCALE
    indices, values, starts = [], [], [0]
    for text in texts:
        columns, weights = sparse_row(text)
        indices.append(columns)
        values.append(weights)
        starts.append(starts[-1] + len(columns))
    grams = sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(indices), starts), shape=(len(texts), HASH_SIZE)
    )
    return sparse.hstack([sparse.csr_matrix(dense), grams]).tocsr(), dense.shape[1]
