"""Case explainers (以案释法): invented cases that show the rule of a card, marked as invented."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge_base.models import RuleCard

MARK = "（虚构案例）"
TITLE = "以案释法："


def examples_by_card(cards: Sequence[RuleCard]) -> dict[str, str]:
    """Id of a card -> id of the case that shows its rule."""
    found: dict[str, str] = {}
    for case in cards:
        for card_id in case.illustrates:
            found.setdefault(card_id, case.id)
    return found


def check_example(case: RuleCard, cards: Sequence[RuleCard]) -> list[str]:
    """What is wrong with a case, beyond what is checked of every card; nothing for a card that is none."""
    if not case.illustrates:
        return ["以案释法没有写明说的是哪张卡片（illustrates）"] if case.title.startswith(TITLE) else []
    reasons = []
    if not case.answer.startswith(MARK):
        reasons.append(f"案例是编的，正文要以“{MARK}”开头")
    if not case.title.startswith(TITLE):
        reasons.append(f"案例的标题要以“{TITLE}”开头")
    shown = [card for card in cards if card.id in case.illustrates and not card.illustrates]
    if unknown := set(case.illustrates) - {card.id for card in shown}:
        reasons.append(f"没有这样的卡片：{'、'.join(sorted(unknown))}")
    allowed = {(cite.law, cite.article) for card in shown for cite in card.cites}
    reasons += [
        f"{cite.law}{cite.article} 不在它所说的卡片引用的条文里"
        for cite in case.cites
        if (cite.law, cite.article) not in allowed
    ]
    return reasons
