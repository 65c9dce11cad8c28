"""One question with buttons where it is not clear what is meant.

The buttons name what competes, likeliest first, so that one tap is enough; the text waits in the state, so
that nobody has to type it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.base import Button, Reply
from actions.draft import hold
from tickets.categories import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actions.base import Turn, Understanding

# A category below this is a guess that would only distract.
NAMED_CATEGORY = 0.3
MAX_NAMED = 2
# An intent that is asked about only when the text hints at it.
HINTED = 0.1


def ask_what_is_meant(turn: Turn, key: str) -> list[Reply]:
    """Ask once, with `key` as the question."""
    hold(turn)
    return [Reply(key, buttons=(*_choices(turn.understanding), Button("button_human", "human:held")))]


def _choices(understanding: Understanding) -> Iterator[Button]:
    """What can be done with the text. A report and a question are always among it, since either may be
    meant by words that nobody has seen.
    """
    chances = dict(understanding.intents)
    codes = _named(understanding)
    offers = {
        "complaint": [_report(code) for code in codes] or [Button("button_report_this", "report:held")],
        "legal_consult": [_consult(codes[0]) if codes else Button("button_consult_this", "consult:held")],
        "ticket_status": [Button("button_status", "menu:status")],
    }
    if understanding.available and chances.get("ticket_status", 0.0) < HINTED:
        del offers["ticket_status"]
    for intent in sorted(offers, key=lambda intent: -chances.get(intent, 0.0)):
        yield from offers[intent]


def _named(understanding: Understanding) -> list[str]:
    likely = [
        code for code, chance in understanding.categories if chance >= NAMED_CATEGORY and code in CATEGORIES
    ]
    return likely[:MAX_NAMED]


def _report(code: str) -> Button:
    return Button("button_report_category", f"report:held:{code}", {"category": CATEGORIES[code].name})


def _consult(code: str) -> Button:
    return Button("button_consult_category", "consult:held", {"category": CATEGORIES[code].name})
