from __future__ import annotations

import pytest

from bot.desk.forms import Form, _whole


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"a=%E4%BD%A0", "a=%E4%BD%A0"),
        (b"a=%E4%BD%A", "a=%E4%BD"),
        (b"a=%E4%", "a=%E4"),
        (b"", ""),
        (b"%", ""),
    ],
)
def test_a_body_is_cut_between_characters(body: bytes, expected: str) -> None:
    assert _whole(body) == expected


@pytest.mark.parametrize(
    ("value", "number"), [("7", 7), (" 7 ", 7), ("", None), ("-1", None), ("７", None), ("9" * 19, None)]
)
def test_numbers_are_plain_digits(value: str, number: int | None) -> None:
    assert Form({"n": value}).number("n") == number


def test_text_has_one_kind_of_line_end_and_no_nulls() -> None:
    assert Form({"t": " 一\r\n二\x00 "}).text("t") == "一\n二"
    assert Form({}).text("t") == ""
