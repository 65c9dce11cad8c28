"""Rule cards that fit a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.dates import CHINA
from knowledge_base.base import KnowledgeBase
from knowledge_base.models import RuleCard
from tickets.models import Ticket

MAX_CARDS = 5


def fitting_cards(knowledge: KnowledgeBase, ticket: Ticket, now: datetime) -> Sequence[RuleCard]:
    """Cards that are valid today: first what answers the ticket's words, then those of its category."""
    today = now.astimezone(CHINA).date()
    answer = knowledge.answer(ticket.summary[:200], as_of=today)
    found = [card for card in (answer.card, *answer.alternatives) if card is not None]
    found += [card for card in knowledge.cards.values() if card.category == ticket.category]
    unique = {card.id: card for card in found if card.is_valid_on(today)}
    return list(unique.values())[:MAX_CARDS]
