"""JSON lines in, JSON lines out: what `wenfa answer` and `wenfa search` have in common."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from knowledge_base.errors import KnowledgeBaseError

Row = dict[str, Any]


class BadLineError(Exception):
    """A line of input that can't be answered; the message says why."""


def answer_lines(
    handle: Callable[[Row], Row],
    *,
    lines: Iterable[str] | None = None,
    output: TextIO | None = None,
    errors: TextIO | None = None,
) -> int:
    """Hand each line to `handle` and write what it gives; blank lines are passed over.

    Returns: 0 only if every line was answered; a bad line is reported with its number and the rest go on.
    """
    output, errors = output or sys.stdout, errors or sys.stderr
    failed = False
    for number, line in enumerate(sys.stdin if lines is None else lines, start=1):
        if not line.strip():
            continue
        try:
            row = handle(_row(line))
        except (BadLineError, KnowledgeBaseError) as error:
            errors.write(f"line {number}: {error}\n")
            failed = True
        else:
            output.write(json.dumps(row, ensure_ascii=False) + "\n")
            output.flush()
    return 1 if failed else 0


def text_of(row: Row, name: str) -> str:
    """A field that must be text and not empty.

    Raises: BadLineError.
    """
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadLineError(f"expected a string `{name}` that is not empty")
    return value


def _row(line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise BadLineError("not JSON") from error
    if not isinstance(row, dict):
        raise BadLineError("expected an object")
    return row
