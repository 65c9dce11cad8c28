"""Intent and category of a message: Rasa's side of the two heads."""

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

from nlu_data.components.encoder import SEGMENT_VECTORS, sentence_encoder
from nlu_data.components.heads import Examples, Heads, fine_labels
from nlu_data.components.stories import StoryFrames, join, pool
from nlu_data.components.text import normalize

_RANKED = 10


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentAndCategoryClassifier(IntentClassifier, GraphComponent):
    """Sets `intent` and `intent_ranking` as every Rasa classifier does, and `categories` beside them."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Featurizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {}

    def __init__(self, model_storage: ModelStorage, resource: Resource, heads: Heads | None = None) -> None:
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
        return cls(model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit both heads on the examples and on stories around them, and store them."""
        examples = collect(training_data)
        if len(set(examples.labels)) > 1:
            self._heads = Heads.fit(examples)
            with self._model_storage.write_to(self._resource) as folder:
                self._heads.save(folder)
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
            return cls(model_storage, resource, Heads.load(folder))

    def process(self, messages: list[Message]) -> list[Message]:
        """Classify."""
        for message in messages:
            vectors = message.get(SEGMENT_VECTORS)
            if vectors is None or self._heads is None:
                continue
            probabilities = self._heads.probabilities(message.get(TEXT), pool(vectors))
            intents = self._heads.intents(probabilities)
            categories = self._heads.categories(probabilities, intents[0][0])
            message.set("intent", _item(*intents[0]), add_to_output=True)
            message.set(
                "intent_ranking", [_item(*intent) for intent in intents[:_RANKED]], add_to_output=True
            )
            message.set(
                "categories", [_item(*category) for category in categories[:_RANKED]], add_to_output=True
            )
        return messages


def collect(training_data: TrainingData) -> Examples:
    """Training rows: each example, and the stories that can be told around it."""
    frames = StoryFrames()
    lines = frames.sentences()
    vector_of = dict(zip(lines, sentence_encoder().encode([normalize(line) for line in lines]), strict=True))
    examples = Examples()
    for message in training_data.intent_examples:
        text, vectors = message.get(TEXT), message.get(SEGMENT_VECTORS)
        if vectors is None:
            continue
        labels = fine_labels(message.get(INTENT), message.get(INTENT_RESPONSE_KEY))
        examples.add(text, pool(vectors), labels)
        for before, after in frames.around(message.get(INTENT), text):
            around = np.stack([vector_of[line] for line in before + after])
            examples.add(join(before, text, after), pool(np.vstack([vectors, around])), labels, is_story=True)
    return examples


def _item(name: str, confidence: float) -> dict[str, Any]:
    return {"name": name, "confidence": confidence}
