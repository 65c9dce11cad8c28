"""What a new card would change: questions that would be answered by another card than before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.card_index import CardIndex
from knowledge_base.models import RuleCard
from knowledge_base.vectors import Vectors

# Phrasings of other cards that are nearest to each phrasing of the new one.
_NEAREST = 40


@dataclass(frozen=True, slots=True)
class Difference:
    """A question with the card that answers it now and the one that would.

    Attributes:
        belongs_to: the card whose phrasing the question is; None for a citizen's own words.
    """

    question: str
    before: RuleCard | None
    after: RuleCard | None
    belongs_to: RuleCard | None

    @property
    def is_worse(self) -> bool:
        """Whether a question leaves the card that it was written for."""
        return self.belongs_to is not None and self.after is not None and self.after.id != self.belongs_to.id


def questions_near(index: CardIndex, card: RuleCard) -> list[str]:
    """Phrasings of other cards that the new one might take away."""
    near: dict[str, None] = {}
    for text in (card.title, *card.questions):
        for phrasing in index.nearest_phrasings(text, _NEAREST):
            if index.cards[phrasing.card].id != card.id:
                near.setdefault(phrasing.text)
    return list(near)


def differences(
    before: CardIndex, after: CardIndex, questions: Sequence[tuple[str, Vectors | None]]
) -> list[Difference]:
    """The questions (with their vectors, if there are any) whose best card changes."""
    owners = {phrasing.text: before.cards[phrasing.card] for phrasing in before.phrasings}
    found = []
    for question, vector in questions:
        old, new = _best(before, question, vector), _best(after, question, vector)
        if (old and old.id) != (new and new.id):
            found.append(Difference(question, old, new, owners.get(question)))
    return found


def _best(index: CardIndex, question: str, vector: Vectors | None) -> RuleCard | None:
    found = index.find(question, vector, limit=1)
    return found[0].card if found else None
