"""The two heads as plain arithmetic; no Rasa in here.

They share the features and ask two questions. *What does the person want* has one answer: the intent head
spreads one probability over fine labels ("complaint/dog", "legal_consult/dog", "other_department/school") and
sums it up for each intent, because fine labels are easier to tell apart by a linear model than a heap like
"other_department". *What is it about* may have several: the category head gives each category a probability
of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlu_data.components import regression
from nlu_data.components.features import Features
from nlu_data.components.ngrams import Vocabulary
from nlu_data.components.regression import Linear
from nlu_data.components.text import stretches
from nlu_data.components.words import WordVectors

# Only these intents are about a matter that has a category.
WITH_CATEGORY = frozenset({"complaint", "legal_consult"})
# A legal question may be about an area of law; nobody can report one.
LAW_AREA = "law_"

# Chosen by measurement (docs/adr/0003-language-understanding.md). Meaning helps to tell what is wanted; what
# it is about hangs on single words, which meaning blurs.
INTENT_DENSE_SCALE = 0.4
CATEGORY_DENSE_SCALE = 0.2
COST = 10.0
STEPS = 20
# How much a text bends the loss of each head, times its weight. Found by trying; the speed hangs on it.
INTENT_CURVATURE = 0.02
CATEGORY_CURVATURE = 0.1
# How often an intent is expected beside its share of the labels. Legal questions are split into many labels
# and the others into few, which alone would make the one too likely and the others too rare. An emergency
# must not be overlooked, so it is expected more often than it comes.
INTENT_WEIGHTS = {
    "legal_consult": 1.4,
    "other_department": 2.1,
    "emergency": 3.0,
    "ticket_status": 2.0,
    "chitchat": 2.2,
    "out_of_scope": 1.7,
}
# Trained on clean examples that share their weight among many labels, the model is too timid: what it holds
# for 71 % likely is right in 85 % of cases. Below 1 the probabilities become bolder, and their order stays.
TEMPERATURE = 0.7
# A text about no category is a weaker hint of what a category is not.
_WEIGHT_WITHOUT_CATEGORY = 0.3
_RARE = -3.0
_ALMOST = 0.9999
_LEAST = 0.02
# The category head's scores as probabilities: between what fits own held-out examples and real rows.
CATEGORY_SLOPE = 1.2
CATEGORY_OFFSET = 0.2
# A story has its point in one place, and the rest of it waters the point down: above this many characters the
# category head also looks at each stretch of so many, and the strongest counts as much as the whole.
STRETCH = 100
# Whether a matter is the bureau's or another department's, the category head knows too: where it holds all
# categories for unlikely, the matter is hardly ours. From which probability of any category on it speaks for
# us, and how much its word counts beside the intent head's.
OURS = 0.35
TRUST = 0.5


@dataclass(frozen=True)
class Example:
    """A training text and its fine labels; several for a text about several categories."""

    text: str
    labels: tuple[str, ...]
    is_story: bool = False


def fine_labels(intent: str, key: str | None) -> tuple[str, ...]:
    """Labels of a training example: `complaint/dog+street_vending` is an example of two."""
    _, _, rest = (key or "").partition("/")
    if intent == "emergency" or not rest:
        return (intent,)
    return tuple(f"{intent}/{part}" for part in (rest.split("+") if intent in WITH_CATEGORY else [rest]))


def category_of(label: str) -> str:
    """The category in a fine label; empty where its intent has none."""
    intent, _, rest = label.partition("/")
    return rest if intent in WITH_CATEGORY else ""


@dataclass
class Heads:
    """Trained heads.

    Attributes:
        labels: of the intent head, as `fine_labels` makes them.
        codes: categories of the category head.
    """

    labels: list[str]
    codes: list[str]
    features: Features
    intent_head: Linear
    category_head: Linear

    def __post_init__(self) -> None:
        self._intents = sorted({label.partition("/")[0] for label in self.labels})
        self._is_civic = np.array([not code.startswith(LAW_AREA) for code in self.codes], dtype=bool)
        self._intent_of = np.array([self._intents.index(label.partition("/")[0]) for label in self.labels])

    @classmethod
    def fit(cls, examples: Sequence[Example]) -> Heads:
        """Train both heads."""
        texts = [example.text for example in examples]
        features = Features.of([example.text for example in examples if not example.is_story])
        dense, counts = features.dense(texts), features.counts(texts)
        labels = sorted({label for example in examples for label in example.labels})
        codes = sorted({code for label in labels if (code := category_of(label))})
        wanted = COST * _intent_targets(examples, labels)
        intent_head = regression.fit(
            dense * np.float32(INTENT_DENSE_SCALE),
            counts,
            regression.one_of(wanted),
            labels=len(labels),
            steps=STEPS,
            curvature=INTENT_CURVATURE * wanted.sum(axis=1),
        )
        targets = _category_targets(examples, codes)
        weights = np.where(targets.any(axis=1), COST, COST * _WEIGHT_WITHOUT_CATEGORY).astype(np.float32)
        category_head = regression.fit(
            dense * np.float32(CATEGORY_DENSE_SCALE),
            counts,
            regression.each_by_itself(targets, weights),
            labels=len(codes),
            steps=STEPS,
            curvature=CATEGORY_CURVATURE * weights,
            bias=_RARE,
        )
        return cls(
            labels,
            codes,
            features,
            _ready(intent_head, INTENT_DENSE_SCALE),
            _ready(category_head, CATEGORY_DENSE_SCALE),
        )

    def understand(self, text: str) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """Intents, whose probabilities sum to 1, and categories, each with a probability of its own; both
        best first. Areas of law are among them only if the text asks about law.
        """
        dense = self.features.words.mean(text)
        columns, values = self.features.vocabulary.row(text)
        about = self.category_head.scores(dense, columns, values)
        if len(text) > STRETCH:
            about = (about + self._strongest_stretch(text)) / 2
        scores = CATEGORY_SLOPE * about + CATEGORY_OFFSET
        chances = np.clip(1 / (1 + np.exp(-scores)), 1 - _ALMOST, _ALMOST)
        intents = self._ranked_intents(
            self.intent_head.scores(dense, columns, values), ours=_any_of(chances[self._is_civic])
        )
        return intents, self._ranked_categories(chances, intents[0][0])

    def _strongest_stretch(self, text: str) -> np.ndarray:
        """For each category the score of the stretch that is most about it."""
        scores = [
            self.category_head.scores(self.features.words.mean(part), *self.features.vocabulary.row(part))
            for part in stretches(text, STRETCH)
        ]
        return np.asarray(np.max(scores, axis=0))

    def _ranked_intents(self, scores: np.ndarray, ours: float) -> list[tuple[str, float]]:
        fine = np.exp(scores - scores.max())
        sums = np.bincount(self._intent_of, fine / fine.sum(), minlength=len(self._intents))
        self._divide(sums, min(max(ours, _LEAST), 1 - _LEAST))
        bold = sums ** (1 / TEMPERATURE)
        ranked = zip(self._intents, map(float, bold / bold.sum()), strict=True)
        return sorted(ranked, key=lambda item: -item[1])

    def _divide(self, sums: np.ndarray, ours: float) -> None:
        """Divide anew what complaint and other department have together."""
        if not {"complaint", "other_department"} <= set(self._intents):
            return
        pair = [self._intents.index("complaint"), self._intents.index("other_department")]
        shares = sums[pair] * np.array([ours / OURS, (1 - ours) / (1 - OURS)]) ** TRUST
        sums[pair] = sums[pair].sum() * shares / shares.sum()

    def _ranked_categories(self, chances: np.ndarray, intent: str) -> list[tuple[str, float]]:
        """Where the intent is about a category, at least one of them must be it: given that, each is
        likelier.
        """
        asked = self._is_civic | (intent == "legal_consult")
        some = _any_of(chances[asked]) if intent in WITH_CATEGORY else 1.0
        found = [
            (code, min(float(chance) / some, _ALMOST))
            for code, chance, is_asked in zip(self.codes, chances, asked, strict=True)
            if is_asked
        ]
        return sorted(found, key=lambda item: -item[1])

    def save(self, folder: Path) -> None:
        """Write `heads.npz` and `heads.json`; no pickle, so a model file can't run code."""
        vocabulary, words = self.features.vocabulary, self.features.words
        np.savez_compressed(
            folder / "heads.npz",
            idf=vocabulary.idf,
            word_vectors=words.vectors,
            word_scales=words.scales,
            **{f"intent_{name}": values for name, values in vars(self.intent_head).items()},
            **{f"category_{name}": values for name, values in vars(self.category_head).items()},
        )
        content = {
            "labels": self.labels,
            "codes": self.codes,
            "grams": list(vocabulary.columns),
            "words": words.words,
        }
        (folder / "heads.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Heads:
        """The inverse of `save`."""
        content = json.loads((folder / "heads.json").read_text(encoding="utf-8"))
        with np.load(folder / "heads.npz", allow_pickle=False) as arrays:
            vocabulary = Vocabulary({gram: n for n, gram in enumerate(content["grams"])}, arrays["idf"])
            words = WordVectors(content["words"], arrays["word_vectors"], arrays["word_scales"])
            heads = [
                Linear(*(arrays[f"{head}_{part}"] for part in ("dense", "sparse", "bias")))
                for head in ("intent", "category")
            ]
        return cls(content["labels"], content["codes"], Features(vocabulary, words), *heads)


def _any_of(chances: np.ndarray) -> float:
    """The probability that at least one of several applies; 1 if there are none to choose from."""
    return float(-np.expm1(np.log1p(-chances).sum())) or 1.0


def _intent_targets(examples: Sequence[Example], labels: list[str]) -> np.ndarray:
    """Weights of the examples under their labels: a label weighs the same however many examples it has."""
    number = {label: column for column, label in enumerate(labels)}
    targets = np.zeros((len(examples), len(labels)), dtype=np.float32)
    for row, example in enumerate(examples):
        for label in example.labels:
            targets[row, number[label]] = 1.0 / len(example.labels)
    expected = np.array([INTENT_WEIGHTS.get(label.partition("/")[0], 1.0) for label in labels])
    expected *= len(examples) / expected.sum()
    return np.asarray(targets * (expected / targets.sum(axis=0)), dtype=np.float32)


def _category_targets(examples: Sequence[Example], codes: list[str]) -> np.ndarray:
    number = {code: column for column, code in enumerate(codes)}
    targets = np.zeros((len(examples), len(codes)), dtype=np.float32)
    for row, example in enumerate(examples):
        for label in example.labels:
            if code := category_of(label):
                targets[row, number[code]] = 1.0
    return targets


def _ready(head: Linear, scale: float) -> Linear:
    """For texts whose dense part is not scaled, and small on disk."""
    return Linear(head.dense * scale, head.sparse.astype(np.float16), head.bias)
