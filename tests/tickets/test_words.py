from __future__ import annotations

import pytest

from tickets.words import words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("装修垃圾", ["装修", "垃圾"]),
        ("50%_太吵", ["50%_", "太吵"]),
        ("KTV 噪音 噪音", ["KTV", "噪音"]),
        ("  ", []),
    ],
)
def test_a_search_is_cut_into_words(text: str, expected: list[str]) -> None:
    assert words_of(text) == expected
