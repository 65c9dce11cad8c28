"""One version of one statute, and what a name of a statute comes down to."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from knowledge_base.models import Status
from knowledge_base.statutes.text import ArticleText

_NOISE = re.compile(r"[《》〈〉<>“”\"'\s]|中华人民共和国")
_VERSION_MARK = re.compile(
    r"\((?:\d{4}年?)?(?:修订|修正|修改|征求意见稿|新|旧|最新)?\)$|\d{4}(?:年|版|-\d{2}-\d{2}).*$"
)


def short_title(title: str) -> str:
    """The title as people cite it: without 中华人民共和国 and title marks."""
    return re.sub(r"\s", "", title.replace("中华人民共和国", "").replace("《》", ""))


def name_key(name: str) -> str:
    """What two spellings of a statute's name have in common; aliases and titles are looked up by it."""
    name = unicodedata.normalize("NFKC", name)
    name = _NOISE.sub("", name)
    return _VERSION_MARK.sub("", name) or name


@dataclass(frozen=True, slots=True)
class StatuteVersion:
    """The text of a statute between two days.

    Attributes:
        law: short title.
        version: the day this text was passed.
        effective_from: the day this text came into force.
        first_effective: the day the statute itself, in its first version, came into force.
        effective_to: the first day on which this text no longer applies, None if none is known.
        repealed: that day ends the statute, not only this version of it.
        successor: short title of what took its place, "" if nothing or unknown.
        note: why the dates are as they are, where the source says otherwise.
    """

    law: str
    version: date
    effective_from: date
    first_effective: date
    articles: tuple[ArticleText, ...]
    effective_to: date | None = None
    repealed: bool = False
    successor: str = ""
    source: str = ""
    note: str = ""

    def status_on(self, day: date) -> Status:
        """Whether this text was, is or will be the law on that day."""
        if day < self.effective_from:
            return Status.NOT_YET
        if self.effective_to is None or day < self.effective_to:
            return Status.IN_FORCE
        return Status.REPEALED if self.repealed else Status.REVISED
