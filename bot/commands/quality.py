"""`wenfa quality export`: what the answer-quality desk made, as files of the project."""

from __future__ import annotations

import asyncio
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bot.config import ROOT, Settings
from tickets import card_drafts, quality
from tickets.database import Database, upgrade

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tickets.models import Label

LABELS_FILE = Path("nlu_data/nlu/from_the_desk.yml")
CARDS_FILE = Path("knowledge_base/cards/from_the_desk.yml")
# The training data knows these in finer pieces; the desk labels the whole.
_FINE = {
    "other_department": "other_department/misc",
    "emergency": "emergency/other",
    "chitchat": "chitchat/trivia",
    "out_of_scope": "out_of_scope/tools",
}
_DAYS = ("valid_from", "valid_until", "reviewed_on")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    export = actions.add_parser("export", help="write labels and published cards into the project's files")
    export.add_argument("--into", type=Path, default=ROOT, help="the project's folder")
    export.set_defaults(run=lambda args: asyncio.run(_export(args.settings, args.into)))


async def _export(settings: Settings, folder: Path) -> int:
    await asyncio.to_thread(upgrade, settings.resolved_database_url)
    database = Database(settings.resolved_database_url)
    try:
        async with database.reading() as session:
            labels, contents = await quality.labels(session), await card_drafts.published(session)
    finally:
        await database.close()
    _write(folder / LABELS_FILE, training_data(labels) if labels else None)
    _write(folder / CARDS_FILE, card_file(contents) if contents else None)
    sys.stdout.write(f"{len(labels)} labels -> {LABELS_FILE}, {len(contents)} cards -> {CARDS_FILE}\n")
    return 0


def training_data(labels: Sequence[Label]) -> str:
    """The labels in Rasa's format, one block an intent."""
    blocks: dict[str, list[str]] = {}
    for label in labels:
        name = f"{label.intent}/{label.category}" if label.category else _FINE.get(label.intent, label.intent)
        blocks.setdefault(name, []).append(" ".join(label.text.split()).translate(_NO_SYNTAX))
    lines = ['version: "3.1"', "", "nlu:"]
    for name, texts in sorted(blocks.items()):
        lines += [f"  - intent: {name}", "    examples: |", *(f"      - {text}" for text in texts)]
    return "\n".join(lines) + "\n"


# Rasa reads [..](..) in an example as an entity.
_NO_SYNTAX = str.maketrans("[](){}", "［］（）｛｝")


def card_file(contents: Sequence[dict[str, Any]]) -> str:
    """The cards in the format of the files beside them."""
    rows = []
    for content in contents:
        row = {name: value for name, value in content.items() if value not in ("", None, [])}
        rows.append(row | {name: date.fromisoformat(row[name]) for name in _DAYS if name in row})
    return yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=10_000, indent=2)


def _write(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
