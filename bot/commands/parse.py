"""`wenfa parse`: JSON lines of messages in, what they mean out."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import aiohttp

from actions.base import Understanding
from bot.nlu_server import NluServerError, running_server
from bot.understanding import UnderstandingClient

# The intents that benchmarks know (DESIGN section 6), and what our finer ones are among them. A bare yes,
# no or stop carries no matter of its own.
BENCHMARK_INTENTS = {
    "complaint": "complaint",
    "legal_consult": "legal_consult",
    "ticket_status": "ticket_status",
    "human": "human",
    "emergency": "emergency",
    "chitchat": "chitchat",
    "out_of_scope": "out_of_scope",
    "other_department": "other_department",
    "affirm": "chitchat",
    "deny": "chitchat",
    "cancel": "chitchat",
    "": "out_of_scope",
}
WITH_CATEGORY = frozenset({"complaint", "legal_consult"})
# A batch waits where a citizen would not.
TIMEOUT_SECONDS = 30.0


class BadLineError(Exception):
    """A line of input is not an object with a text; the message says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `wenfa parse`."""
    parser.add_argument("--model", type=Path, help="start a server with this model, whatever is running")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer every line of standard input. Returns the exit status."""
    settings = args.settings
    return asyncio.run(
        answer_lines(models=settings.data_folder / "models", port=settings.nlu_port, model=args.model)
    )


async def answer_lines(
    *,
    lines: Iterable[str] | None = None,
    output: TextIO | None = None,
    errors: TextIO | None = None,
    models: Path,
    port: int = 5055,
    model: Path | None = None,
) -> int:
    """Answer every line.

    Args:
        lines: standard input if None; blank lines are passed over.
        models: folder of NLU models, for a server of our own.
        port: where the running NLU server listens; if there is none, one is started and stopped again.
        model: serve this one, whatever is running.

    Returns: 0 if every line was answered, else 1.
    """
    output, errors = output or sys.stdout, errors or sys.stderr
    failures = 0
    try:
        async with running_server(models, port, model=model) as url, aiohttp.ClientSession() as session:
            client = UnderstandingClient(url, session=session, timeout_seconds=TIMEOUT_SECONDS)
            for number, line in enumerate(lines if lines is not None else sys.stdin, start=1):
                problem = await _answer(client, line, output) if line.strip() else ""
                if problem:
                    failures += 1
                    errors.write(f"line {number}: {problem}\n")
    except NluServerError as error:
        errors.write(f"{error}\n")
        return 1
    return 1 if failures else 0


async def _answer(client: UnderstandingClient, line: str, output: TextIO) -> str:
    try:
        item_id, text = read_line(line)
    except BadLineError as error:
        return str(error)
    understanding = await client.parse(text)
    if not understanding.available:
        return "the NLU server did not answer"
    output.write(json.dumps(as_line(item_id, understanding), ensure_ascii=False) + "\n")
    output.flush()
    return ""


def read_line(line: str) -> tuple[Any, str]:
    """Id and text of an input line.

    Raises: BadLineError.
    """
    try:
        item = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLineError("not JSON") from error
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        raise BadLineError("expected an object with a string `text`")
    return item.get("id"), item["text"]


def as_line(item_id: Any, understanding: Understanding) -> dict[str, Any]:
    """One line of output; `category` is null where the intent is not about one."""
    intent = BENCHMARK_INTENTS.get(understanding.intent, "out_of_scope")
    return {
        "id": item_id,
        "intent": intent,
        "confidence": round(understanding.confidence, 4),
        "category": understanding.category if intent in WITH_CATEGORY else None,
        "categories": [[code, round(probability, 4)] for code, probability in understanding.categories],
        "entities": [
            {"kind": entity.kind, "value": entity.value, "start": entity.start, "end": entity.end}
            for entity in understanding.entities
        ],
    }
