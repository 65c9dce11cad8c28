"""What can be done about a rule, as buttons under its card: count the days of a decision, write a paper, see
what to bring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.base import Button

if TYPE_CHECKING:
    from knowledge_base.models import RuleCard

# By the first word of a card's id, or by its topic.
_WITH_DAYS = frozenset({"pay", "recon", "suit", "hearing", "law_reconsideration", "law_litigation"})

# By a card's id, its topic, or the first word of its id; the most precise decides.
_PAPERS = {
    "law_reconsideration": Button("button_write_reconsideration", "paper:start:reconsideration"),
    "hearing": Button("button_write_hearing", "paper:start:hearing"),
    "law_disclosure": Button("button_write_disclosure", "paper:start:disclosure"),
    "law_petition": Button("button_write_complaint", "paper:start:complaint"),
    "law_oversight": Button("button_write_complaint", "paper:start:complaint"),
    "dog_register_fuqing": Button("button_list", "paper:list:dog"),
    "dog_rural": Button("button_list", "paper:list:dog"),
    "vending_where_allowed": Button("button_list", "paper:list:vending"),
    "vending_pavement": Button("button_list", "paper:list:vending"),
    "shop_occupy_apply": Button("button_list", "paper:list:vending"),
    "sign_need_permit": Button("button_list", "paper:list:sign"),
}


def tools_for(card: RuleCard) -> tuple[Button, ...]:
    """The buttons for a card; most cards have none."""
    names = (card.id, card.topic, card.id.partition("_")[0])
    buttons = []
    if _WITH_DAYS.intersection(names):
        buttons.append(Button("button_deadlines", "deadlines:start"))
    if paper := next((_PAPERS[name] for name in names if name in _PAPERS), None):
        buttons.append(paper)
    return tuple(buttons)
