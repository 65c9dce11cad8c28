"""Training examples as Rasa wants them, read once.

Rasa's own importer reads all files twice in one training, with a YAML parser written in Python.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.structures import StoryGraph
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import read_model_configuration

_MARK = "- "


class ExampleImporter(TrainingDataImporter):
    """Reads `nlu` blocks of intent and examples; there is nothing else in our files."""

    def __init__(
        self,
        config_file: str | None = None,
        domain_path: str | None = None,
        training_data_paths: list[str] | None = None,
        **_: Any,
    ) -> None:
        self._config_file = config_file
        self._folders = [Path(path) for path in training_data_paths or ()]
        self._data: TrainingData | None = None

    def get_nlu_data(self, language: str | None = None) -> TrainingData:
        """All examples, in the order of the files' names.

        Raises: ValueError, which names the file, for a line that is no example.
        """
        if self._data is None:
            paths = sorted(path for folder in self._folders for path in folder.rglob("*.yml"))
            self._data = TrainingData([message for path in paths for message in _messages(path)])
        return self._data

    def get_config(self) -> dict[str, Any]:
        """The pipeline."""
        return dict(read_model_configuration(self._config_file)) if self._config_file else {}

    def get_config_file_for_auto_config(self) -> str | None:
        """Where the pipeline stands."""
        return self._config_file

    def get_domain(self) -> Domain:
        """Nothing: the dialogue is not Rasa's."""
        return Domain.empty()

    def get_stories(self, exclusion_percentage: int | None = None) -> StoryGraph:
        """None."""
        return StoryGraph([])

    def get_conversation_tests(self) -> StoryGraph:
        """None."""
        return StoryGraph([])


def _messages(path: Path) -> list[Message]:
    with path.open(encoding="utf-8") as file:
        blocks = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["nlu"]  # noqa: S506 - a safe one
    messages = []
    for block in blocks:
        intent, _, rest = block["intent"].partition("/")
        key = {INTENT_RESPONSE_KEY: block["intent"]} if rest else {}
        for line in block["examples"].splitlines():
            if not line.startswith(_MARK):
                raise ValueError(f"{path}: no example: {line[:40]}")
            messages.append(Message({TEXT: line.removeprefix(_MARK).strip(), INTENT: intent, **key}))
    return messages
