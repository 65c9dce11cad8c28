from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.cards import load_cards, read_cards
from knowledge_base.errors import CardFormatError
from knowledge_base.guards import load_guards

Write = Callable[[str, str], Path]

CARD = """
- id: pay_in_time
  title: 罚款要在几天内交
  topic: law_penalty
  category: null
  questions: [罚款几天内交, 收到罚单多久要交钱, 交罚款的期限, 罚款最晚哪天交, 几天不交算逾期]
  answer: 收到处罚决定书之日起15日内交。
  cites:
    - {law: 行政处罚法, article: 67, facts: [十五日内缴纳罚款]}
  jurisdiction: 全国
  authority: 作出处罚的机关
  next_steps: [按决定书上写的银行去交]
  superseded:
    - {law: 某旧法, article: 第十条, says: 三十日内缴纳, since: 2021-07-15}
  valid_from: 2021-07-15
  valid_until: null
  reviewed_on: 2026-11-23
"""


def test_reads_a_card(write: Write) -> None:
    with pytest.raises(CardFormatError, match="article 应当是文字"):
        load_cards(write("cards/pay.yml", CARD).parent)

    (card,) = load_cards(write("cards/pay.yml", CARD.replace("article: 67", "article: '67'")).parent)

    assert card.cites[0].article == "第六十七条"
    assert card.superseded[0].since == date(2021, 7, 15)
    assert card.kind == "answer"
    assert card.source == "pay.yml"
    assert card.is_valid_on(date(2021, 7, 15))
    assert not card.is_valid_on(date(2021, 7, 14))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("id: pay_in_time", "id: Pay-In-Time", "id 只能用小写"),
        ("title: 罚款要在几天内交", "title: ''", "title 应当是文字"),
        ("questions: [罚款几天内交", "questions: [12345", "questions 应当是文字的列表"),
        ("jurisdiction: 全国", "jurisdiction: 台江区", "jurisdiction 只能是"),
        ("valid_from: 2021-07-15", "valid_from: 2021-02-30", "不存在的日期"),
        ("valid_from: 2021-07-15", "valid_from: 去年", "valid_from 应当是存在的日期"),
        ("  authority: 作出处罚的机关\n", "", "缺少字段 authority"),
        ("category: null", "categroy: null", "不认识的字段 categroy"),
        ("next_steps: [按决定书上写的银行去交]", "next_steps: 交钱", "next_steps 应当是"),
        ("facts: [十五日内缴纳罚款]", "facts: 十五日", "facts 应当是列表"),
        (
            "    - {law: 某旧法, article: 第十条, says: 三十日内缴纳, since: 2021-07-15}",
            "    - 某旧法",
            "superseded 应当是列表",
        ),
        ("- id", "id", "YAML|应当是"),
    ],
)
def test_says_which_card_is_wrong_and_why(old: str, new: str, reason: str, write: Write) -> None:
    text = CARD.replace("article: 67", "article: '67'").replace(old, new)

    with pytest.raises(CardFormatError, match=reason) as error:
        load_cards(write("cards/pay.yml", text).parent)

    assert "pay.yml" in str(error.value)


def test_one_bad_card_hides_no_other(write: Write) -> None:
    good = CARD.replace("article: 67", "article: '67'")

    cards, problems = read_cards(write("pay.yml", good + "- 没有字段\n- {id: other}\n"))

    assert [card.id for card in cards] == ["pay_in_time"]
    assert problems[0].startswith("pay.yml: 第2张: ")
    assert problems[1].startswith("pay.yml: other: 缺少字段")


def test_ids_are_unique_over_all_files(write: Write) -> None:
    good = CARD.replace("article: 67", "article: '67'")
    write("cards/a.yml", good)

    with pytest.raises(CardFormatError, match="编号与 a.yml 中的卡片重复"):
        load_cards(write("cards/b.yml", good).parent)


def test_an_empty_file_has_no_cards_and_a_broken_one_is_named(write: Write) -> None:
    assert read_cards(write("empty.yml", "")) == ([], [])
    assert "不是有效的 YAML" in read_cards(write("broken.yml", "- [a\n"))[1][0]


def test_guards_cite_nothing_and_are_of_a_refusing_kind() -> None:
    guards = load_guards()

    assert {guard.kind for guard in guards} == {"emergency", "handoff", "out_of_scope"}
    assert all(not guard.cites for guard in guards)
    assert len({guard.id for guard in guards}) == len(guards)
