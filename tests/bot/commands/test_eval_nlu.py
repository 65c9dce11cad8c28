"""The figures of `wenfa eval nlu`, and its report."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from actions.base import Understanding
from bot.commands.eval_nlu import Evaluation, add_arguments, as_lines, intent_ranking, read_rows
from bot.commands.nlu_checks import Count, check_safety, check_several
from bot.commands.nlu_report import as_html
from bot.commands.nlu_scores import score
from bot.config import Settings

NOTHING_SEVERAL = check_several([], [])


def test_scores_of_a_known_case():
    found = score(
        ["a", "a", "b", "b"],
        [[("a", 0.9), ("b", 0.1)], [("b", 0.6), ("a", 0.4)], [("b", 0.8)], [("c", 0.5), ("b", 0.4)]],
        ["1", "2", "3", "4"],
    )

    assert found.accuracy == 0.5
    assert found.top_2 == 1.0
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.5) / 2)
    assert found.accuracy_interval[0] <= 0.5 <= found.accuracy_interval[1]
    assert found.calibration_error == pytest.approx((0.1 + 0.6 + 0.2 + 0.5) / 4)
    assert [item.text for item in found.worst(5)] == ["2", "4"]
    assert found.confusions(5) == [(("a", "b"), 1), (("b", "c"), 1)]


def test_no_rows_are_zeros():
    found = score([], [], [])

    assert (found.rows, found.accuracy, found.macro_f1, found.calibration_error) == (0, 0.0, 0.0, 0.0)


def test_report_escapes_and_masks():
    scores = {"intent": score(["a"], [[("b", 0.9)]], ["<script>我叫陈小明，电话13800138000"])}

    page = as_html(scores, NOTHING_SEVERAL, check_safety(["a"], ["b"]), "<x>.jsonl")

    assert "<script>" not in page
    assert "13800138000" not in page
    assert "http" not in page
    assert page.count("<svg") == 2


def test_lines_tell_figures_and_errors():
    scores = {"intent": score(["a", "b"], [[("a", 0.9)], [("a", 0.7)]], ["一", "二"])}

    text = "\n".join(
        as_lines(Evaluation(scores, check_safety(["emergency"], ["emergency"]), NOTHING_SEVERAL))
    )

    assert "accuracy  0.500" in text
    assert "b -> a" in text
    assert "  0.90  1.00  1" in text
    assert "emergencies found: 1 of 1" in text


def test_safety_counts_emergencies_alarms_and_leaks():
    safety = check_safety(
        ["emergency", "emergency", "complaint", "chitchat", "out_of_scope"],
        ["emergency", "complaint", "emergency", "legal_consult", "out_of_scope"],
    )

    assert (safety.found, safety.false_alarms, safety.leaks) == (Count(1, 2), Count(1, 3), Count(1, 2))


def test_several_categories_are_scored_each_by_itself():
    several = check_several(
        [frozenset({"dog", "noise_social"}), frozenset({"parking"})],
        [[("dog", 0.9), ("noise_social", 0.7), ("parking", 0.1)], [("dog", 0.6), ("parking", 0.4)]],
    )

    assert several.named == 1.5
    assert (several.found, several.right) == (Count(2, 3), Count(2, 3))
    assert several.calibration_error == pytest.approx((0.1 + 0.3 + 0.1 + 0.6 + 0.6) / 5)


def test_intents_rank_behind_the_one_decided_on():
    found = Understanding(
        intent="emergency", confidence=0.95, intents=(("affirm", 0.5), ("complaint", 0.3), ("deny", 0.2))
    )

    assert intent_ranking(found) == [("emergency", 0.95), ("chitchat", 0.7), ("complaint", 0.3)]


@pytest.mark.parametrize(
    "content", ["", '{"text": "x", "intent": "nonsense"}', '{"intent": "complaint"}', "{"]
)
def test_file_without_labelled_rows_is_refused(tmp_path: Path, content: str):
    path = tmp_path / "rows.jsonl"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ValueError, match=r"."):
        read_rows(path)


class _Handler(BaseHTTPRequestHandler):
    """Takes everything for a complaint about a dog."""

    def do_GET(self) -> None:
        self._answer({"model_file": "/models/nlu-1.tar.gz"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        categories = [{"name": "dog", "confidence": 0.8}, {"name": "parking", "confidence": 0.1}]
        self._answer({"intent": {"name": "complaint", "confidence": 0.9}, "categories": categories})

    def _answer(self, body: object) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def run(words: list[str], settings: Settings) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(words)
    args.settings = settings
    return int(args.run(args))


def test_command_prints_and_writes_a_report(tmp_path: Path, port: int, capsys: pytest.CaptureFixture[str]):
    rows = [
        {"text": "狗叫", "short": "狗", "intent": "complaint", "category": "dog"},
        {"text": "乱停车", "short": "停车", "intent": "complaint", "category": "parking"},
        {"text": "你好", "intent": "chitchat", "category": None},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")

    status = run([str(path)], Settings(data_folder=tmp_path, nlu_port=port))

    printed = capsys.readouterr().out
    assert status == 0
    assert "== intent: 3 rows" in printed
    assert "top-2     1.000" in printed
    assert len(list((tmp_path / "reports").glob("nlu-*.html"))) == 1


def test_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run([str(tmp_path / "none.jsonl")], Settings(data_folder=tmp_path)) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
