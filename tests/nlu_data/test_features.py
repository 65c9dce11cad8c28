"""What the heads are made of: units of a text, its stretches, and the search for the smallest loss."""

from __future__ import annotations

import numpy as np
import pytest

from nlu_data.components.descent import minimise
from nlu_data.components.ngrams import grams
from nlu_data.components.text import stretches, units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("路灯壞了", ["路", "灯", "坏", "了"]),
        ("Two dogs, no leash", ["two", "dog", ",", "no", "leash"]),
        ("楼下 BBQ 太吵", ["楼", "下", "bbq", "太", "吵"]),
        ("ＫＴＶ2号", ["ktv", "2", "号"]),
        ("this bus is glass", ["this", "bus", "is", "glass"]),
        (" \n", []),
    ],
)
def test_a_unit_is_a_sign_or_a_latin_word(text: str, expected: list[str]):
    assert units(text) == expected


def test_a_latin_word_counts_as_one_character():
    assert set(grams("no water 停水")) == {
        *("no", "water", "停", "水"),
        *("nowater", "water停", "停水"),
        *("nowater停", "water停水"),
    }


def test_stretches_are_cut_between_sentences_and_lose_nothing():
    text = "第一句话说了很多。第二句也不短！" * 20 + "没有标点的长句" * 40

    found = stretches(text, 50)

    assert "".join(found) == text
    assert all(len(piece) <= 100 for piece in found)
    assert all(piece.endswith("！") for piece in found[:5])
    assert stretches("", 50) == []


def test_minimise_finds_the_bottom_of_a_narrow_valley():
    def valley(point: np.ndarray) -> tuple[float, np.ndarray]:
        x, y = map(float, point)
        slope = [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)]
        return (1 - x) ** 2 + 100 * (y - x * x) ** 2, np.array(slope, dtype=np.float32)

    assert minimise(valley, np.array([-1.2, 1.0], dtype=np.float32), 100) == pytest.approx([1, 1], abs=0.01)


def test_minimise_stays_where_nothing_can_be_gained():
    start = np.zeros(3, dtype=np.float32)

    assert minimise(lambda point: (float(point @ point), 2 * point), start, 5) == pytest.approx([0, 0, 0])
