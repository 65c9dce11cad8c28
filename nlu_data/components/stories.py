"""Long versions of short examples, for training only.

Half of what citizens write is longer than 170 characters, and most of that is about themselves, their
patience and the government. A model that has seen only short examples counts these sentences as signs of
something.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import yaml

from nlu_data.components.text import LOOKUP_FOLDER

# The example stands before this group of sentences.
_AFTER_THE_MATTER = "effect"
_CHANCE = 0.45
# The matters of other departments are many and have few examples each.
_STORIES_EACH = {"other_department": 2}
# Stories are made of examples up to this length; longer ones are stories themselves.
_LONGEST_EXAMPLE = 120


class StoryFrames:
    """Tells stories around examples, always the same ones."""

    def __init__(self) -> None:
        path = LOOKUP_FOLDER / "story_frames.yml"
        self._groups: dict[str, dict[str, list[str]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
        self._random = random.Random(0)  # noqa: S311 - no secret; the same stories at each training

    def sentences(self) -> list[str]:
        """Every sentence of every frame, each once."""
        return sorted(
            {line for groups in self._groups.values() for lines in groups.values() for line in lines}
        )

    def around(self, intent: str, text: str) -> Iterator[tuple[list[str], list[str]]]:
        """Sentences before and after the example, for each story to be told about it."""
        groups = self._groups.get(intent)
        if groups is None or len(text) > _LONGEST_EXAMPLE:
            return
        for _ in range(_STORIES_EACH.get(intent, 1)):
            before: list[str] = []
            after: list[str] = []
            target = before
            for name, lines in groups.items():
                if name == _AFTER_THE_MATTER:
                    target = after
                if self._random.random() < _CHANCE:
                    target.append(self._random.choice(lines))
            if before or after:
                yield before, after


def join(before: list[str], text: str, after: list[str]) -> str:
    """The story as one text."""
    end = "" if text[-1] in "。！？!?" else "。"
    return "".join([*before, text, end, *after])


def pool(vectors: np.ndarray) -> np.ndarray:
    """One vector of length 1 for the segments of a text."""
    mean = vectors.mean(axis=0)
    return np.asarray(mean / (np.linalg.norm(mean) + 1e-9), dtype=np.float32)
