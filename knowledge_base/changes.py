"""The law-change watch: what a newer text of a statute changes, and which cards have to be looked at."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from knowledge_base.models import Citation, RuleCard
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.statutes.version import StatuteVersion


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """An article whose text differs between two versions; `now` is "" if its number is gone."""

    law: str
    article: str
    before: str
    now: str
    since: date

    def difference(self) -> str:
        """The change in one line, with [-what went-] and {+what came+}."""
        parts = []
        matcher = difflib.SequenceMatcher(None, self.before, self.now, autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            if kind == "equal":
                parts.append(self.before[a:b])
                continue
            parts.append(f"[-{self.before[a:b]}-]" if b > a else "")
            parts.append(f"{{+{self.now[c:d]}+}}" if d > c else "")
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Affected:
    """Something that cites a changed article: the id of a card, or whatever name a past answer was given."""

    name: str
    change: ArticleChange


def changes_between(before: StatuteVersion, now: StatuteVersion) -> list[ArticleChange]:
    """The articles of the older version that the newer one changed or dropped."""
    newer = {article.number: article.text for article in now.articles}
    return [
        ArticleChange(
            before.law, article.number, article.text, newer.get(article.number, ""), now.effective_from
        )
        for article in before.articles
        if newer.get(article.number, "") != article.text
    ]


def changes_since(library: StatuteLibrary, since: date) -> list[ArticleChange]:
    """Everything that came into force after `since`, whatever the day on which it did."""
    found: list[ArticleChange] = []
    for law in sorted({version.law for version in library.all_versions()}):
        versions = library.versions(law)
        for before, now in zip(versions, versions[1:], strict=False):
            if now.effective_from > since:
                found += changes_between(before, now)
        last = versions[-1]
        if last.repealed and last.effective_to is not None and last.effective_to > since:
            ended = last.effective_to
            found += [ArticleChange(law, a.number, a.text, "", ended) for a in last.articles]
    return found


def affected_cards(
    cards: Iterable[RuleCard], changes: Sequence[ArticleChange], library: StatuteLibrary
) -> list[Affected]:
    """The cards that cite a changed article and were last reviewed before the change."""
    by_article = {(change.law, change.article): change for change in changes}
    found = []
    for card in cards:
        for cite in card.cites:
            change = by_article.get((library.find(cite.law) or cite.law, cite.article))
            if change is not None and card.reviewed_on < change.since:
                found.append(Affected(card.id, change))
    return found


def affected_citations(
    cited: Iterable[tuple[str, Citation]], changes: Sequence[ArticleChange]
) -> list[Affected]:
    """Past answers or templates, given by name and citation, that rest on the text before a change."""
    by_article = {(change.law, change.article): change for change in changes}
    found = []
    for name, citation in cited:
        change = by_article.get((citation.law, citation.article))
        if change is not None and citation.effective_from < change.since:
            found.append(Affected(name, change))
    return found
