"""Entities of a message: places, times, numbers, citations."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from nlu_data.components.extraction import find_entities
from nlu_data.components.place_patterns import PlaceFinder
from nlu_data.components.places import load_places


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class CivicEntityExtractor(GraphComponent, EntityExtractorMixin):
    """Adds the entities of `extraction.find_entities` to a message."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CivicEntityExtractor:
        return cls()

    def __init__(self) -> None:
        self._finder = PlaceFinder(load_places())

    def process(self, messages: list[Message]) -> list[Message]:
        """Find entities."""
        for message in messages:
            entities = [
                {
                    ENTITY_ATTRIBUTE_TYPE: kind,
                    ENTITY_ATTRIBUTE_VALUE: value,
                    ENTITY_ATTRIBUTE_START: start,
                    ENTITY_ATTRIBUTE_END: end,
                }
                for kind, value, start, end in find_entities(message.get(TEXT) or "", self._finder)
            ]
            message.set(
                ENTITIES, message.get(ENTITIES, []) + self.add_extractor_name(entities), add_to_output=True
            )
        return messages
