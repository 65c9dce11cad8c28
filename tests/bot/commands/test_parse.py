"""`wenfa parse`: every line is answered or named."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from actions.base import Entity, Understanding
from bot.commands.parse import BENCHMARK_INTENTS, BadLineError, answer_lines, as_line, read_line


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server that takes every text for a complaint about a dog, and fails on 坏."""

    async def status(_: web.Request) -> web.Response:
        return web.json_response({"model_file": "/models/nlu-1.tar.gz"})

    async def parse(request: web.Request) -> web.Response:
        if (await request.json())["text"] == "坏":
            return web.Response(status=500)
        return web.json_response(
            {
                "intent": {"name": "complaint", "confidence": 0.91234567},
                "categories": [{"name": "dog", "confidence": 0.81234567}],
                "entities": [{"entity": "when", "value": "每天", "start": 0, "end": 2}],
            }
        )

    app = web.Application()
    app.router.add_get("/status", status)
    app.router.add_post("/model/parse", parse)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    assert server.port is not None
    yield server.port
    await server.close()


async def answers(lines: list[str], port: int) -> tuple[int, list[dict[str, object]], str]:
    output, errors = io.StringIO(), io.StringIO()
    status = await answer_lines(lines=lines, output=output, errors=errors, models=Path("none"), port=port)
    return status, [json.loads(line) for line in output.getvalue().splitlines()], errors.getvalue()


async def test_lines_have_the_promised_form(port: int):
    status, rows, errors = await answers(['{"id": "a", "text": "狗每天叫"}\n', "\n"], port)

    assert (status, errors) == (0, "")
    assert rows == [
        {
            "id": "a",
            "intent": "complaint",
            "confidence": 0.9123,
            "category": "dog",
            "categories": [["dog", 0.8123]],
            "entities": [{"kind": "when", "value": "每天", "start": 0, "end": 2}],
        }
    ]


async def test_text_without_meaning_is_answered_too(port: int):
    status, rows, _ = await answers(['{"id": 1, "text": ""}', '{"id": 2, "text": "👍"}'], port)

    assert status == 0
    assert [(row["id"], row["intent"], row["category"]) for row in rows] == [
        (1, "out_of_scope", None),
        (2, "out_of_scope", None),
    ]


async def test_bad_lines_are_named_and_the_rest_answered(port: int):
    status, rows, errors = await answers(["{", '{"id": 1}', '["x"]', '{"id": 4, "text": "狗"}'], port)

    assert status == 1
    assert [row["id"] for row in rows] == [4]
    assert [line.split(":")[0] for line in errors.splitlines()] == ["line 1", "line 2", "line 3"]


async def test_line_that_the_server_fails_on_is_named(port: int):
    status, rows, errors = await answers(['{"id": 1, "text": "坏"}', '{"id": 2, "text": "狗"}'], port)

    assert status == 1
    assert [row["id"] for row in rows] == [2]
    assert errors.startswith("line 1")


async def test_no_server_and_no_model_is_one_line(tmp_path: Path):
    output, errors = io.StringIO(), io.StringIO()

    status = await answer_lines(
        lines=[], output=output, errors=errors, models=tmp_path, port=0, model=tmp_path / "none.tar.gz"
    )

    assert status == 1
    assert len(errors.getvalue().splitlines()) == 1


@pytest.mark.parametrize("line", ["{", "[]", '"x"', "null", '{"text": 5}', "[" * 100_000])
def test_line_that_is_no_message_is_refused(line: str):
    with pytest.raises(BadLineError):
        read_line(line)


def test_intents_without_a_matter_have_no_category():
    understanding = Understanding("chitchat", 0.9, "dog", (("dog", 0.2),), (Entity("when", "今天", 0, 2),))

    assert as_line(1, understanding)["category"] is None


def test_every_intent_has_a_benchmark_word():
    assert set(BENCHMARK_INTENTS.values()) <= set(BENCHMARK_INTENTS)
