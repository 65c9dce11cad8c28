"""What can be done about a rule, as buttons under its card: count the days of a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.base import Button

if TYPE_CHECKING:
    from knowledge_base.models import RuleCard

# By the first word of a card's id, or by its topic.
_WITH_DAYS = frozenset({"pay", "recon", "suit", "hearing", "law_reconsideration", "law_litigation"})


def tools_for(card: RuleCard) -> tuple[Button, ...]:
    """The buttons for a card; most cards have none."""
    names = {card.id.partition("_")[0], card.topic}
    buttons = []
    if names & _WITH_DAYS:
        buttons.append(Button("button_deadlines", "deadlines:start"))
    return tuple(buttons)
