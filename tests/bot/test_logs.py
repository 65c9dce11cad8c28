"""Logs say what happened, never what a person wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from bot.config import ROOT
from bot.logs import set_up_logs
from tests.talk import Talk
from tickets.database import Database

WORDS = "我家住在玉屏街道8号，电话13800000000"
FORMATS = ("text", "json")
log = structlog.get_logger()


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def fail_with(written: str) -> None:
    kept = {"text": written}
    raise RuntimeError(f"cannot read {len(kept)} message")


def log_a_failure(written: str) -> None:
    try:
        fail_with(written)
    except RuntimeError:
        log.exception("turn_failed", conversation=7)


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_traceback_shows_the_way_but_no_local_variables(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs(log_format)

    log_a_failure(WORDS)

    said = capsys.readouterr()
    assert said.out == ""
    assert "turn_failed" in said.err
    assert "fail_with" in said.err
    assert "RuntimeError: cannot read 1 message" in said.err
    assert WORDS not in said.err


@pytest.mark.parametrize("log_format", FORMATS)
async def test_a_turn_that_fails_is_logged_without_the_message(
    log_format: str,
    talk_without_nlu: Talk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs(log_format)

    async def broken(turn: object) -> list[object]:
        raise RuntimeError("power cut")

    monkeypatch.setattr("bot.turns.respond", broken)
    await talk_without_nlu.say(WORDS)

    said = capsys.readouterr().err
    assert "turn_failed" in said
    assert "power cut" in said
    assert "玉屏" not in said
    assert "13800000000" not in said


async def test_a_statement_that_the_database_refuses_is_logged_without_its_values(
    talk_without_nlu: Talk, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs("text")
    database: Database = talk_without_nlu.services.database

    try:
        async with database.transaction() as session:
            connection = await session.connection()
            await connection.exec_driver_sql("INSERT INTO nowhere VALUES (?)", (WORDS,))
    except Exception:
        log.exception("turn_failed")

    said = capsys.readouterr().err
    assert "nowhere" in said
    assert WORDS not in said


def test_json_is_one_object_a_line_with_level_and_moment(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("json")

    log.info("recipient_gone", conversation=7, reason="退订")
    log.debug("not_for_operators")
    log_a_failure(WORDS)

    said = capsys.readouterr().err
    first, second = (json.loads(line) for line in said.splitlines())
    assert (first["event"], first["level"], first["conversation"]) == ("recipient_gone", "info", 7)
    assert first["timestamp"].endswith("Z")
    assert "退订" in said
    assert second["level"] == "error"
    assert second["exception"].startswith("Traceback")


def test_what_a_context_binds_is_on_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("json")

    with structlog.contextvars.bound_contextvars(channel="web"):
        log.info("first")
    log.info("second")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("channel") for line in lines] == ["web", None]


def test_libraries_are_heard_only_when_they_warn() -> None:
    """Theirs hold addresses and tokens. In a process of its own, because pytest has set up logging here."""
    script = (
        "import logging; from bot.logs import set_up_logs; set_up_logs('text');"
        "logging.getLogger('httpx').warning('bot123:token');"
        "logging.getLogger('aiohttp.access').info('GET /chat/photo');"
        "logging.getLogger('aiohttp.server').error('trouble')"
    )
    result = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    assert result.stdout == ""
    assert result.stderr == "ERROR aiohttp.server trouble\n"
