from __future__ import annotations

import pytest

from knowledge_base.cards import load_cards
from knowledge_base.personal import OFFICER, OWN_CASE, for_a_person
from knowledge_base.words import simplified


@pytest.mark.parametrize(
    "text",
    [
        "你们那个姓林的队员骂我还打人，给我处分他",
        "执法人员收了钱，我要举报他",
        "那个李科长收了人家的好处费",
        "城管动手推人，必须开除他",
    ],
)
def test_an_accusation_goes_to_a_person(text: str) -> None:
    assert for_a_person(text) == OFFICER


@pytest.mark.parametrize(
    "text",
    [
        "他们赔我八千私了，我该不该接受",
        "帮我看看这份租店合同有没有坑",
        "我的罚款案子什么时候能定",
        "你说我打这个官司有胜算吗",
    ],
)
def test_a_decision_about_ones_own_case_goes_to_a_person(text: str) -> None:
    assert for_a_person(text) == OWN_CASE


@pytest.mark.parametrize(
    "text",
    [
        "城管打人要负什么责任",
        "执法人员态度差怎么投诉",
        "罚款能不能减免",
        "不服处罚去哪里告",
        "签了劳动合同还能辞职吗",
        "楼道装监控要不要业主同意",
        "",
    ],
)
def test_a_question_about_the_rule_stays_one(text: str) -> None:
    assert for_a_person(text) is None


def test_a_long_account_is_left_to_ranking() -> None:
    assert for_a_person("楼下饭店天天冒烟。" * 12 + "你们局的人是不是收了钱包庇，我要投诉") is None


def test_no_phrasing_of_a_card_is_taken_for_such_a_matter() -> None:
    asked = [simplified(q) for card in load_cards() if card.kind == "answer" for q in card.questions]

    assert [text for text in asked if for_a_person(text)] == []
