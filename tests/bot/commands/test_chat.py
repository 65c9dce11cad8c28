"""`wenfa chat`: whole conversations as JSON lines, through the real relay and the trained model."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog

from bot.cli import main
from tests.served import clean_environment, project_without_rasa
from tests.web_client import picture

pytestmark = pytest.mark.nlu


@dataclass
class Said:
    """What came of one call."""

    status: int
    lines: list[dict[str, Any]]
    errors: list[str]
    output: str

    def told(self, conversation: str = "a") -> list[list[str]]:
        """Which texts came back in a conversation, line by line."""
        return [
            [reply["key"] for reply in line["replies"]]
            for line in self.lines
            if line["conversation"] == conversation
        ]

    def buttons(self, line: int = -1) -> dict[str, str]:
        """Label and payload of every button of one line's replies."""
        replies = self.lines[line]["replies"]
        return {each["label"]: each["payload"] for reply in replies for each in reply.get("buttons", ())}


Chat = Callable[..., Said]


@pytest.fixture
def chat(nlu_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    """Run the command on lines (objects, or texts as they are); calls share a data folder."""
    monkeypatch.setenv("WENFA_DATA_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("WENFA_NLU_PORT", str(urlsplit(nlu_url).port))

    def run(*lines: dict[str, Any] | str) -> Said:
        given = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("sys.stderr", err)
        status = main(["chat"])
        answers = [json.loads(line) for line in out.getvalue().splitlines()]
        return Said(status, answers, err.getvalue().splitlines(), out.getvalue())

    yield run
    structlog.reset_defaults()


def text(words: str, conversation: str = "a") -> dict[str, Any]:
    return {"conversation": conversation, "text": words}


def button(payload: str, conversation: str = "a") -> dict[str, Any]:
    return {"conversation": conversation, "button": payload}


def test_a_report_goes_from_the_first_word_to_the_number(chat: Chat, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(picture())

    asked = chat(
        button("menu:report"),
        text("有人半夜倒了一车装修垃圾，到现在没人管"),
        {"conversation": "a", "location": {"latitude": 25.72, "longitude": 119.38}},
        {"conversation": "a", "photo": str(photo)},
        button("report:contact:anonymous"),
    )
    filed = chat(button(asked.buttons()["提交"]))

    assert asked.status == filed.status == 0
    assert asked.errors == filed.errors == []
    assert [keys[-1] for keys in asked.told()] == [
        "report_what",
        "report_place",
        "report_town_which",
        "report_contact",
        "report_read_back",
    ]
    assert filed.told() == [["report_filed"]]
    assert re.search(r"FQ\d{8}-\d{4}", filed.lines[0]["replies"][0]["text"])


def test_a_question_is_answered_with_a_card_and_its_articles(chat: Chat) -> None:
    said = chat("", text("在福清养狗要登记吗"), "   ")

    [[reply]] = [line["replies"] for line in said.lines]
    assert reply["kind"] == "card"
    assert {"law", "article", "text", "status"} <= reply["card"]["citations"][0].keys()
    assert reply["card"]["citations"][0]["text"]
    assert reply["card"]["title"] in said.output
    assert len(said.output.splitlines()) == 1


def test_conversations_are_kept_apart_and_answered_in_order(chat: Chat) -> None:
    said = chat(
        button("menu:report", "a"), text("/status", "b"), text("有人倒垃圾很久了", "a"), text("/cancel", "b")
    )

    assert [line["conversation"] for line in said.lines] == ["a", "b", "a", "b"]
    assert said.told("b") == [["status_ask_number"], ["status_cancelled"]]
    assert said.told("a")[0] == ["report_what"]
    assert said.told("a")[1][0].startswith("report_opening")


BAD_LINES = {
    "{broken": "not JSON",
    '["a", "text"]': "conversation",
    '"text"': "conversation",
    '{"text": "whose?"}': "conversation",
    '{"conversation": "a"}': '"text", "photo", "location" or "button"',
    '{"conversation": "a", "photo": "/nowhere/photo.jpg"}': "photo /nowhere/photo.jpg",
    '{"conversation": "a", "location": "here"}': "location",
    '{"conversation": "a", "location": {"latitude": 25.7}}': "location",
    '{"conversation": "a", "location": {"latitude": "north", "longitude": 1}}': "location",
}


def test_bad_lines_are_told_and_the_others_are_answered(chat: Chat) -> None:
    said = chat(text("/help"), *BAD_LINES, text("/help"))

    assert said.status == 1
    assert said.told() == [["welcome"], ["welcome"]]
    assert [error.partition(": ")[0] for error in said.errors] == [
        f"line {number}" for number in range(2, 2 + len(BAD_LINES))
    ]
    for error, complaint in zip(said.errors, BAD_LINES.values(), strict=True):
        assert complaint in error


def test_odd_messages_are_answered_all_the_same(chat: Chat, tmp_path: Path) -> None:
    file = tmp_path / "text.jpg"
    file.write_text("no picture", encoding="utf-8")
    odd = ["", " ", "😡😡😡", "很" * 10_000, "/restart", "／affirm", "FQ20260101-9999", "\u0000\ud800x"]

    said = chat(
        {"conversation": "p", "photo": str(file)},
        *(text(words, f"c{number}") for number, words in enumerate(odd)),
    )

    assert (said.status, said.errors) == (0, [])
    assert [bool(line["replies"]) for line in said.lines] == [True] * (1 + len(odd))
    assert "不是照片" in said.lines[0]["replies"][0]["text"]
    assert "internal_error" not in said.output


def test_without_an_interpreter_for_the_understanding_it_says_what_to_do(tmp_path: Path) -> None:
    environment = clean_environment(WENFA_DATA_FOLDER=str(tmp_path / "data"), WENFA_NLU_PORT="0")
    result = subprocess.run(
        [sys.executable, "-m", "bot.cli", "chat"],
        cwd=project_without_rasa(tmp_path),
        env=environment,
        input='{"conversation": "a", "text": "在吗"}\n',
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (result.returncode, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    assert "make setup" in line


def test_a_decision_becomes_days_and_a_paper(chat: Chat) -> None:
    said = chat(
        text("我昨天收到处罚决定书"),
        button("paper:start:reconsideration"),
        button("paper:begin"),
        button("paper:say:agency:bureau"),
        text("决定书12号"),
        button("paper:make"),
    )

    assert said.status == 0
    assert said.told() == [
        ["deadlines"],
        ["paper_opening"],
        ["paper_ask_agency"],
        ["paper_ask_decision"],
        ["paper_ask_request"],
        ["paper_made"],
    ]
    days, made = said.lines[0]["replies"][0], said.lines[-1]["replies"][0]
    assert (days["file"]["name"], days["file"]["media_type"]) == ("办理期限.ics", "text/calendar")
    assert [row["is_over"] for row in days["card"]["rows"]] == [False, False, False]
    assert made["file"]["name"] == "行政复议申请书.docx"
    assert made["file"]["size"] > 10_000


def test_questions_on_periods_still_get_their_card(chat: Chat) -> None:
    said = chat(text("行政复议要在多久内提出"), text("养狗登记材料清单"), text("罚款几天内要交"))

    assert [keys[0] for keys in said.told()] == ["card", "paper_list", "card"]
    assert "button_deadlines" not in said.output
    assert said.buttons(0)["算我的期限"] == "deadlines:start"
    assert said.buttons(0)["写复议申请书"] == "paper:start:reconsideration"
