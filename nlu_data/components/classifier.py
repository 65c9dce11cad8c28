"""Intent and category of a message: two heads on the same features."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu_data.components.encoder import SEGMENT_VECTORS
from nlu_data.components.heads import Head, dense_row, feature_matrix, sparse_row

# Only these intents are about a matter that has a category.
WITH_CATEGORY = frozenset({"complaint", "legal_consult"})


def categories_of(message: Message) -> list[str]:
    """Categories that a training example names: `complaint/dog+street_vending` has two."""
    key = message.get(INTENT_RESPONSE_KEY) or ""
    intent, _, categories = key.partition("/")
    return categories.split("+") if intent in WITH_CATEGORY and categories else []


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentAndCategoryClassifier(IntentClassifier, GraphComponent):
    """Sets `intent` and `intent_ranking` as every Rasa classifier does, and `categories` beside them."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Featurizer]

    @staticmethod
    def required_packages() -> list[str]:
        return []

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {}

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, heads: dict[str, Head]
    ) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._heads = heads

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentAndCategoryClassifier:
        return cls(config, model_storage, resource, {})

    def train(self, training_data: TrainingData) -> Resource:
        """Fit both heads and store them."""
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        texts = [example.get(TEXT) for example in examples]
        vectors = [example.get(SEGMENT_VECTORS) for example in examples]
        features, dense_size = feature_matrix(texts, vectors)
        self._heads["intent"] = Head.fit(features, dense_size, [example.get(INTENT) for example in examples])
        rows = [(i, category) for i, example in enumerate(examples) for category in categories_of(example)]
        if len({category for _, category in rows}) > 1:
            chosen = features[[i for i, _ in rows]]
            self._heads["category"] = Head.fit(chosen, dense_size, [category for _, category in rows])
        with self._model_storage.write_to(self._resource) as folder:
            for name, head in self._heads.items():
                head.save(folder, name)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentAndCategoryClassifier:
        """Read the heads that `train` stored."""
        with model_storage.read_from(resource) as folder:
            heads = {path.stem: Head.load(folder, path.stem) for path in sorted(folder.glob("*.npz"))}
        return cls(config, model_storage, resource, heads)

    def process(self, messages: list[Message]) -> list[Message]:
        """Classify."""
        for message in messages:
            vectors = message.get(SEGMENT_VECTORS)
            if vectors is None:
                continue
            dense = dense_row(vectors)
            columns, values = sparse_row(message.get(TEXT))
            ranking = self._ranking("intent", dense, columns, values)
            message.set("intent", ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
            message.set("categories", self._ranking("category", dense, columns, values), add_to_output=True)
        return messages

    def _ranking(
        self, name: str, dense: np.ndarray, columns: np.ndarray, values: np.ndarray
    ) -> list[dict[str, Any]]:
        head = self._heads.get(name)
        if head is None:
            return []
        probabilities = head.probabilities(dense, columns, values)
        order = np.argsort(-probabilities)[:10]
        return [{"name": head.labels[i], "confidence": float(probabilities[i])} for i in order]
