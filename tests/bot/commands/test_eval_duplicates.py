"""`wenfa eval duplicates`: the arithmetic, on reports whose likeness is plain."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli import main
from bot.commands.eval_duplicates import measure
from tickets.values import NewTicket, Place


def report(text: str, place: str) -> NewTicket:
    return NewTicket("complaint", "illegal_dumping", summary=text, place=Place(place))


HEAP = [report(f"东华村村口倒了一车装修垃圾，{more}", "东华村村口") for more in ("没人管", "很臭", "三天了")]
NOISE = [report(f"文化广场跳舞的音响太响，{more}", "文化广场") for more in ("睡不着", "天天这样")]


def test_all_found_and_nothing_wrong() -> None:
    scores = measure([*HEAP, *NOISE], [0, 0, 0, 1, 1])

    assert scores.topics == (3, 2)
    assert (scores.precision, scores.recall) == (1.0, 1.0)
    assert (scores.best_is_right, scores.best_found) == (1.0, 1.0)


def test_what_is_found_of_another_matter_costs_precision_and_what_is_not_found_recall() -> None:
    scores = measure([HEAP[0], HEAP[1], NOISE[0]], [None, 0, 0])

    assert (scores.precision, scores.recall) == (0.0, 0.0)


def test_a_file_that_makes_no_sense_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.jsonl").write_text('{"title": "x"}\n', encoding="utf-8")

    assert main(["eval", "duplicates", str(tmp_path / "rows.jsonl"), "--topic", "x"]) == 1
    assert main(["eval", "duplicates", str(tmp_path / "rows.jsonl"), "--topic", "("]) == 1
    assert capsys.readouterr().err.count("\n") == 2
