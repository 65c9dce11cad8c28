"""Replies that officers use often, from `reply_templates.yml`, with the ticket's own facts put in."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tickets.errors import BotError
from tickets.models import Ticket
from tickets.workflow import Status

FILE = Path(__file__).parent / "reply_templates.yml"
VARIABLES = frozenset({"ticket_no", "department", "category", "place", "due_day", "officer"})


class UnknownVariable(BotError):
    """A template names something that no ticket has.

    Attributes:
        names: what it names.
    """

    code = "unknown_variable"
    reply_key = "unknown_variable"

    def __init__(self, title: str, names: set[str]) -> None:
        super().__init__(f"{title}: {', '.join(sorted(names))}")
        self.names = names


@dataclass(frozen=True, slots=True)
class ReplyTemplate:
    """One text; empty `statuses` or `categories` mean all."""

    title: str
    text: str
    statuses: frozenset[Status]
    categories: frozenset[str]

    def fits(self, ticket: Ticket) -> bool:
        """Whether the template is offered for the ticket."""
        return (not self.statuses or ticket.status in self.statuses) and (
            not self.categories or ticket.category in self.categories
        )


def parse_templates(rows: Sequence[Mapping[str, Any]]) -> tuple[ReplyTemplate, ...]:
    """Raises: UnknownVariable, also for braces that hold no name."""
    found = []
    for row in rows:
        title, text = str(row["title"]), str(row["text"]).strip()
        unknown = _names(text) - VARIABLES
        if unknown:
            raise UnknownVariable(title, unknown)
        statuses = frozenset(Status(status) for status in row.get("statuses", ()))
        found.append(ReplyTemplate(title, text, statuses, frozenset(row.get("categories", ()))))
    return tuple(found)


def _names(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return {text}


@cache
def templates() -> tuple[ReplyTemplate, ...]:
    """Those of the file; read once."""
    return parse_templates(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def filled_templates(ticket: Ticket, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Title and text of the templates that fit, with the values in the text."""
    return [(one.title, one.text.format_map(values)) for one in templates() if one.fits(ticket)]
