"""Replies that officers use often, from a file and from the desk, with the ticket's own facts put in."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tickets.errors import BotError
from tickets.models import OwnTemplate, Ticket
from tickets.workflow import Status

FILE = Path(__file__).parent / "reply_templates.yml"
# What a template may say of its ticket, with the words for whoever writes one.
VARIABLES = {
    "ticket_no": "工单编号",
    "department": "承办单位",
    "category": "诉求类别",
    "place": "地点",
    "due_day": "办结期限",
    "officer": "经办人",
}
EXAMPLE = "您好，您反映的{category}问题，我们会在{due_day}前办理。"


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
        check_text(title, text)
        statuses = frozenset(Status(status) for status in row.get("statuses", ()))
        found.append(ReplyTemplate(title, text, statuses, frozenset(row.get("categories", ()))))
    return tuple(found)


def check_text(title: str, text: str) -> None:
    """Raises: UnknownVariable, also for braces that hold no name."""
    unknown = _names(text) - VARIABLES.keys()
    if unknown:
        raise UnknownVariable(title, unknown)


def _names(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return {text}


@cache
def templates() -> tuple[ReplyTemplate, ...]:
    """Those of the file; read once."""
    return parse_templates(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def filled_templates(
    ticket: Ticket, values: Mapping[str, str], own: Sequence[OwnTemplate] = ()
) -> list[tuple[str, str]]:
    """Title and text of the templates that fit, with the values in the text; those of the desk first."""
    offered = [_from_desk(one) for one in own] + list(templates())
    return [(one.title, one.text.format_map(values)) for one in offered if one.fits(ticket)]


def _from_desk(own: OwnTemplate) -> ReplyTemplate:
    statuses = frozenset(Status(status) for status in own.statuses)
    return ReplyTemplate(own.title, own.text, statuses, frozenset(own.categories))
