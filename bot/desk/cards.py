"""The law that fits a ticket: rule cards with the articles they rest on, and further articles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.dates import CHINA
from knowledge_base.base import KnowledgeBase
from knowledge_base.models import Article, Hit, RuleCard
from tickets.models import Ticket

MAX_CARDS = 5
MAX_HITS = 4
MAX_QUESTION_LENGTH = 100


@dataclass(frozen=True, slots=True)
class FittingLaw:
    """What the page of a ticket offers.

    Attributes:
        cards: each with the text of the articles that it cites, as they stand today.
        articles: that the ticket's words find beside those.
    """

    cards: Sequence[tuple[RuleCard, Sequence[Article]]]
    articles: Sequence[Hit]


def fitting_law(knowledge: KnowledgeBase, ticket: Ticket, now: datetime) -> FittingLaw:
    """Cards and articles that are valid today.

    Takes tens of milliseconds: call it in a thread.
    """
    today = now.astimezone(CHINA).date()
    question = ticket.summary[:MAX_QUESTION_LENGTH]
    cards = [(card, _cited(knowledge, card, today)) for card in _cards(knowledge, ticket, question, today)]
    quoted = {(article.law, article.article) for _, articles in cards for article in articles}
    found = knowledge.search(question, limit=MAX_HITS * 2, as_of=today) if question.strip() else []
    others = [hit for hit in found if (hit.law, hit.article) not in quoted]
    return FittingLaw(cards, others[:MAX_HITS])


def _cards(knowledge: KnowledgeBase, ticket: Ticket, question: str, today: date) -> list[RuleCard]:
    """Those of the category, what answers the ticket's words first; then others."""
    answer = knowledge.answer(question, as_of=today)
    found = [card for card in (answer.card, *answer.alternatives) if card is not None]
    same = [card for card in knowledge.cards.values() if card.category == ticket.category]
    found = [card for card in found if card in same] + same + found
    unique = {card.id: card for card in found if card.is_valid_on(today)}
    return list(unique.values())[:MAX_CARDS]


def _cited(knowledge: KnowledgeBase, card: RuleCard, today: date) -> list[Article]:
    found = (knowledge.article(cite.law, cite.article, as_of=today) for cite in card.cites)
    return [article for article in found if article is not None]
