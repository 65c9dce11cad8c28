from __future__ import annotations

import argparse
import gzip
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.commands import answer, search
from bot.commands.json_lines import answer_lines
from bot.commands.knowledge import load
from bot.config import ROOT, Settings
from knowledge_base.base import KnowledgeBase

ARTICLES = [
    {"id": "a1", "law": "养犬办法", "article": "第一条", "text": "养犬应当登记。"},
    {"id": "a2", "law": "噪声办法", "article": "第一条", "text": "夜间不得施工。"},
]


def corpus(path: Path, rows: list[dict[str, str]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path


def run(
    module: Any, words: list[str], lines: list[Any], data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, list[dict[str, Any]], str]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(text + "\n"))
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    args = parser.parse_args(words)
    args.settings = Settings(data_folder=data_folder)
    return int(args.run(args)), [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def test_searches_another_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = corpus(tmp_path / "c.jsonl.gz", ARTICLES)

    status, rows, _ = run(
        search, ["--corpus", str(path)], [{"id": 1, "query": "养狗养犬登记"}], tmp_path, monkeypatch
    )

    assert status == 0
    assert rows[0]["id"] == 1
    assert [(hit["id"], hit["law"], hit["article"]) for hit in rows[0]["hits"]] == [
        ("a1", "养犬办法", "第一条")
    ]


def test_headings_beside_a_collection_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = corpus(tmp_path / "c.jsonl.gz", ARTICLES)
    corpus(tmp_path / "headings.jsonl.gz", [{"id": "a2", "heading": "第二章 建筑工地"}])

    _, rows, _ = run(search, ["--corpus", str(path)], [{"id": 1, "query": "建筑工地"}], tmp_path, monkeypatch)

    assert [hit["id"] for hit in rows[0]["hits"]] == ["a2"]


def test_bad_lines_are_named_and_the_rest_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = corpus(tmp_path / "c.jsonl.gz", ARTICLES)
    lines = [
        "not json",
        [1],
        {"id": 3},
        {"id": 4, "query": " "},
        {"id": 5, "query": "登记", "limit": 0},
        "",
        {"query": "登记"},
    ]

    status, rows, err = run(search, ["--corpus", str(path)], lines, tmp_path, monkeypatch)

    assert status == 1
    assert [row["id"] for row in rows] == [None]
    assert [line.split(":")[0] for line in err.splitlines()] == [f"line {n}" for n in range(1, 6)]


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b'{"id": 1}\n', mtime=0), gzip.compress(b"x", mtime=0)[:15]]
)
def test_a_damaged_collection_is_named(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.jsonl.gz"
    path.write_bytes(content)

    status, rows, err = run(search, ["--corpus", str(path)], [], tmp_path, monkeypatch)

    assert (status, rows) == (1, [])
    assert "c.jsonl.gz" in err


def test_searches_the_statutes_of_the_product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, rows, _ = run(
        search,
        ["--words-only"],
        [{"id": "q", "query": "行政处罚法第三十三条", "limit": 1}],
        tmp_path,
        monkeypatch,
    )

    assert status == 0
    (hit,) = rows[0]["hits"]
    assert (hit["law"], hit["article"], hit["status"]) == ("行政处罚法", "第三十三条", "in_force")


def test_words_only_leaves_vectors_that_are_there_alone(tmp_path: Path, knowledge: KnowledgeBase) -> None:
    shutil.copytree(ROOT / "var" / "knowledge", tmp_path / "knowledge")

    assert not load(tmp_path, meaning=False).has_vectors
    assert load(tmp_path).has_vectors


def test_answers_with_citations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        {"id": 1, "question": "养狗要登记吗"},
        {"id": 2, "question": "养狗要登记吗", "as_of": "2022-01-01"},
        {"id": 3, "question": "养狗要登记吗", "as_of": "2022-02-30"},
    ]

    status, rows, err = run(answer, ["--words-only"], lines, tmp_path, monkeypatch)

    assert status == 1
    assert "line 3" in err
    assert [row["id"] for row in rows] == [1, 2]
    assert rows[0]["kind"] == "answer"
    assert {
        "law": "动物防疫法",
        "article": "第三十条",
        "status": "in_force",
        "effective_from": "2021-05-01",
    } in rows[0]["citations"]
    assert set(rows[0]) >= {"id", "kind", "text", "citations", "card"}


def test_blank_input_is_answered_with_nothing() -> None:
    output = io.StringIO()

    assert answer_lines(lambda row: row, lines=["\n", "  \n"], output=output) == 0
    assert output.getvalue() == ""
