"""The two heads as plain arithmetic; no Rasa in here.

Both read one distribution over fine labels ("complaint/dog", "legal_consult/dog",
"other_department/school"). The sum over an intent's labels is the intent's probability, the sum over a
category's labels the category's. Fine labels are easier to tell apart by a linear model than a heap like
"other_department", and the two heads can't contradict each other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import sparse

from nlu_data.components import regression
from nlu_data.components.ngrams import Vocabulary

# Only these intents are about a matter that has a category.
WITH_CATEGORY = frozenset({"complaint", "legal_consult"})
# A legal question may be about an area of law; nobody can report one.
LAW_AREA = "law_"

# Chosen by measurement (docs/adr/0003-language-understanding.md): more weight on the dense part loses
# categories, less loses intents.
DENSE_SCALE = 0.6
COST = 10.0
STEPS = 40
# How often an intent is expected beside its share of the labels. Legal questions are split into many labels
# and the matters of other departments into few, which alone would make the one too likely and the other too
# rare.
INTENT_WEIGHTS = {"legal_consult": 1.4, "other_department": 2.4}
# Trained on clean examples that share their weight among many labels, the model is too timid: what it holds
# for 71 % likely is right in 85 % of cases. Below 1 the probabilities become bolder, and their order stays.
TEMPERATURE = 0.7


def fine_labels(intent: str, key: str | None) -> list[str]:
    """Labels of a training example: `complaint/dog+street_vending` is an example of two."""
    _, _, rest = (key or "").partition("/")
    if intent == "emergency" or not rest:
        return [intent]
    return [f"{intent}/{part}" for part in (rest.split("+") if intent in WITH_CATEGORY else [rest])]


@dataclass
class Examples:
    """Training rows as they are collected."""

    texts: list[str] = field(default_factory=list)
    dense: list[np.ndarray] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)

    def add(self, text: str, dense: np.ndarray, labels: list[str], *, is_story: bool = False) -> None:
        """Add a text under each of its labels, which share its weight."""
        if not is_story:
            self.originals.append(text)
        for label in labels:
            self.texts.append(text)
            self.dense.append(dense)
            self.labels.append(label)
            self.weights.append(1.0 / len(labels))


@dataclass
class Heads:
    """Trained heads."""

    labels: list[str]
    vocabulary: Vocabulary
    dense_weights: np.ndarray
    sparse_weights: np.ndarray
    bias: np.ndarray

    def __post_init__(self) -> None:
        self._intents = sorted({label.partition("/")[0] for label in self.labels})
        self._intent_of = np.array([self._intents.index(label.partition("/")[0]) for label in self.labels])
        parts = [label.partition("/") for label in self.labels]
        self._category_of = [rest if intent in WITH_CATEGORY else "" for intent, _, rest in parts]

    @classmethod
    def fit(cls, examples: Examples) -> Heads:
        """Train on the examples; a label's weight does not depend on how many examples it has."""
        labels = sorted(set(examples.labels))
        numbers = np.array([labels.index(label) for label in examples.labels])
        vocabulary = Vocabulary.of(examples.originals)
        rows = [vocabulary.row(text) for text in examples.texts]
        starts = np.concatenate([[0], np.cumsum([len(columns) for columns, _ in rows])])
        counts = sparse.csr_matrix(
            (
                np.concatenate([values for _, values in rows]),
                np.concatenate([columns for columns, _ in rows]),
                starts,
            ),
            shape=(len(rows), len(vocabulary.columns)),
            dtype=np.float32,
        )
        weights = np.array(examples.weights)
        expected = np.array([INTENT_WEIGHTS.get(label.partition("/")[0], 1.0) for label in labels])
        expected *= weights.sum() / expected.sum()
        weights *= (expected / np.bincount(numbers, weights))[numbers]
        dense = np.stack(examples.dense).astype(np.float32) * DENSE_SCALE
        for_dense, for_sparse, bias = regression.fit(dense, counts, numbers, weights, COST, STEPS)
        return cls(labels, vocabulary, for_dense * DENSE_SCALE, for_sparse.astype(np.float16), bias)

    def probabilities(self, text: str, dense: np.ndarray) -> np.ndarray:
        """One probability for each fine label."""
        columns, values = self.vocabulary.row(text)
        scores = self.bias + dense @ self.dense_weights
        if len(columns):
            scores = scores + values @ self.sparse_weights[columns].astype(np.float32)
        scores = np.exp(scores - scores.max())
        return np.asarray(scores / scores.sum())

    def intents(self, probabilities: np.ndarray) -> list[tuple[str, float]]:
        """Every intent with its probability, best first."""
        sums = np.bincount(self._intent_of, probabilities, minlength=len(self._intents))
        return _ranked(dict(zip(self._intents, map(float, sums), strict=True)), share=1.0)

    def categories(self, probabilities: np.ndarray, intent: str) -> list[tuple[str, float]]:
        """Every category with its probability, best first.

        They sum to 1 if the intent is about a category. Otherwise they say what the message would be about,
        and sum to the probability that it is about anything.
        """
        sums: dict[str, float] = {}
        for category, probability in zip(self._category_of, probabilities, strict=True):
            if category and (intent == "legal_consult" or not category.startswith(LAW_AREA)):
                sums[category] = sums.get(category, 0.0) + float(probability)
        return _ranked(sums, share=1.0 if intent in WITH_CATEGORY else sum(sums.values()))

    def save(self, folder: Path) -> None:
        """Write `heads.npz` and `heads.json`; no pickle, so a model file can't run code."""
        np.savez_compressed(
            folder / "heads.npz",
            dense=self.dense_weights.astype(np.float16),
            sparse=self.sparse_weights,
            bias=self.bias,
            idf=self.vocabulary.idf,
        )
        content = {"labels": self.labels, "grams": list(self.vocabulary.columns)}
        (folder / "heads.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Heads:
        """The inverse of `save`."""
        content = json.loads((folder / "heads.json").read_text(encoding="utf-8"))
        with np.load(folder / "heads.npz", allow_pickle=False) as arrays:
            vocabulary = Vocabulary(
                {gram: column for column, gram in enumerate(content["grams"])}, arrays["idf"]
            )
            dense = arrays["dense"].astype(np.float32)
            return cls(content["labels"], vocabulary, dense, arrays["sparse"], arrays["bias"])


def _ranked(sums: dict[str, float], share: float) -> list[tuple[str, float]]:
    """Calibrated probabilities, best first, which together make `share`."""
    sharpened = {name: value ** (1 / TEMPERATURE) for name, value in sums.items()}
    total = sum(sharpened.values()) or 1.0
    return sorted(
        ((name, share * value / total) for name, value in sharpened.items()), key=lambda item: -item[1]
    )
