"""Emergencies that must be heard even when the NLU server is down.

Rules rather than statistics, because a missed one can cost a life and because each decision can be
explained. A rule looks at one clause at a time, since "消防通道被占，着火了怎么办" only supposes a fire.
Each kind has certain signs, which need no help, and possible ones, which count only where the words around
them say that it is happening now.
"""

from __future__ import annotations

import re

from actions.emergency_signs import ASKED_ABOUT, NOT_NOW, NOW, OWN_THREAT, SIGNS, Signs

# Whom to call for each kind; the first one leads.
PHONE_NUMBERS: dict[str, tuple[str, ...]] = {
    "fire": ("119",),
    "gas": ("119",),
    "collapse": ("119", "120"),
    "electric": ("119", "120"),
    "violence": ("110", "120"),
    "suicide": ("110", "120"),
    "medical": ("120",),
    "other": ("110", "119", "120"),
}

_LONGEST_TEXT = 10_000
# Somebody in danger is brief. A text above this length is a report or a story, and must say that it happens
# now.
_BRIEF = 60
_CLAUSES = re.compile(r"[^，,。！!；;？?\n]+[？?]?")


def find_emergency(text: str) -> str | None:
    """The kind of emergency that a text reports as happening now, or None.

    Args:
        text: Simplified Chinese or English; what comes after 10,000 characters is not read.
    """
    text = text[:_LONGEST_TEXT]
    clauses = [match.group().strip() for match in _CLAUSES.finditer(text)]
    is_brief = len(text) <= _BRIEF
    for signs in SIGNS:
        for i, clause in enumerate(clauses):
            around = clauses[max(i - 1, 0) : i + 2]
            if signs.kind == "suicide" and _is_threat(signs, clause, is_brief):
                return signs.kind
            if _happens_now(signs, clause, around, is_brief):
                return signs.kind
    return None


def speaks_of_another_time(text: str) -> bool:
    """Whether a text supposes, remembers or asks about something, and nothing in it says that it happens"
    " now."""
    return bool(NOT_NOW.search(text)) and not NOW.search(text)


def _is_threat(signs: Signs, clause: str, is_brief: bool) -> bool:
    """A threat against oneself counts in any tense: "总有一天我会跳下去" is no supposition."""
    if ASKED_ABOUT.search(clause):
        return False
    return bool(OWN_THREAT.search(clause)) or (is_brief and bool(signs.certain.search(clause)))


def _happens_now(signs: Signs, clause: str, around: list[str], is_brief: bool) -> bool:
    certain = bool(signs.certain.search(clause))
    if not certain and not signs.possible.search(clause):
        return False
    if NOT_NOW.search(NOW.sub("", clause)):
        return False
    if certain and is_brief:
        return True
    return any(NOW.search(other) for other in around)
