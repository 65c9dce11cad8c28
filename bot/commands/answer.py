"""`wenfa answer`: legal questions in, answers with their citations out, one JSON object a line."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from bot.commands.json_lines import BadLineError, Row, answer_lines, text_of
from bot.commands.knowledge import load
from knowledge_base.base import KnowledgeBase
from knowledge_base.models import Answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `wenfa answer`."""
    parser.add_argument(
        "--words-only", action="store_true", help="don't use vectors (as while they are being built)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer every line of standard input."""
    data_folder: Path = args.settings.data_folder
    knowledge = load(data_folder, meaning=not args.words_only)
    return answer_lines(lambda row: answer_row(knowledge, row))


def answer_row(knowledge: KnowledgeBase, row: Row) -> Row:
    """One line of output for one of input.

    Raises: BadLineError.
    """
    question = text_of(row, "question")
    return {"id": row.get("id"), **as_row(knowledge.answer(question, as_of=_day(row.get("as_of"))))}


def as_row(answer: Answer) -> Row:
    """An answer as `wenfa answer` prints it."""
    return {
        "kind": answer.kind,
        "text": answer.text,
        "citations": [
            {
                "law": citation.law,
                "article": citation.article,
                "status": citation.status.value,
                "effective_from": citation.effective_from.isoformat(),
            }
            for citation in answer.citations
        ],
        "card": answer.card.id if answer.card else None,
        "confidence": round(answer.confidence, 4),
    }


def _day(value: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise BadLineError(f"`as_of` is no date: {value!r}") from error
