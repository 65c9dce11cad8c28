"""What reaches the NLU server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text_cleaning import MAX_LENGTH, clean, simplify


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("/restart", "restart"),
        ("／affirm", "affirm"),
        ("⁄deny", "⁄deny"),
        ("\u200b/restart", "restart"),
        ("/\u200b/restart", "restart"),
        ("  / / ／session_start", "session_start"),
        ("\ufeff\u202e/deny", "deny"),
        ("請問狗證怎麼辦", "请问狗证怎么办"),
        ("１３８００００", "1380000"),
        ("路灯\u200b坏\u200d了", "路灯坏了"),
        ("a\x00b\x07c", "abc"),
        ("一\t二 　三", "一 二 三"),
        ("第一行\r\n\r\n第二行", "第一行\n第二行"),
        ("啊" * 5000, "啊啊啊"),
        ("[a](b)", "[a](b)"),
    ],
)
def test_text_is_made_plain(typed: str, cleaned: str):
    assert clean(typed) == cleaned


@pytest.mark.parametrize(
    "typed", ["", "   ", "\n", "👍", "👍🏽👨‍👩‍👧", "。。。！！！", "/", "////", "\u200b\u200d", "……——"]
)
def test_nothing_to_understand_becomes_empty(typed: str):
    assert clean(typed) == ""


def test_long_text_keeps_its_beginning_and_its_end():
    story = "开头在清荣大道。" + "".join(chr(0x4E00 + i % 900) for i in range(9000)) + "结尾有人摆摊"

    cleaned = clean(story)

    assert len(cleaned) == MAX_LENGTH
    assert cleaned.startswith("开头在清荣大道")
    assert cleaned.endswith("结尾有人摆摊")


def test_numbers_are_not_shortened():
    assert clean("工单FQ20261123-0000") == "工单FQ20261123-0000"


def test_simplify_keeps_the_middle_of_a_long_text():
    assert "著火" not in simplify("字" * 5000 + "著火了" + "字" * 3000)
    assert "着火了" in simplify("字" * 5000 + "著火了" + "字" * 3000)


@given(st.text())
def test_no_text_becomes_a_command(text: str):
    cleaned = clean(text)

    assert not cleaned.startswith(("/", " "))
    assert len(cleaned) <= MAX_LENGTH
