"""Questions that no rule card may answer: emergencies, what only a person can decide, what is no matter of
ours.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from knowledge_base.models import RuleCard

GUARDS = Path(__file__).parent / "guards.yml"


def load_guards(path: Path = GUARDS) -> list[RuleCard]:
    """The guards in the shape of cards, so that they are ranked with them; they cite nothing."""
    rows: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [
        RuleCard(
            id=row["id"],
            title=row["title"],
            topic="guard",
            category=None,
            questions=tuple(row["questions"]),
            answer=row["text"],
            cites=(),
            jurisdiction="全国",
            authority="",
            next_steps=(),
            valid_from=date.min,
            valid_until=None,
            reviewed_on=date.max,
            kind=row["kind"],
            source=path.name,
        )
        for row in rows
    ]
