"""The list of powers (权责清单): what may be done about a matter, on which article, and by whom. All of it is
data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickets.categories import DATA_FOLDER, read_yaml
from tickets.errors import RoutingError
from tickets.routing import Routing

BUREAU, TOWN, OUTSIDE = "bureau", "town", "outside"
KINDS = ("行政处罚", "行政强制", "行政检查")


@dataclass(frozen=True, slots=True)
class Power:
    """One item of the list.

    Attributes:
        kind: 行政处罚, 行政强制 or 行政检查.
        item: the item of the article, such as （四）; "" for all of it.
        authority: whom the statute names, in its words.
        by: "bureau", "town", "outside", or the code of another authority.
        is_delegated: towns and streets exercise it in place of the bureau.
        is_sample: who exercises it is model data, not known to be so.
    """

    code: str
    name: str
    kind: str
    categories: tuple[str, ...]
    law: str
    article: str
    item: str
    authority: str
    by: str
    is_delegated: bool
    is_sample: bool


@dataclass(frozen=True, slots=True)
class ShownPower:
    """A power as the page of a ticket shows it: `holder` is who exercises it there."""

    power: Power
    holder: str


class Powers:
    """The list of one city.

    Attributes:
        total: how many matters were passed on to towns and streets, those that aren't entered included.
        basis: law and article by which they may be.
    """

    def __init__(self, items: Sequence[Power], total: int, basis: tuple[str, str]) -> None:
        self.items = tuple(items)
        self.total = total
        self.basis = basis

    @classmethod
    def load(cls, folder: Path = DATA_FOLDER) -> Powers:
        """Read powers.yml; a city without one has an empty list.

        Raises: RoutingError, for a row that lacks something.
        """
        path = folder / "powers.yml"
        if not path.is_file():
            return cls((), 0, ("", ""))
        data = read_yaml(path)
        try:
            items = [_power({**data["defaults"], **row}) for row in data["items"]]
            return cls(items, data["total"], (data["basis"]["law"], data["basis"]["article"]))
        except (KeyError, TypeError) as error:
            raise RoutingError(f"powers.yml: a row lacks {error}") from error

    def of(self, *categories: str) -> list[Power]:
        """The powers that fit some categories: those of the first one first, and in each our own before those
        of other authorities.
        """
        ranks = {category: rank for rank, category in reversed([*enumerate(categories)])}
        found = [power for power in self.items if not ranks.keys().isdisjoint(power.categories)]
        return sorted(
            found,
            key=lambda power: (
                min(ranks[category] for category in power.categories if category in ranks),
                power.by not in (BUREAU, TOWN),
            ),
        )

    def shown(self, categories: Sequence[str], town: str | None, routing: Routing) -> list[ShownPower]:
        """The powers that fit a ticket, each with who exercises it in its town."""
        return [ShownPower(power, _holder(power, town, routing)) for power in self.of(*categories)]

    def check(self, routing: Routing, is_in_force: Callable[[str, str], bool]) -> list[str]:
        """What is wrong with the list; [] if all is well.

        Args:
            is_in_force: whether a law has that article, today.
        """
        problems = [f"power {code} stands twice" for code in _twice([power.code for power in self.items])]
        for power in self.items:
            problems += [
                f"power {power.code} names unknown category {category}"
                for category in power.categories
                if category not in routing.categories
            ]
            if power.kind not in KINDS:
                problems.append(f"power {power.code}: {power.kind} is no kind of power")
            if not power.categories:
                problems.append(f"power {power.code} fits no category")
            if not is_in_force(power.law, power.article):
                problems.append(f"power {power.code}: 《{power.law}》{power.article} is not in force")
            if power.by not in (BUREAU, TOWN, OUTSIDE) and not routing.has_department(power.by):
                problems.append(f"power {power.code}: authority {power.by} is missing")
        delegated = sum(power.is_delegated for power in self.items)
        if self.items and delegated > self.total:
            problems.append(f"{delegated} powers are delegated, of {self.total}")
        if self.items and not is_in_force(*self.basis):
            problems.append(f"basis 《{self.basis[0]}》{self.basis[1]} is not in force")
        return problems


def _holder(power: Power, town: str | None, routing: Routing) -> str:
    if power.by == OUTSIDE:
        return power.authority
    if power.by not in (BUREAU, TOWN):
        return routing.department(power.by).name
    place = routing.town(town)
    if power.by == TOWN:
        return f"{place.name}人民政府" if place and place.name.endswith("镇") else "所在镇人民政府"
    if power.is_delegated:
        return place.name if place else "所在镇街"
    return str(routing.city["bureau"])


def _twice(codes: Sequence[str]) -> list[str]:
    return sorted({code for code in codes if codes.count(code) > 1})


def _power(row: dict[str, Any]) -> Power:
    return Power(
        code=row["code"],
        name=row["name"],
        kind=row["kind"],
        categories=tuple(row["categories"]),
        law=row["law"],
        article=row["article"],
        item=row.get("item", ""),
        authority=row["authority"],
        by=row["by"],
        is_delegated=row["delegated"],
        is_sample=row.get("sample", row["by"] == BUREAU),
    )
