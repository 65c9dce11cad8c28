"""Long texts are cut where a reader would pause, within what the channel counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.pieces import SentPieces, split_text, utf8_bytes, utf16_units

FAMILY = "👨‍👩‍👧‍👦"


def test_a_line_without_breaks_is_cut_at_the_limit() -> None:
    assert list(split_text("字" * 4097, 4096)) == ["字" * 4096, "字"]


def test_a_sentence_ends_the_piece_rather_than_the_limit() -> None:
    assert list(split_text("第一句话说完了。第二句话还长着呢", 12)) == [
        "第一句话说完了。",
        "第二句话还长着呢",
    ]


def test_a_paragraph_is_a_better_end_than_a_sentence() -> None:
    words = "一二三四五六。\n\n七八。九十"

    assert list(split_text(words, 13)) == ["一二三四五六。", "七八。九十"]


def test_an_emoji_of_several_characters_stays_whole() -> None:
    pieces = list(split_text("字" * 8 + FAMILY, 10))

    assert pieces == ["字" * 8, FAMILY]


def test_emoji_count_double_on_telegram() -> None:
    assert [utf16_units(piece) for piece in split_text("😀" * 3000, 4096, utf16_units)] == [4096, 1904]


def test_wechat_counts_bytes() -> None:
    pieces = list(split_text("字" * 683, 2048, utf8_bytes))

    assert [utf8_bytes(piece) for piece in pieces] == [2046, 3]


@pytest.mark.parametrize("size", [len, utf8_bytes, utf16_units])
@given(words=st.text(max_size=200), limit=st.integers(60, 90))
def test_nothing_but_blanks_gets_lost(size, words: str, limit: int) -> None:
    pieces = list(split_text(words, limit, size))

    assert "".join("".join(pieces).split()) == "".join(words.split())
    assert all(0 < size(piece) <= limit for piece in pieces)


def test_what_was_sent_is_remembered_until_all_is() -> None:
    sent = SentPieces()
    sent.add(1)
    sent.add(1)
    before = sent.of(1)
    sent.forget(1)

    assert (before, sent.of(1), sent.of(2)) == (2, 0, 0)
