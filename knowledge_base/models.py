"""What the knowledge base talks about: articles of law, rule cards, answers.

All of these are values: nothing in them changes after loading, so they may be shared between threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Status(StrEnum):
    """Whether a version of a statute is the law on a given day."""

    IN_FORCE = "in_force"
    REVISED = "revised"
    REPEALED = "repealed"
    NOT_YET = "not_yet"

    @property
    def label(self) -> str:
        """The Chinese word that officers and citizens read."""
        return _STATUS_LABELS[self]


_STATUS_LABELS = {
    Status.IN_FORCE: "现行有效",
    Status.REVISED: "已被修订",
    Status.REPEALED: "已废止",
    Status.NOT_YET: "尚未生效",
}


@dataclass(frozen=True, slots=True)
class Article:
    """One article of one version of a statute.

    Attributes:
        law: short title, without 中华人民共和国.
        article: its number as the text writes it, like 第三十条 or 第十七条之一.
        heading: the path of parts and chapters above it, "" if the text has none.
        status: on the day that was asked about, not today's unless that was the day.
        effective_from: the day this version of the text came into force.
        effective_to: the first day on which it no longer applied; None while it does.
    """

    law: str
    article: str
    heading: str
    text: str
    status: Status
    effective_from: date
    effective_to: date | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """What an answer stands on."""

    law: str
    article: str
    status: Status
    effective_from: date


@dataclass(frozen=True, slots=True)
class Hit:
    """One article that a search found; the score orders the hits of one search and means nothing beyond
    it.
    """

    law: str
    article: str
    text: str
    score: float
    status: Status


@dataclass(frozen=True, slots=True)
class Cite:
    """An article that a card rests on, with what the card takes from it."""

    law: str
    article: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Superseded:
    """What people still quote from a text that no longer applies.

    Attributes:
        since: the day from which it was no longer right.
    """

    law: str
    article: str
    says: str
    since: date


@dataclass(frozen=True, slots=True)
class RuleCard:
    """A short answer in our own words, with what it stands on.

    Attributes:
        kind: the kind of `Answer` it leads to: "answer", "refer" (the rule can't be given, only where to ask)
            or "handoff".
        local_gap: what the local rules do not say, or where they do not apply; "" if there is nothing to warn
            of.
        source: the file that it was read from, for messages to the people who write cards.
        illustrates: for a case explainer, the ids of the cards whose rule its invented case shows.
    """

    id: str
    title: str
    topic: str
    category: str | None
    questions: tuple[str, ...]
    answer: str
    cites: tuple[Cite, ...]
    jurisdiction: str
    authority: str
    next_steps: tuple[str, ...]
    valid_from: date
    valid_until: date | None
    reviewed_on: date
    kind: str = "answer"
    local_gap: str = ""
    superseded: tuple[Superseded, ...] = ()
    source: str = ""
    illustrates: tuple[str, ...] = ()

    def is_valid_on(self, day: date) -> bool:
        """Whether the card may be shown as the law of that day."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the knowledge base has to say to a question.

    Attributes:
        kind: "answer", "refer", "handoff", "emergency", "out_of_scope" or "clarify".
        confidence: 0 to 1, comparable between questions.
        alternatives: for "clarify" the cards to choose from; else cards that also came close.
        as_of: the day whose law was applied; it differs from the day that was asked for when the question
            names another.
        notes: warnings that stand in `text` too: quoted law that no longer applies, local gaps.
        related: cards that came close and stand in `text` below the first; what they cite is among the
            citations.
        names_articles: the question was hardly more than the names of articles, or named law that has ended;
            `text` holds them.
    """

    kind: str
    text: str
    citations: tuple[Citation, ...] = ()
    card: RuleCard | None = None
    confidence: float = 0.0
    alternatives: tuple[RuleCard, ...] = ()
    as_of: date | None = None
    notes: tuple[str, ...] = field(default=())
    related: tuple[RuleCard, ...] = ()
    names_articles: bool = False
