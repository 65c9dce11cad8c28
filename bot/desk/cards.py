"""Rule cards that fit a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.dates import CHINA
from knowledge_base.base import KnowledgeBase
from knowledge_base.models import RuleCard
from tickets.models import Ticket

MAX_CARDS = 5
MAX_QUESTION_LENGTH = 100


def fitting_cards(knowledge: KnowledgeBase, ticket: Ticket, now: datetime) -> Sequence[RuleCard]:
    """Cards that are valid today: those of the category, what answers the ticket's words first; then others.

    Takes tens of milliseconds: call it in a thread.
    """
    today = now.astimezone(CHINA).date()
    answer = knowledge.answer(ticket.summary[:MAX_QUESTION_LENGTH], as_of=today)
    found = [card for card in (answer.card, *answer.alternatives) if card is not None]
    same = [card for card in knowledge.cards.values() if card.category == ticket.category]
    found = [card for card in found if card in same] + same + found
    unique = {card.id: card for card in found if card.is_valid_on(today)}
    return list(unique.values())[:MAX_CARDS]
