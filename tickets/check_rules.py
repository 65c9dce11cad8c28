"""Rules of random checks from `data/checks.yml`: who reviews, by which marks, and how long a unit has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tickets.categories import DATA_FOLDER, read_yaml
from tickets.errors import RoutingError
from tickets.staff import Role

FULL_MARKS = 100


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that is marked, from 0 to `points`."""

    code: str
    name: str
    points: int


@dataclass(frozen=True, slots=True)
class CheckRules:
    """The whole file."""

    reviewer_roles: frozenset[Role]
    pass_mark: int
    rectify_working_days: int
    criteria: tuple[Criterion, ...]

    def total(self, scores: Mapping[str, int]) -> int | None:
        """The sum of the marks; None if one is missing or out of its range."""
        marks = [scores.get(one.code, -1) for one in self.criteria]
        is_whole = all(0 <= mark <= one.points for mark, one in zip(marks, self.criteria, strict=True))
        return sum(marks) if is_whole else None


def load_check_rules(folder: Path = DATA_FOLDER) -> CheckRules:
    """Raises: RoutingError, if a role is unknown or the points don't add up to 100."""
    data = read_yaml(folder / "checks.yml")
    try:
        rules = CheckRules(
            reviewer_roles=frozenset(Role(role) for role in data["reviewer_roles"]),
            pass_mark=int(data["pass_mark"]),
            rectify_working_days=int(data["rectify_working_days"]),
            criteria=tuple(
                Criterion(str(row["code"]), str(row["name"]), int(row["points"])) for row in data["criteria"]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RoutingError(f"checks.yml: {error}") from error
    if sum(one.points for one in rules.criteria) != FULL_MARKS:
        raise RoutingError("checks.yml: the points must add up to 100")
    return rules
