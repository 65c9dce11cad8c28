"""Routing: category x place -> the one department that owns a ticket, and those that help. All of it is data.

Another city replaces the files in `data/`; `Routing.load` refuses data with a gap, so that no ticket is
ever without owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yaml import YAMLError

from tickets.categories import ABOUT_OFFICERS, DATA_FOLDER, Category, load_categories, read_yaml
from tickets.check_rules import CheckRules, load_check_rules
from tickets.consultation_rules import ConsultationRules, load_consultation_rules
from tickets.coordinates import to_wgs84
from tickets.errors import RoutingError
from tickets.places import IN_THE_SEA, Located, Places, Town
from tickets.values import Place
from tickets.workflow import TicketKind

_TOWN_SQUAD = "town_squad"


@dataclass(frozen=True, slots=True)
class Department:
    """Who can own or help with a ticket.

    Attributes:
        kind: "office", "squad", "zone" (a zone's head) or "outside" (another authority).
        is_sample: model data, not known to be so in the real bureau; replies say so.
    """

    code: str
    name: str
    phone: str
    is_sample: bool
    kind: str = "office"


@dataclass(frozen=True, slots=True)
class Zone:
    """A 片区 with the code of its head's department."""

    code: str
    name: str
    head: str
    is_sample: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of routing.yml; `towns` empty means everywhere, `only` empty means anybody may be assigned."""

    categories: tuple[str, ...]
    lead: str
    assisting: tuple[str, ...] = ()
    towns: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


class Routing:
    """The routing data of one city."""

    def __init__(
        self,
        city: dict[str, Any],
        places: Places,
        departments: dict[str, Department],
        zones: dict[str, Zone],
        rules: list[Rule],
        without_town: str,
        front_desk: str,
        supervision: str,
        categories: dict[str, Category],
        consultations: ConsultationRules,
        checks: CheckRules,
    ) -> None:
        self.city = city
        self.places = places
        self.categories = categories
        self.consultations = consultations
        self.checks = checks
        self.zones = zones
        self._departments = departments
        self._rules = rules
        self._without_town = without_town
        self.front_desk = front_desk
        self.supervision = supervision

    @classmethod
    def load(cls, folder: Path = DATA_FOLDER) -> Routing:
        """Read and check the data of a folder.

        Raises: RoutingError, with everything that is wrong, or with the file that can't be read.
        """
        with _reading("towns.yml or city.yml"):
            places = Places.load(folder)
            city = read_yaml(folder / "city.yml")
        with _reading("towns.yml"):
            zones = [
                Zone(row["code"], row["name"], row["head"], bool(row.get("sample")))
                for row in read_yaml(folder / "towns.yml")["zones"]
            ]
        with _reading("departments.yml"):
            departments = _departments(read_yaml(folder / "departments.yml"), places)
        with _reading("categories.yml"):
            categories = load_categories(folder)
        with _reading("routing.yml"):
            rows = read_yaml(folder / "routing.yml")
            rules, without_town = [_rule(row) for row in rows["rules"]], rows["town_squad_without_town"]
        routing = cls(
            city=city,
            places=places,
            departments={one.code: one for one in departments},
            zones={one.code: one for one in zones},
            rules=rules,
            without_town=without_town,
            front_desk=rows.get("front_desk", "intake"),
            supervision=rows.get("supervision", "supervision"),
            categories=categories,
            consultations=load_consultation_rules(_file_or_ours(folder, "consultations.yml")),
            checks=load_check_rules(_file_or_ours(folder, "checks.yml")),
        )
        named: tuple[Sequence[Department | Zone | Town], ...] = (departments, zones, places.towns)
        problems = [f"code {code} stands twice" for group in named for code in _twice(group)]
        problems += routing.check()
        if problems:
            raise RoutingError("; ".join(problems))
        return routing

    def departments(self) -> tuple[Department, ...]:
        """All departments, other authorities included."""
        return tuple(self._departments.values())

    def department(self, code: str) -> Department:
        """Raises: RoutingError, if there is none of that code."""
        try:
            return self._departments[code]
        except KeyError:
            raise RoutingError(f"no department {code}") from None

    def has_department(self, code: str) -> bool:
        """Whether there is one of that code."""
        return code in self._departments

    def towns(self) -> tuple[Town, ...]:
        """All towns and streets."""
        return self.places.towns

    def town(self, code: str | None) -> Town | None:
        """The town of that code, if there is one."""
        return next((town for town in self.places.towns if town.code == code), None)

    def find_town(self, text: str) -> Town | None:
        """The town that a text means, with `confidence`; None if it names none of ours."""
        return self.places.locate(text).town

    def locate(self, place: Place) -> Located:
        """The town of a place, or what tells that it lies outside of the city.

        A point outside of the city counts unless the text names one of our towns; one inside suggests the
        towns that it may be in.
        """
        town = self.town(place.town)
        found = Located(town) if town else self.places.locate(place.text)
        if found.town is None and found.outside is None and place.latitude is not None:
            point = to_wgs84(place.latitude, place.longitude or 0.0, place.datum)
            if self.places.is_water(*point):
                return Located(None, IN_THE_SEA)
            if not self.places.contains(*point):
                return Located(None, "位置不在" + self.places.city_name)
            return Located(None, choices=self.places.near(*point))
        return found

    def route(self, category: str, place: Place | None) -> Department:
        """The department that owns a matter; an unknown category counts as `other`.

        Raises: RoutingError, only if the data was not checked.
        """
        town = self._town_of(place)
        return self.department(self._resolve(self._rule_for(category, town).lead, town))

    def assisting(self, category: str, place: Place | None) -> tuple[Department, ...]:
        """The departments and other authorities that help the owner, most important first."""
        town = self._town_of(place)
        rule = self._rule_for(category, town)
        lead = self._resolve(rule.lead, town)
        codes = [self._resolve(code, town) for code in rule.assisting]
        return tuple(self.department(code) for code in dict.fromkeys(codes) if code != lead)

    def may_hold(self, category: str, department: str) -> bool:
        """Whether tickets of a category may be given to a department at all."""
        if self.department(department).kind == "outside":
            return False
        only = self._rule_for(category, None).only
        return not only or department in only

    def is_walled(self, category: str) -> bool:
        """Whether only certain departments may ever hold tickets of a category: complaints about officers."""
        return category in self.categories and bool(self._rule_for(category, None).only)

    def deciding(self, categories: Sequence[str]) -> str:
        """Which of a matter's categories decides who owns it: the first that is walled, else the first."""
        return next((code for code in categories if self.is_walled(code)), categories[0])

    def needs_after_photo(self, kind: TicketKind, category: str) -> bool:
        """Whether such a ticket is resolved only with a photo of the place afterwards."""
        is_street_matter = kind not in (TicketKind.CONSULTATION, TicketKind.SUGGESTION)
        return is_street_matter and category in self.city["after_photo_categories"]

    def zone_head(self, town: str | None) -> Department:
        """The head of a town's zone; without a town the supervision office."""
        found = self.town(town)
        return self.department(self.zones[found.zone].head if found else self.supervision)

    def check(self) -> list[str]:
        """What is wrong with the data: [] if each category has an owner in each town and without one."""
        problems = [
            f"zone {town.zone} of {town.code} is missing"
            for town in self.towns()
            if town.zone not in self.zones
        ]
        problems += [
            f"head {zone.head} of zone {zone.code} is missing"
            for zone in self.zones.values()
            if zone.head not in self._departments
        ]
        problems += [
            f"department {code} is missing" for code in self._named() if code not in self._departments
        ]
        problems += [
            f"rule names unknown category {code}"
            for rule in self._rules
            for code in rule.categories
            if code not in self.categories
        ]
        problems += [
            f"{role} {code} is missing or another authority"
            for role, code in (("front_desk", self.front_desk), ("supervision", self.supervision))
            if not self._may_own(code)
        ]
        problems += self._check_categories() + self.places.check()
        if not self._may_own(self.consultations.department):
            problems.append(f"consultations.yml: department {self.consultations.department} is missing")
        for category in self.categories:
            problems += [problem for town in (*self.towns(), None) for problem in self._check(category, town)]
        return problems

    def _check_categories(self) -> list[str]:
        needed = [f"category {code} is missing" for code in ("other",) if code not in self.categories]
        open_to_all = [
            f"{code} may be held by anybody: its rule needs `only`"
            for code in ABOUT_OFFICERS
            if code in self.categories
            and any(code in rule.categories and not rule.only for rule in self._rules)
        ]
        return needed + open_to_all

    def _may_own(self, code: str) -> bool:
        found = self._departments.get(code)
        return found is not None and found.kind != "outside"

    def _check(self, category: str, town: Town | None) -> list[str]:
        where = f"{category} in {town.code if town else 'no town'}"
        try:
            rule = self._rule_for(category, town, exact=True)
        except RoutingError:
            return [f"{where} has no owner"]
        owner = self._departments.get(self._resolve(rule.lead, town))
        if owner is None:
            return [f"{where}: {rule.lead} is missing"]
        return [f"{where} is left with another authority"] if owner.kind == "outside" else []

    def _named(self) -> list[str]:
        codes = [code for rule in self._rules for code in (rule.lead, *rule.assisting, *rule.only)]
        return [code for code in dict.fromkeys([*codes, self._without_town]) if code != _TOWN_SQUAD]

    def _town_of(self, place: Place | None) -> Town | None:
        if place is None:
            return None
        town = self.locate(place).town
        return None if town is None or town.is_unsure else town

    def _rule_for(self, category: str, town: Town | None, exact: bool = False) -> Rule:
        wanted = category if exact or category in self.categories else "other"
        for rule in self._rules:
            in_town = not rule.towns or (town is not None and town.code in rule.towns)
            if wanted in rule.categories and in_town:
                return rule
        raise RoutingError(f"no owner for {category}")

    def _resolve(self, code: str, town: Town | None) -> str:
        if code != _TOWN_SQUAD:
            return code
        return f"squad_{town.code}" if town else self._without_town


@contextmanager
def _reading(file: str) -> Iterator[None]:
    """Raises: RoutingError, for a file that is missing, is no YAML, or lacks something."""
    try:
        yield
    except KeyError as error:
        raise RoutingError(f"{file}: a row lacks {error}") from error
    except (OSError, ValueError, TypeError, AttributeError, YAMLError) as error:
        raise RoutingError(f"{file} can't be read: {error}") from error


def _twice(rows: Sequence[Department | Zone | Town]) -> list[str]:
    codes = [row.code for row in rows]
    return sorted({code for code in codes if codes.count(code) > 1})


def _file_or_ours(folder: Path, name: str) -> Path:
    """The folder that has the file: a city that doesn't say otherwise takes what comes with the product."""
    return folder if (folder / name).is_file() else DATA_FOLDER


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(
        categories=tuple(row["categories"]),
        lead=row["lead"],
        assisting=tuple(row.get("assisting", ())),
        towns=tuple(row.get("towns", ())),
        only=tuple(row.get("only", ())),
    )


def _departments(data: dict[str, Any], places: Places) -> list[Department]:
    defaults = data["defaults"]
    squads = data["town_squads"]
    rows = list(data["departments"]) + [
        {
            "code": f"squad_{town.code}",
            "name": squads["name"].format(short=town.short_name),
            "kind": squads["kind"],
        }
        for town in places.towns
    ]
    return [
        Department(
            code=row["code"],
            name=row["name"],
            phone=row.get("phone", defaults["phone"]),
            is_sample=row.get("sample", defaults["sample"]),
            kind=row["kind"],
        )
        for row in rows
    ]
