"""Finds articles that a text names: 行政处罚法第三十三条, 民法典1254, 治安法75条第一款."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge_base.numerals import normal_article
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.words import simplified

_NUMERAL = "零〇一二三四五六七八九十百千"
_NUMBER = (
    rf"(?:第?\s*(?P<number>[{_NUMERAL}]+|\d{{1,4}})\s*条(?:\s*之\s*(?P<sub>[{_NUMERAL}]+|\d+))?"
    r"|(?P<bare>\d{1,4}))(?!\d)"
)
# A bare number after a name is an article only if no unit follows: 民法典1254 is one, 噪声法2022年 is not.
_NO_UNIT = r"(?!\s*(?:[年月日号元块天个名]|-\d))"
_GAP = r"[》〉\s的:：,，]{0,3}(?:\((?:\d{4}年?)?[修订新旧版]*\))?(?:里|中|规定的?)?\s*"


@dataclass(frozen=True, slots=True)
class Mention:
    """A statute that a text names, with the article if it names one; `said` is how the text put it."""

    law: str
    article: str | None
    said: str


class CitationFinder:
    """Knows all names of all statutes; built once, then only read."""

    def __init__(self, library: StatuteLibrary) -> None:
        self._titles = library.names()
        names = sorted((re.escape(name) for name in self._titles if len(name) >= 2), key=len, reverse=True)
        pattern = rf"(?P<name>{'|'.join(names)})(?:{_GAP}{_NUMBER}{_NO_UNIT})?"
        self._mention = re.compile(pattern) if names else None

    def find(self, text: str) -> list[Mention]:
        """The statutes and articles that a text names, in order, each once."""
        if self._mention is None:
            return []
        text = simplified(text).replace("中华人民共和国", "")
        found: dict[tuple[str, str | None], Mention] = {}
        for match in self._mention.finditer(text):
            law = self._titles[match["name"]]
            number = match["number"] or match["bare"]
            sub = f"条之{match['sub']}" if match["sub"] else ""
            article = normal_article(number + sub) if number else None
            found.setdefault((law, article), Mention(law, article, match[0]))
        return list(found.values())
