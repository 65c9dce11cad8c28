from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.numerals import (
    article_key,
    canonical,
    chinese_to_int,
    dates,
    int_to_chinese,
    normal_article,
    quantities,
)


@given(st.integers(min_value=1, max_value=9999))
def test_a_number_survives_being_written_in_chinese(number: int) -> None:
    assert chinese_to_int(int_to_chinese(number)) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十", 10),
        ("二十", 20),
        ("一百零五", 105),
        ("一千二百四十二", 1242),
        ("两百五十", 250),
        ("二〇二六", 2026),
    ]
    + [("十二万五千", 125_000), ("一亿", 100_000_000), ("三万", 30_000)],
)
def test_reads_chinese_numerals(text: str, value: int) -> None:
    assert chinese_to_int(text) == value


@pytest.mark.parametrize("text", ["", "几十", "abc", "15"])
def test_refuses_what_is_no_chinese_numeral(text: str) -> None:
    with pytest.raises(ValueError, match="no numeral"):
        chinese_to_int(text)


@pytest.mark.parametrize("number", [0, -1, 10_000])
def test_writes_only_numbers_that_articles_have(number: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        int_to_chinese(number)


@pytest.mark.parametrize("text", ["30", "30条", "第30条", "第三十条", "第３０条", " 第 三十 条 "])
def test_spells_an_article_number_in_one_way(text: str) -> None:
    assert normal_article(text) == "第三十条"


def test_knows_inserted_articles_and_leaves_other_text_alone() -> None:
    assert normal_article("第17条之1") == "第十七条之一"
    assert normal_article("条目一") == "条目一"
    assert sorted(["第一百条", "第十七条之一", "条目一", "第十七条"], key=article_key) == [
        "第十七条",
        "第十七条之一",
        "第一百条",
        "条目一",
    ]


@pytest.mark.parametrize(
    "texts",
    [
        ("十五日", "15日", "15天", "15个工作日", "十五天"),
        ("百分之三", "3%", "３％"),
        ("三分之二", "2/3"),
        ("一万元", "1万元", "10000元", "10,000元", "1万块"),
        ("六个月", "6个月", "半年", "6月"),
        ("二人", "两人", "2名"),
    ],
)
def test_same_quantity_in_all_spellings(texts: tuple[str, ...]) -> None:
    found = [[(q.value, q.unit) for q in quantities(text)] for text in texts]

    assert all(len(each) == 1 for each in found)
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1到10万元", [10_000, 100_000]),
        ("500-2000元", [500, 2000]),
        ("二至五倍", [2, 5]),
        ("三至六个月", [3, 6]),
    ]
    + [("百分之五以上百分之十以下", [5, 10]), ("千分之五", [Fraction(1, 2)])],
)
def test_a_range_gives_both_ends(text: str, values: list[int]) -> None:
    assert [q.value for q in quantities(text)] == values


@pytest.mark.parametrize(
    "text",
    [
        "第三十条",
        "（一）立即改正",
        "1. 先拍照",
        "千万别碰",
        "万一着火",
        "十分重要",
        "一个人",
        "2026年8月15日起",
        "同一天",
    ],
)
def test_names_and_marks_are_no_quantities(text: str) -> None:
    assert quantities(text) == []


def test_a_number_in_digits_counts_without_a_unit() -> None:
    assert [(q.value, q.unit) for q in quantities("最多600")] == [(600, "")]


def test_gives_dates_as_far_as_they_are_written() -> None:
    assert dates("2026年8月15日起，2021年前，5月1日") == ["2026-08-15", "2021"]


def test_canonical_text_lets_wordings_be_compared() -> None:
    assert canonical("三千元以上三万元以下") == canonical("3000元以上30000元以下") == "3000元以上30000元以下"
    assert canonical("百分之三、三分之二") == "3%、0.666667份额"


def test_a_number_at_the_end_of_a_line_is_one() -> None:
    assert [(q.value, q.unit) for q in quantities("罚了500\n能减吗，12.5\t元")] == [(12.5, "元"), (500, "")]
