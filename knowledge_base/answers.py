"""Turns what was found into an answer, or into an honest refusal."""

from __future__ import annotations

from datetime import date

from knowledge_base.card_index import CardIndex, Found
from knowledge_base.citations import CitationFinder
from knowledge_base.law_search import LawSearch
from knowledge_base.models import Answer, Citation, Hit, RuleCard, Status
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.vectors import LONGEST_QUESTION, Vectors
from knowledge_base.words import simplified

# Set by measurement, see docs/adr/0004-knowledge-base.md.
_SURE_BY_MEANING = 0.88
_SURE_BY_WORDS = 0.35
_QUOTED = 400


class Answering:
    """Answers questions from cards, and points to articles where there is no card."""

    def __init__(
        self, library: StatuteLibrary, cards: CardIndex, laws: LawSearch, citations: CitationFinder
    ) -> None:
        self._library = library
        self._cards = cards
        self._laws = laws
        self._citations = citations

    def answer(self, question: str, as_of: date, meaning: Vectors | None, context: Answer | None) -> Answer:
        """See `KnowledgeBase.answer`."""
        text = simplified(question)[:LONGEST_QUESTION]
        found = self._cards.find(text, meaning)
        if found and self._is_sure(found[0], meaning):
            return self._from_card(found[0], found[1:], as_of)
        return self._from_laws(question, as_of, meaning)

    def _is_sure(self, found: Found, meaning: Vectors | None) -> bool:
        by_meaning = meaning is not None and self._cards.has_vectors
        return found.near >= (_SURE_BY_MEANING if by_meaning else _SURE_BY_WORDS)

    def _from_card(self, found: Found, others: list[Found], as_of: date) -> Answer:
        card = found.card
        citations = tuple(self._citations_of(card, as_of))
        return Answer(
            kind=card.kind,
            text=compose(card, self._quotes(card, as_of)),
            citations=citations,
            card=card if card.topic != "guard" else None,
            confidence=min(max(found.near, 0.0), 1.0),
            alternatives=tuple(other.card for other in others if other.card.topic != "guard"),
            as_of=as_of,
        )

    def _from_laws(self, question: str, as_of: date, meaning: Vectors | None) -> Answer:
        hits = self._laws.search(question, day=as_of, limit=3, meaning=meaning)
        citations = tuple(c for hit in hits if (c := self._citation(hit, as_of)))
        return Answer("refer", _no_card(hits), citations, None, 0.0, (), as_of)

    def _citation(self, hit: Hit, as_of: date) -> Citation | None:
        article = self._library.article(hit.law, hit.article, as_of)
        return (
            Citation(article.law, article.article, article.status, article.effective_from)
            if article
            else None
        )

    def _citations_of(self, card: RuleCard, as_of: date) -> list[Citation]:
        found = (self._library.article(cite.law, cite.article, as_of) for cite in card.cites)
        return [Citation(a.law, a.article, a.status, a.effective_from) for a in found if a is not None]

    def _quotes(self, card: RuleCard, as_of: date) -> list[str]:
        quotes = []
        for cite in card.cites:
            article = self._library.article(cite.law, cite.article, as_of)
            if article is not None and article.status is Status.IN_FORCE:
                quotes.append(f"《{article.law}》{article.article}：{_short(article.text)}")
        return quotes


def compose(card: RuleCard, quotes: list[str]) -> str:
    """A card in plain text."""
    parts = [card.answer]
    if card.local_gap:
        parts.append(f"要注意：{card.local_gap}")
    if card.next_steps:
        parts.append("下一步：" + "；".join(step.rstrip("。；") for step in card.next_steps) + "。")
    if quotes:
        parts.append("依据：\n" + "\n".join(quotes))
    return "\n".join(parts)


def _no_card(hits: list[Hit]) -> str:
    if not hits:
        return "这个问题我没有找到可靠的依据，不敢乱说。可以转给工作人员，或者打12345问。"
    lines = [f"《{hit.law}》{hit.article}：{_short(hit.text)}" for hit in hits]
    return (
        "这个问题我没有现成的答案，不敢乱说。下面几条法律可能有关，供您参考；要准确的答复，可以转给工作人员。\n"
        + "\n".join(lines)
    )


def _short(text: str) -> str:
    text = text.replace("\n", " ")
    return text if len(text) <= _QUOTED else text[:_QUOTED] + "……"
