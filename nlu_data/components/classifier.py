"""Intent and category of a message: Rasa's side of the two heads."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu_data.components.heads import Example, Heads, fine_labels
from nlu_data.components.stories import with_stories

_RANKED = 10


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentAndCategoryClassifier(IntentClassifier, GraphComponent):
    """Sets `intent` and `intent_ranking` as every Rasa classifier does, and `categories` beside them."""

    @classmethod
    def required_components(cls) -> list[type]:
        # No tokenizer and no featurizer: the heads read characters, and look up words by themselves.
        return []

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
        examples = [
            Example(message.get(TEXT), fine_labels(message.get(INTENT), message.get(INTENT_RESPONSE_KEY)))
            for message in training_data.intent_examples
        ]
        if len({example.labels for example in examples}) > 1:
            self._heads = Heads.fit(with_stories(examples))
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
            if self._heads is None or not message.get(TEXT):
                continue
            intents, categories = self._heads.understand(message.get(TEXT))
            message.set("intent", _item(*intents[0]), add_to_output=True)
            for name, ranking in (("intent_ranking", intents), ("categories", categories)):
                message.set(name, [_item(*found) for found in ranking[:_RANKED]], add_to_output=True)
        return messages


def _item(name: str, confidence: float) -> dict[str, Any]:
    return {"name": name, "confidence": confidence}
