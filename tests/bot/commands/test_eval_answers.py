from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from bot.commands import eval_answers
from bot.commands.eval_answers import Summary, Verdict, faults_of, to_read
from bot.config import Settings

LAW = {"law": "行政处罚法", "article": "第六十七条"}


def row(**changes: Any) -> dict[str, Any]:
    return {
        "id": "T1",
        "question": "罚款几天内交",
        "expect": "answer",
        "gold": [LAW],
        "facts": ["15日|十五日"],
    } | changes


def reply(**changes: Any) -> dict[str, Any]:
    citation = {"law": "中华人民共和国行政处罚法", "article": "第67条", "status": "in_force"}
    return {
        "kind": "answer",
        "text": "十五天内交。",
        "citations": [citation],
        "card": "c",
        "confidence": 1.0,
    } | changes


def test_spelling_does_not_matter() -> None:
    assert faults_of(row(), reply()) == []


@pytest.mark.parametrize(
    ("asked", "given", "fault"),
    [
        ({}, {"kind": "refer"}, "kind"),
        ({}, {"citations": []}, "article"),
        ({"gold": [], "gold_any": [[LAW]]}, {"citations": []}, "article"),
        ({}, {"text": "三十日内交。"}, "fact"),
        ({"legacy": [LAW]}, {}, "repealed"),
        ({"gold": [], "gold_if_cited": [{"law": "行政处罚法", "article": "第一条"}]}, {}, "version"),
        ({"expect": "out_of_scope", "gold": [], "facts": []}, {"kind": "out_of_scope"}, "cited"),
        ({"expect": "flag_superseded"}, {}, "silent"),
    ],
)
def test_names_what_is_wrong(asked: dict[str, Any], given: dict[str, Any], fault: str) -> None:
    faults = faults_of(row(**asked), reply(**given))

    assert [f.split(":")[0] for f in faults] == [fault]


def test_repealed_law_may_be_named_as_repealed() -> None:
    old = reply()["citations"][0] | {"status": "repealed"}

    assert faults_of(row(gold=[], legacy=[LAW]), reply(citations=[old])) == []


def test_forbidden_numbers_are_left_to_a_person() -> None:
    assert to_read(row(must_not=["说30日"]), reply(text="十五日，不是30日。")) == ["to read: 说30日"]
    assert to_read(row(must_not=["说30日"]), reply(text="十五日。依据：三十日")) == []


def test_the_report_lists_the_worst() -> None:
    right = Verdict(row(), reply(), (), ("to read: 说30日",), 5.0)
    wrong = Verdict(row(id="T2"), reply(), ("fact: x", "kind: y"), (), 9.0)

    lines = Summary([right, wrong]).lines(5)

    assert lines[0] == "right: 1/2 = 50.0%"
    assert any(line.startswith("T2") for line in lines)
    assert lines[-1] == "T1 to read: 说30日"


def test_scores_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row(question="罚款要在几天内交")) + "\n", encoding="utf-8")

    assert run(path, tmp_path) == 0
    assert "time: p50" in capsys.readouterr().out
    assert run(tmp_path / "none.jsonl", tmp_path) == 1
    assert "none.jsonl" in capsys.readouterr().err


def run(path: Path, data_folder: Path) -> int:
    parser = argparse.ArgumentParser()
    eval_answers.add_arguments(parser)
    args = parser.parse_args([str(path), "--words-only"])
    args.settings = Settings(data_folder=data_folder)
    return int(args.run(args))
