"""how well reports of the same matter find one another: precision and recall of pairs and best matches"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from actions.base import Understanding
from actions.draft import place_of
from bot.nlu_server import NluServerError, running_server
from bot.text_cleaning import clean
from bot.understanding import UnderstandingClient
from tickets.same_matter import Candidate, rank
from tickets.values import NewTicket, Place
from tickets.workflow import Status

if TYPE_CHECKING:
    import argparse

TIMEOUT_SECONDS = 60.0
AT_ONCE = 4
_TOLD_EVERY = 500


@dataclass(frozen=True, slots=True)
class Scores:
    """What was found.

    Attributes:
        topics: how many reports each topic has.
        precision: of the pairs found, how many are of one topic.
        recall: of the pairs of a topic, how many were found.
        best_is_right: of the reports with anything offered, how many were first offered one of theirs.
        best_found: of the reports with an earlier one of theirs, how many were first offered one of theirs.
    """

    topics: tuple[int, ...]
    precision: float
    recall: float
    best_is_right: float
    best_found: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `wenfa eval duplicates`."""
    parser.add_argument("file", type=Path, help="JSON lines with text, and title and time if there are any")
    parser.add_argument(
        "--topic",
        action="append",
        required=True,
        metavar="REGEX",
        help="reports whose title or text it finds are of one matter; give it again for each matter",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print. Returns the exit status."""
    try:
        topics = [re.compile(topic) for topic in args.topic]
        rows = _read(args.file)
        reports = asyncio.run(_understood(args, rows))
    except (OSError, ValueError, re.error, NluServerError) as error:
        sys.stderr.write(f"wenfa eval duplicates: {error}\n")
        return 1
    labels = [_label(row, topics) for row in rows]
    scores = measure(reports, labels)
    sys.stdout.write(
        f"{len(rows)} reports; topics of {', '.join(str(size) for size in scores.topics)}\n"
        f"pairs: precision {scores.precision:.3f}, recall {scores.recall:.3f}\n"
        f"best match: right {scores.best_is_right:.3f}, found {scores.best_found:.3f}\n"
    )
    return 0


def measure(reports: Sequence[NewTicket], labels: Sequence[int | None]) -> Scores:
    """Compare each labelled report with all earlier ones, as if all of them were open in one town.

    Args:
        labels: the topic of each report; None for the others, which only can be found wrongly.
    """
    candidates = [_candidate(number, report) for number, report in enumerate(reports)]
    found = right = wanted = offered = best_right = with_earlier = 0
    for number, label in enumerate(labels):
        _tell_progress("compared", number + 1, len(labels))
        if label is None:
            continue
        earlier = [labels[index] == label for index in range(number)]
        wanted += sum(earlier)
        with_earlier += any(earlier)
        similar = [int(one.ticket_no) for one in rank(reports[number], candidates[:number])]
        found += len(similar)
        right += sum(earlier[index] for index in similar)
        offered += bool(similar)
        best_right += bool(similar) and earlier[similar[0]]
    sizes = tuple(sum(label == topic for label in labels) for topic in sorted({*labels} - {None}, key=str))
    return Scores(
        sizes,
        right / found if found else 1.0,
        right / wanted if wanted else 1.0,
        best_right / offered if offered else 1.0,
        best_right / with_earlier if with_earlier else 1.0,
    )


def _candidate(number: int, report: NewTicket) -> Candidate:
    place = {"text": report.place.text} if report.place else None
    return Candidate(
        number, str(number), report.category, None, Status.ACCEPTED, datetime.now(UTC), report.summary, place
    )


def _label(row: dict[str, Any], topics: Sequence[re.Pattern[str]]) -> int | None:
    said = f"{row.get('title', '')} {row['text']}"
    return next((number for number, topic in enumerate(topics) if topic.search(said)), None)


def _read(path: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise ValueError(f"{path}:{number}: expected an object with text")
    return sorted(rows, key=lambda row: _moment(str(row.get("time", ""))))


def _moment(said: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", said))


async def _understood(args: argparse.Namespace, rows: Sequence[dict[str, Any]]) -> list[NewTicket]:
    """The reports with the places that the language understanding finds in them, as the chat would have."""
    slots = asyncio.Semaphore(AT_ONCE)
    models = args.settings.data_folder / "models"
    async with running_server(models, args.settings.nlu_port) as url, aiohttp.ClientSession() as session:
        client = UnderstandingClient(url, session=session, timeout_seconds=TIMEOUT_SECONDS)

        async def one(row: dict[str, Any]) -> NewTicket:
            text = f"{row.get('title', '')}。{row['text']}".strip("。")
            async with slots:
                understood = await client.parse(clean(text))
            _tell_progress("understood", next(done), len(rows))
            return _report(text, understood)

        done = itertools.count(1)
        return list(await asyncio.gather(*(one(row) for row in rows)))


def _tell_progress(what: str, done: int, total: int) -> None:
    if done % _TOLD_EVERY == 0:
        sys.stderr.write(f"{what} {done:,} of {total:,}\n")


def _report(text: str, understood: Understanding) -> NewTicket:
    place = place_of(understood)
    return NewTicket("complaint", understood.category or "other", (), text, Place(place) if place else None)
