"""Rules of consultations (`data/consultations.yml`): who owns them, and which answers are reviewed first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickets.categories import CATEGORIES, DATA_FOLDER, read_yaml
from tickets.errors import RoutingError
from tickets.staff import Role
from tickets.workflow import TicketKind

# Why an answer is reviewed that no rule asks for: its author wants it.
MARKED = "marked"
_SENTENCE = re.compile(r"[^。！!？?；;]+[？?]?")
_MARKED_NAME = "答复人申请审核"


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """One reason to review an answer; empty sets fit everything, one of `words` must stand in the answer."""

    code: str
    name: str
    kinds: frozenset[TicketKind]
    categories: frozenset[str]
    words: tuple[str, ...]

    def fits(self, kind: TicketKind, categories: Iterable[str], text: str) -> bool:
        """Whether an answer of these words to such a ticket is reviewed."""
        return (
            (not self.kinds or kind in self.kinds)
            and (not self.categories or not self.categories.isdisjoint(categories))
            and (not self.words or any(word in text for word in self.words))
        )


@dataclass(frozen=True, slots=True)
class ConsultationRules:
    """The whole file.

    Attributes:
        department: who owns consultations.
        unit_categories: what the unit that owns the category answers itself.
        courtesies: words that answer nothing.
        turn_days: length of one adviser's turn.
    """

    department: str
    turn_days: int
    adviser_roles: frozenset[Role]
    reviewer_roles: frozenset[Role]
    review: tuple[ReviewRule, ...]
    unit_categories: frozenset[str] = frozenset()
    courtesies: tuple[str, ...] = ()

    def reasons(
        self, kind: TicketKind, categories: Iterable[str], text: str, *, by_words_only: bool = False
    ) -> list[str]:
        """Codes of the rules that ask for a review; [] if the answer may go out at once."""
        # Spaces and line ends between characters must not hide a word.
        packed, codes = "".join(text.split()), list(categories)
        rules = [rule for rule in self.review if rule.words or not by_words_only]
        return [rule.code for rule in rules if rule.fits(kind, codes, packed)]

    def states_something(self, text: str) -> bool:
        """Whether words said in a talk may answer a question: not if they only ask back, or are polite."""
        return any(
            not sentence.endswith(("?", "？")) and not self._is_courtesy(sentence)
            for sentence in _SENTENCE.findall("".join(text.split()))
        )

    def _is_courtesy(self, sentence: str) -> bool:
        for words in self.courtesies:
            sentence = sentence.replace(words, "")
        return not any(character.isalnum() for character in sentence)

    def reason_names(self, codes: Iterable[str]) -> list[str]:
        """Words for officers; a rule that was dropped since keeps its code."""
        names = {rule.code: rule.name for rule in self.review} | {MARKED: _MARKED_NAME}
        return [names.get(code, code) for code in codes]


def load_consultation_rules(folder: Path = DATA_FOLDER) -> ConsultationRules:
    """Raises: RoutingError, if the file names a category, kind or role that doesn't exist."""
    data = read_yaml(folder / "consultations.yml")
    try:
        return ConsultationRules(
            department=str(data["department"]),
            turn_days=max(1, int(data["turn_days"])),
            adviser_roles=frozenset(Role(role) for role in data["adviser_roles"]),
            reviewer_roles=frozenset(Role(role) for role in data["reviewer_roles"]),
            review=tuple(_rule(row) for row in data["review"]),
            unit_categories=_known(data.get("unit_categories", ())),
            # The longest first: a part of a phrase must not leave the rest of it standing.
            courtesies=tuple(sorted(map(str, data.get("courtesies", ())), key=len, reverse=True)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RoutingError(f"consultations.yml: {error}") from error


def _rule(row: Mapping[str, Any]) -> ReviewRule:
    return ReviewRule(
        code=str(row["code"]),
        name=str(row["name"]),
        kinds=frozenset(TicketKind(kind) for kind in row.get("kinds", ())),
        categories=_known(row.get("categories", ())),
        words=tuple(str(word) for word in row.get("words", ())),
    )


def _known(categories: Iterable[str]) -> frozenset[str]:
    found = frozenset(categories)
    if unknown := found - set(CATEGORIES):
        raise ValueError(f"unknown categories {', '.join(sorted(unknown))}")
    return found
