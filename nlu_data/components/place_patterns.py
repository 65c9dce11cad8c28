"""Where something is, found by the shape of the words.

So roads and estates that no list has are found too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import yaml

from nlu_data.components.places import Places
from nlu_data.components.text import LOOKUP_FOLDER

_DIGITS = "0-9一二三四五六七八九十百"
_NUMBERS = (
    rf"第?(?:[{_DIGITS}]{{1,5}}|[a-zA-Z]\d{{0,3}})(?:-\d{{1,3}})?(?:号楼|号院|号店|单元|号|栋|幢|座|期|室"
    rf"|层|组|区|弄|路)"
    rf"|[东南西北A-Da-d][区苑门]|[{_DIGITS}]{{1,3}}楼|(?<=[栋幢楼元座])\d{{3,4}}(?!\d)|\d{{1,3}}-\d{{1,3}}-\d{{3,4}}(?!\d)"
)
# G324, 国道324线, 县道X173
_CLASS = "(?:国道|省道|县道|乡道)"
_HIGHWAY = rf"{_CLASS}[A-Za-z]?\d{{2,4}}线?|(?<![A-Za-z0-9])[GSXYCgsxyc]\d{{2,4}}(?:{_CLASS}|线)"
# 龙江路 is a road, and says nothing of the town 龙江.
_NOT_A_TOWN = "[市省病火湖路桥]|大道|街(?!道)|公园"
_LOOSE_END = "的，, 、和与（("


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load((LOOKUP_FOLDER / "place_words.yml").read_text(encoding="utf-8"))
    return words


def _one_of(words: tuple[str, ...] | list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))


class PlaceFinder:
    """Finds places with the names of one city."""

    def __init__(self, places: Places) -> None:
        self._places = places
        # A short name like 高山 or 海口 is a town only where nothing says otherwise (高山病, 海口市).
        self._town = re.compile(
            rf"(?P<short>{_one_of(list(places.towns))})(?:街道办事处|街道办|街道|镇)?(?!{_NOT_A_TOWN})"
        )
        words = _words()
        in_name = rf"[^\W_{''.join(words['not_in_a_name'].split())}]"
        known = rf"(?:{_one_of(places.names())})(?:街道|镇|(?!路|大道|桥|公园))"
        long, short = _one_of(words["endings"]), _one_of(words["short_endings"])
        # 三中 is a school, and so is 第三中学.
        shaped = rf"{in_name}{{1,7}}?(?:{long})(?!学)|{in_name}{{2,5}}?(?:{short})(?!学)"
        house = r"\d{1,4}(?:栋|幢|号楼)|\d{1,3}-\d{1,3}-\d{3,4}(?!\d)"
        relation = _one_of(words["relations"])
        shop = rf"{in_name}{{1,4}}?(?:{_one_of(words['shops'])})"
        beside = rf"(?:{shop}|{_one_of(words['brands'])}|{_one_of(words['houses'])})(?=的?(?:{relation}))"
        anchor = rf"(?:{known}|{_HIGHWAY}|{shaped}|{_one_of(words['common'])}|{house}|{beside})"
        more = rf"(?:[的与和、，,（(]?(?:{anchor}|{_NUMBERS}|{relation}|{long})[)）]?)"
        self._phrase = re.compile(rf"{anchor}{more}*")

    def find(self, text: str) -> list[tuple[int, int]]:
        """Spans of places, each as long as it goes: town, road, number and relation together."""
        return [
            (match.start(), match.start() + len(match.group().rstrip(_LOOSE_END)))
            for match in self._phrase.finditer(text)
        ]

    def towns(self, text: str) -> list[tuple[int, int, str]]:
        """Mentions of the city's streets and towns, with their official names."""
        return [
            (match.start(), match.end(), self._places.towns[match.group("short")])
            for match in self._town.finditer(text)
        ]
