from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from knowledge_base.check import check_card, check_cards
from knowledge_base.models import Cite, RuleCard, Superseded
from knowledge_base.statutes.library import StatuteLibrary

TODAY = date(2026, 11, 23)
MakeCard = Callable[..., RuleCard]


def test_a_good_card_has_no_problems(make_card: MakeCard, library: StatuteLibrary) -> None:
    assert check_card(make_card(), library, TODAY) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answer": "收到决定书之日起30日内交。"}, "正文中的“30日”不在所引条文中"),
        ({"next_steps": ("先交一百元",)}, "下一步中的“一百元”不在所引条文中"),
        ({"answer": "按第六十七条，15日内交。"}, "正文里写了条号"),
        ({"answer": "2019年3月1日起15日内交。"}, "日期 2019-03-01"),
        ({"cites": ()}, "没有引用任何条文"),
        ({"cites": (Cite("行政处罚法", "第三百条"),)}, "行政处罚法第三百条 不存在"),
        ({"cites": (Cite("福清市养犬条例", "第一条"),)}, "没有《福清市养犬条例》的文本"),
        (
            {"cites": (Cite("噪声污染防治法", "第一条"),), "answer": "不能吵。"},
            "已废止，由《生态环境法典》取代",
        ),
        (
            {"cites": (Cite("行政处罚法", "第六十七条", ("三十日内缴纳",)),)},
            "要点“三十日内缴纳”中的“三十日”不在该条",
        ),
        ({"questions": ("罚款几天内交",)}, "问法只有 1 种"),
        ({"questions": ("甲问",) * 6}, "有重复的问法"),
        ({"title": "长" * 31}, "标题超过"),
        ({"valid_from": date(1990, 1, 1)}, "早于《行政处罚法》施行日"),
        ({"reviewed_on": date(2021, 1, 1)}, "须重新复核"),
        ({"reviewed_on": date(2027, 1, 1)}, "在今天之后"),
        ({"valid_until": date(2026, 1, 1)}, "卡片已在 2026-01-01 失效"),
        (
            {"superseded": (Superseded("行政处罚法", "第六十七条", "十五日内", date(2027, 1, 1)),)},
            "since 2027-01-01 在今天之后",
        ),
        (
            {"superseded": (Superseded("行政处罚法", "第六十七条", "十五日内", date(2026, 1, 1)),)},
            "今天仍然有效",
        ),
        (
            {"superseded": (Superseded("治安管理处罚法", "第七十五条", "罚一千元以下", date(2026, 1, 1)),)},
            "旧的 治安管理处罚法第七十五条 里没有“一千元”",
        ),
    ],
)
def test_finds_what_goes_beyond_the_law(
    changes: dict[str, object], reason: str, make_card: MakeCard, library: StatuteLibrary
) -> None:
    problems = check_card(make_card(**changes), library, TODAY)

    assert any(reason in problem for problem in problems), problems


@pytest.mark.parametrize(
    "answer",
    [
        "15天内交，不懂就打12345，24小时热线。",
        "15个工作日内交，自2021年7月15日起这样算。",
        "十五日内交，拍两张照片留底。",
    ],
)
def test_spelling_hotlines_and_known_dates_are_no_problem(
    answer: str, make_card: MakeCard, library: StatuteLibrary
) -> None:
    assert check_card(make_card(answer=answer), library, TODAY) == []


def test_a_card_may_rest_on_the_text_of_the_day_it_is_checked_for(
    make_card: MakeCard, library: StatuteLibrary
) -> None:
    card = make_card(
        cites=(Cite("治安管理处罚法", "第七十五条"),),
        answer="处二百元以上五百元以下罚款。",
        valid_from=date(2013, 1, 1),
        reviewed_on=date(2024, 1, 1),
    )

    assert check_card(card, library, date(2025, 6, 1)) == []
    assert check_card(card, library, TODAY) != []


def test_an_old_rule_may_be_quoted_as_old(make_card: MakeCard, library: StatuteLibrary) -> None:
    old = Superseded("治安管理处罚法", "第七十五条", "处二百元以上五百元以下罚款", date(2026, 1, 1))

    assert check_card(make_card(superseded=(old,)), library, TODAY) == []


def test_two_cards_must_not_take_different_numbers_for_the_same_thing(
    make_card: MakeCard, library: StatuteLibrary
) -> None:
    one = make_card(cites=(Cite("行政处罚法", "第六十七条", ("自收到决定书之日起15日内缴纳罚款",)),))
    other = make_card(
        id="other",
        questions=("甲", "乙", "丙", "丁", "戊"),
        cites=(Cite("行政处罚法", "第六十七条", ("自收到决定书之日起60日内缴纳罚款",)),),
    )

    problems = check_cards([one, other], library, TODAY).problems

    assert any("与 pay_in_time 对 行政处罚法第六十七条 的说法不一" in p.reason for p in problems)


def test_a_phrasing_belongs_to_one_card(make_card: MakeCard, library: StatuteLibrary) -> None:
    report = check_cards([make_card(), make_card(id="other")], library, TODAY)

    assert any("已属于 pay_in_time" in p.reason and p.card == "other" for p in report.problems)


def test_the_report_tells_which_phrasings_are_found_by_luck(
    make_card: MakeCard, library: StatuteLibrary
) -> None:
    lonely = make_card(id="lonely", title="甲乙丙", questions=("子丑", "寅卯", "辰巳", "午未", "申酉"))

    report = check_cards([make_card(), lonely], library, TODAY)

    assert {p.card for p in report.hard_to_find} == {"lonely"}
    assert 0 < report.found_without_itself < 1
    assert str(report.hard_to_find[0]).startswith("test.yml: lonely: 问法“")


def test_the_cards_of_the_product_hold(library: StatuteLibrary) -> None:
    from knowledge_base.cards import load_cards

    cards = load_cards()

    report = check_cards(cards, library, max(card.reviewed_on for card in cards))

    assert list(map(str, report.problems)) == []
