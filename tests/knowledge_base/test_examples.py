"""Case explainers say that they are invented and stand on the articles of the cards they show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from knowledge_base.cards import load_cards
from knowledge_base.examples import MARK, check_example, examples_by_card
from knowledge_base.models import Cite, RuleCard

CARDS = load_cards()
CASES = [card for card in CARDS if card.illustrates]
CASE = CASES[0]


def test_there_are_enough_cases_and_all_are_sound() -> None:
    assert len(CASES) >= 10
    assert {reason for card in CARDS for reason in check_example(card, CARDS)} == set()
    assert all(case.answer.startswith(MARK) for case in CASES)


def test_every_case_is_found_from_its_cards() -> None:
    found = examples_by_card(CARDS)

    assert set(found.values()) == {case.id for case in CASES}
    assert set(found) <= {card.id for card in CARDS}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (replace(CASE, answer="老林倒垃圾"), "案例是编的"),
        (replace(CASE, title="三个人倒垃圾"), "标题要以"),
        (replace(CASE, illustrates=("no_such_card",)), "没有这样的卡片：no_such_card"),
        (replace(CASE, illustrates=(CASE.id,)), "没有这样的卡片"),
        (replace(CASE, illustrates=()), "没有写明说的是哪张卡片"),
        (replace(CASE, cites=(*CASE.cites, Cite("民法典", "第一条"))), "民法典第一条 不在"),
    ],
)
def test_a_wrong_case_is_refused(wrong: RuleCard, reason: str) -> None:
    assert any(reason in said for said in check_example(wrong, CARDS))


def test_a_plain_card_is_left_alone() -> None:
    plain = next(card for card in CARDS if not card.title.startswith("以案释法"))

    assert check_example(plain, CARDS) == []
