"""Numbers as Chinese texts write them, and the quantities that a rule turns on.

Statutes write 十五日, people write 15天: both must become the same thing before anyone can say that a number
stands in an article.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_GROUPS = {"万": 10_000, "亿": 100_000_000}
_CHINESE = "零〇一二两三四五六七八九十百千万亿"


def chinese_to_int(text: str) -> int:
    """The value of a Chinese numeral: 一百二十三 -> 123, 十五 -> 15, 二〇二六 -> 2026.

    Raises: ValueError if the text is no numeral.
    """
    if not text or any(c not in _CHINESE for c in text):
        raise ValueError(f"no numeral: {text!r}")
    if all(c in _DIGITS for c in text):
        return int("".join(str(_DIGITS[c]) for c in text))
    total = group = digit = 0
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _UNITS:
            group += (digit or 1) * _UNITS[char]
            digit = 0
        else:
            total = (total + group + digit or 1) * _GROUPS[char]
            group = digit = 0
    return total + group + digit


def int_to_chinese(number: int) -> str:
    """The numeral as statutes write article numbers: 110 -> 一百一十, 15 -> 十五, 1009 -> 一千零九. Up to
    9999.
    """
    if not 0 < number < 10_000:
        raise ValueError(f"out of range: {number}")
    digits = "零一二三四五六七八九"
    parts: list[str] = []
    gap = False
    for size, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // size % 10
        if digit:
            if gap and parts:
                parts.append("零")
            parts.append(digits[digit] + unit)
        gap = not digit
    text = "".join(parts)
    return text[1:] if text.startswith("一十") else text


_ARTICLE = re.compile(rf"第?\s*([{_CHINESE}]+|\d+)\s*条?(?:\s*之\s*([{_CHINESE}]+|\d+))?")


@functools.lru_cache(maxsize=4096)
def normal_article(text: str) -> str:
    """One spelling for an article number: 30, 30条, 第30条, 第三十条 -> 第三十条; 第17条之1 -> 第十七条之一.

    Text that holds no number (like 条目一) comes back as it is.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    match = _ARTICLE.fullmatch(text)
    if not match:
        return text
    number = int_to_chinese(_number(match[1]))
    return f"第{number}条" + (f"之{int_to_chinese(_number(match[2]))}" if match[2] else "")


def article_key(text: str) -> tuple[int, int]:
    """Sorts article numbers: 第十七条之一 -> (17, 1). Text without a number sorts last."""
    match = _ARTICLE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if not match:
        return (1_000_000, 0)
    return (_number(match[1]), _number(match[2]) if match[2] else 0)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else chinese_to_int(text)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit; `raw` is how the text wrote it and takes no part in comparison."""

    value: Fraction
    unit: str
    raw: str = ""

    def same_as(self, other: Quantity) -> bool:
        """Whether both say the same, or one of them says only the number."""
        return self.value == other.value and (self.unit == other.unit or "" in (self.unit, other.unit))


_SPELLINGS = {
    "日": "个工作日 工作日 个自然日 自然日 日 天",
    "月": "个月 月",
    "年": "周年 年",
    "岁": "周岁 岁",
    "元": "元 块钱 块 圆",
    "倍": "倍",
    "小时": "个小时 小时",
    "分钟": "分钟",
    "时": "时 点 点钟",
    "平方米": "平方米 平米",
    "厘米": "厘米 公分",
    "米": "米",
    "公里": "公里 千米",
    "公斤": "公斤",
    "吨": "吨",
    "分贝": "分贝",
    "人": "名 个人 人",
    "%": "% 个百分点",
    "成": "成",
    "层": "层",
    "度": "度",
}
_UNIT_NAMES = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_UNIT = "|".join(sorted(map(re.escape, _UNIT_NAMES), key=len, reverse=True))
_ARABIC = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NUM = rf"(?:(?:{_ARABIC})\s*[十百千万亿]{{0,2}}|[{_CHINESE}]+|半)"
_RANGE = r"(?:\s*(?:[-~—–－～]+|至|到)\s*)"
_PERCENT = re.compile(rf"百分之({_NUM})(?:{_RANGE}(?:百分之)?({_NUM}))?|千分之({_NUM})|万分之({_NUM})")
_FRACTION = re.compile(rf"([{_CHINESE}]+)分之([{_CHINESE}]+)|(\d+)/(\d+)")
_QUANTITY = re.compile(rf"({_NUM})(?:{_RANGE}({_NUM}))?\s*({_UNIT})")
_BARE = re.compile(rf"(?:{_ARABIC})\s*[万亿]?")
# Numbers that are names, not quantities: list marks, ordinals, articles, and words that only look like
# numbers.
_NAMES = re.compile(
    rf"第\s*(?:[{_CHINESE}]+|\d+)\s*(?:条(?:之[{_CHINESE}]+)?|[款项编章节次]|人民|季度|三人|一[次时]|[{_CHINESE}]?)"
    rf"|[（(](?:[{_CHINESE}]+|\d+)[）)]|(?m:^\s*\d+[.、．](?!\d))"
    r"|千万(?![元吨])|万一|十分|一块儿|一年四季|一日三餐|三天两头|一天到晚|有朝一日|半天|一成不变|一人一|一度|统一|逐一|单一|第三人|同一[天日]|某一[天日]|一点|一层|有[一几]点"
)
_DATE = re.compile(r"(\d{4})年(?:(\d{1,2})月(?:(\d{1,2})[日号])?)?|(?<!\d)(\d{1,2})月(\d{1,2})[日号]")


def quantities(text: str) -> list[Quantity]:
    """The numbers, amounts, shares and periods of a text, in one spelling; ranges give both ends.

    A number in digits counts even without a unit; a number in Chinese counts only with one, because 一 and 两
    are
    everywhere. Names of articles, list marks and dates are left out (see `dates`).
    """
    text = unicodedata.normalize("NFKC", text)
    text = _DATE.sub("｜", text)
    text = _NAMES.sub("｜", text)
    found: list[Quantity] = []
    text = _PERCENT.sub(lambda m: _take_percent(m, found), text)
    text = _FRACTION.sub(lambda m: _take_fraction(m, found), text)
    text = _QUANTITY.sub(lambda m: _take_quantity(m, found), text)
    for match in _BARE.finditer(text):
        found.append(Quantity(_value(match[0]), "", match[0]))
    return found


def canonical(text: str) -> str:
    """A text with every quantity in one spelling, to look for the words of one text in another: 十五天 ->
    15日.
    """
    text = unicodedata.normalize("NFKC", text)

    def spell(match: re.Match[str]) -> str:
        found = quantities(match[0])
        return "至".join(f"{_plain(q.value)}{q.unit}" for q in found) if found else match[0]

    text = _PERCENT.sub(spell, text)
    text = _FRACTION.sub(spell, text)
    return _QUANTITY.sub(spell, text)


def _plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):g}"


def dates(text: str) -> list[str]:
    """The dates of a text as ISO prefixes: 2026年8月15日 -> 2026-08-15, 2026年 -> 2026. Days without a year
    are left out.
    """
    found = []
    for match in _DATE.finditer(unicodedata.normalize("NFKC", text)):
        if match[1]:
            parts = [match[1]] + [f"{int(p):02d}" for p in (match[2], match[3]) if p]
            found.append("-".join(parts))
    return found


def _take_percent(match: re.Match[str], found: list[Quantity]) -> str:
    scale = 1 if match[1] else Fraction(1, 10) if match[3] else Fraction(1, 100)
    for number in filter(None, match.groups()):
        found.append(Quantity(_value(number) * scale, "%", match[0]))
    return "｜"


def _take_fraction(match: re.Match[str], found: list[Quantity]) -> str:
    low, high = (match[1], match[2]) if match[1] else (match[4], match[3])
    try:
        found.append(Quantity(Fraction(_value(high), _value(low)), "份额", match[0]))
    except ZeroDivisionError:
        return match[0]
    return "｜"


def _take_quantity(match: re.Match[str], found: list[Quantity]) -> str:
    first, second, unit = match[1], match[2], _UNIT_NAMES[match[3]]
    if first in ("一", "1") and unit == "人":
        return "｜"
    if second:
        found.append(_quantity(_spread_scale(first, second), unit, match[0]))
    found.append(_quantity(second or first, unit, match[0]))
    return "｜"


def _quantity(number: str, unit: str, raw: str) -> Quantity:
    if number == "半":
        return Quantity(Fraction(6), "月", raw) if unit == "年" else Quantity(Fraction(1, 2), unit, raw)
    return Quantity(_value(number), unit, raw)


def _spread_scale(first: str, second: str) -> str:
    """In 1到10万元 the 万 belongs to both."""
    scale = second[-1]
    if scale in "万亿" and first[-1] not in "百千万亿":
        return first + scale
    return first


def _value(text: str) -> Fraction:
    text = "".join(text.replace(",", "").split())
    if text == "半":
        return Fraction(1, 2)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([十百千万亿]*)", text)
    if not match:
        return Fraction(chinese_to_int(text))
    value = Fraction(match[1])
    for char in match[2]:
        value *= _UNITS.get(char) or _GROUPS[char]
    return value
