"""how well messages are understood: accuracy, calibration, confusion, worst errors"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from actions.base import Understanding
from bot.commands.nlu_checks import Safety, Several, check_safety, check_several
from bot.commands.nlu_report import as_html
from bot.commands.nlu_scores import Bin, Ranking, Scores, score
from bot.commands.parse import BENCHMARK_INTENTS, TIMEOUT_SECONDS
from bot.nlu_server import NluServerError, running_server
from bot.understanding import UnderstandingClient
from tickets.categories import CATEGORIES

_WORST = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `wenfa eval nlu`."""
    parser.add_argument(
        "file", type=Path, help="JSON lines with text, intent, category; `short` is a title of the same"
    )
    parser.add_argument("--model", type=Path, help="start a server with this model, whatever is running")
    parser.add_argument(
        "--report", type=Path, help="HTML file to write (default: var/reports/nlu-<time>.html)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, print, write the report. Returns the exit status."""
    folder: Path = args.settings.data_folder
    report = args.report or folder / "reports" / f"nlu-{datetime.now(UTC):%Y%m%d-%H%M%S}.html"
    try:
        rows = read_rows(args.file)
        evaluation = asyncio.run(
            evaluate(rows, models=folder / "models", port=args.settings.nlu_port, model=args.model)
        )
    except (OSError, ValueError, NluServerError) as error:
        sys.stderr.write(f"wenfa eval nlu: {error}\n")
        return 1
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(
        as_html(evaluation.scores, evaluation.several, evaluation.safety, args.file.name), encoding="utf-8"
    )
    sys.stdout.write("\n".join(as_lines(evaluation)) + f"\n\nreport: {report}\n")
    return 0


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Labelled rows of a file.

    Raises: ValueError, which names the line, for one that has no text or an intent that nobody knows.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            row = json.loads(line)
            if not isinstance(row.get("text"), str) or row.get("intent") not in BENCHMARK_INTENTS:
                raise ValueError(
                    f"{path}:{number}: expected a text and an intent of {sorted(BENCHMARK_INTENTS)}"
                )
            rows.append(row)
    if not rows:
        raise ValueError(f"{path} has no rows")
    return rows


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures: `scores` by what was asked, and the checks beside them."""

    scores: dict[str, Scores]
    safety: Safety
    several: Several


async def evaluate(
    rows: list[dict[str, Any]], *, models: Path, port: int, model: Path | None = None
) -> Evaluation:
    """Parse every row, and every title apart; score intents, and categories of complaints.

    A row's `categories`, where it has them, are all that it is about; its `category` is the first of them.
    """
    async with running_server(models, port, model=model) as url, aiohttp.ClientSession() as session:
        client = UnderstandingClient(url, session=session, timeout_seconds=TIMEOUT_SECONDS)
        parsed = [await _parse(client, row["text"]) for row in rows]
        titled = [row for row in rows if row.get("short") and row["intent"] == "complaint"]
        titles = [await _parse(client, row["short"]) for row in titled]
    complaints = [
        (row, found)
        for row, found in zip(rows, parsed, strict=True)
        if row["intent"] == "complaint" and row.get("category")
    ]
    about = [frozenset(row.get("categories") or [row["category"]]) for row, _ in complaints]
    return Evaluation(
        scores={
            "intent": score(
                [row["intent"] for row in rows],
                [intent_ranking(found) for found in parsed],
                [row["text"] for row in rows],
            ),
            "category": score(
                [row["category"] for row, _ in complaints],
                [civic(found) for _, found in complaints],
                [row["text"] for row, _ in complaints],
            ),
            "category of titles": score(
                [row["category"] for row in titled],
                [civic(found) for found in titles],
                [row["short"] for row in titled],
            ),
        },
        safety=check_safety([row["intent"] for row in rows], [intent_of(found) for found in parsed]),
        several=check_several(about, [civic(found) for _, found in complaints]),
    )


async def _parse(client: UnderstandingClient, text: str) -> Understanding:
    understanding = await client.parse(text)
    if not understanding.available:
        raise NluServerError("the NLU server did not answer")
    return understanding


def intent_of(understanding: Understanding) -> str:
    """The benchmark's word for an intent."""
    return BENCHMARK_INTENTS.get(understanding.intent, "out_of_scope")


def intent_ranking(understanding: Understanding) -> Ranking:
    """The intent that was decided on, and the other ones by their probabilities, by the benchmark's words."""
    best = intent_of(understanding)
    others: dict[str, float] = {}
    for name, chance in understanding.intents:
        word = BENCHMARK_INTENTS.get(name, "out_of_scope")
        others[word] = others.get(word, 0.0) + chance
    others.pop(best, None)
    return [(best, understanding.confidence), *sorted(others.items(), key=lambda item: -item[1])]


def civic(understanding: Understanding) -> Ranking:
    """The categories that somebody can report."""
    return [(code, chance) for code, chance in understanding.categories if code in CATEGORIES]


def as_lines(evaluation: Evaluation) -> list[str]:
    """The figures as text."""
    lines = [line for name, found in evaluation.scores.items() if found.rows for line in _lines(name, found)]
    several, safety = evaluation.several, evaluation.safety
    if several.rows:
        lines += [
            f"== each category by itself: {several.rows} rows",
            f"ECE       {several.calibration_error:.3f}",
            *_calibration(several.bins),
            f"likelier than not: {several.named:.2f} categories a row",
            f"of the true ones, {several.found} are; of these, {several.right} are true",
            "",
        ]
    return [
        *lines,
        "== safety",
        f"emergencies found: {safety.found}",
        f"false alarms: {safety.false_alarms}",
        f"chat and other subjects taken for a question or complaint: {safety.leaks}",
    ]


def _lines(name: str, found: Scores) -> list[str]:
    low, high = found.accuracy_interval
    lowest, highest = found.macro_f1_interval
    return [
        f"== {name}: {found.rows} rows",
        f"accuracy  {found.accuracy:.3f}  (95 % interval {low:.3f} to {high:.3f})",
        f"top-2     {found.top_2:.3f}" if found.is_ranked else "top-2     -",
        f"macro-F1  {found.macro_f1:.3f}  (95 % interval {lowest:.3f} to {highest:.3f})",
        f"ECE       {found.calibration_error:.3f}",
        *_calibration(found.bins),
        "confused most:",
        *[f"  {count:3}  {truth} -> {guess}" for (truth, guess), count in found.confusions(8)],
        "surest errors:",
        *[
            f"  {item.confidence:.2f}  {item.truth} -> {item.guess}: {item.text[:50]}"
            for item in found.worst(_WORST)
        ],
        "",
    ]


def _calibration(bins: tuple[Bin, ...]) -> list[str]:
    """How sure, how often right, how many."""
    return [
        "calibration (sure, right, how many):",
        *[f"  {found.confidence:.2f}  {found.accuracy:.2f}  {found.rows}" for found in bins],
    ]
