"""Longer versions of short examples, for training only.

Half of what citizens write is longer than 170 characters, and most of that is about themselves, their
patience and the government; a third is about two matters. A model that has seen only short examples counts
these sentences as signs of something.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence

import yaml

from nlu_data.components.heads import Example
from nlu_data.components.text import LOOKUP_FOLDER

# The example stands before this group of sentences.
_AFTER_THE_MATTER = "effect"
_CHANCE = 0.45
# The matters of other departments are many and have few examples each.
_STORIES_EACH = {"other_department": 2}
# Stories are made of examples up to this length; longer ones are stories themselves.
_LONGEST_EXAMPLE = 120
# So many stories tell two complaints at once, made of short ones.
_PAIRS = 600
_LONGEST_OF_A_PAIR = 70
_PAIRED = "complaint"


def with_stories(examples: Sequence[Example]) -> list[Example]:
    """The examples, and what can be told around them; always the same."""
    frames = StoryFrames()
    told = [
        Example(join(before, example.text, after), example.labels, is_story=True)
        for example in examples
        for before, after in frames.around(example.labels[0].partition("/")[0], example.text)
    ]
    return [*examples, *told, *pairs(examples, frames.links())]


class StoryFrames:
    """Tells stories around examples, always the same ones."""

    def __init__(self) -> None:
        content = yaml.safe_load((LOOKUP_FOLDER / "story_frames.yml").read_text(encoding="utf-8"))
        self._links: list[str] = content.pop("links")
        self._groups: dict[str, dict[str, list[str]]] = content
        self._random = random.Random(0)  # noqa: S311 - no secret; the same stories at each training

    def links(self) -> list[str]:
        """What people put between two matters."""
        return self._links

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


def pairs(examples: Iterable[Example], links: Sequence[str]) -> Iterator[Example]:
    """Two short complaints of different categories in one text."""
    short = [
        example
        for example in examples
        if len(example.labels) == 1
        and example.labels[0].startswith(f"{_PAIRED}/")
        and len(example.text) <= _LONGEST_OF_A_PAIR
    ]
    chosen = random.Random(1)  # noqa: S311 - the same pairs at each training
    for _ in range(_PAIRS if len({example.labels for example in short}) > 1 else 0):
        first, second = chosen.sample(short, 2)
        if first.labels != second.labels:
            text = f"{first.text.rstrip('。！!')}{chosen.choice(links)}{second.text}"
            yield Example(text, first.labels + second.labels, is_story=True)


def join(before: list[str], text: str, after: list[str]) -> str:
    """The story as one text."""
    end = "" if text[-1] in "。！？!?" else "。"
    return "".join([*before, text, end, *after])
