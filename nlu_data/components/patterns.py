"""Numbers, times and citations that a message may carry, by regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterator

_DIGIT_WORDS = "零〇一二两三四五六七八九十百千万"
_SMALL = rf"(?:[0-9]{{1,2}}|[{_DIGIT_WORDS}]{{1,3}})"
_CLOCK = rf"(?:{_SMALL}(?:点|时(?!间|候))(?:半|钟|多|左右|{_SMALL}分?)?|(?<!\d)[0-2]?\d[:：][0-5]\d)"
_PART_OF_DAY = (
    "凌晨|清晨|早晨|早上|大清早|一大早|上午|中午|下午|傍晚|晚上|夜里|夜间|深夜|白天|午休|夜晚"
    "|大半夜|后半夜|三更半夜|半夜"
)
_WEEKDAY = r"(?:上|这|下|本|每)?(?:周|星期|礼拜)[一二三四五六日天末]{1,5}"
_DAY = (
    "今天|今晚|今早|昨天|昨晚|昨夜|前天|前晚|明天|后天|刚才|刚刚|这几天|最近|近期|双休日|节假日|工作日"
    "|上周|上个月|本月|春节|除夕|元宵|清明|端午|中秋|国庆|元旦|五一|十一(?=期间|放假|长假|那)|暑假|寒假|期间|年前|年后|节后|开学|放学"
    "|(?:正月|腊月|农历.{1,2}月)?初[一二三四五六七八九十]"
    f"|这个月|去年|今年|{_WEEKDAY}"
)
_DATE = (
    r"(?:\d{4}年)?\d{1,2}月(?:份|底|初|中旬|\d{1,2}[日号]?)?|(?<!\d)\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)"
    r"|(?<![\d村路街巷弄])\d{1,2}[日号](?![楼院店])"
)
_OFTEN = (
    "每天|天天|每晚|每日|每周|每到|经常|一直|常年|长期|通宵|整夜|整晚|二十四小时|24小时|一到晚上"
    "|连续[^，。]{1,4}[天晚]"
)
_TIME = rf"(?:{_WEEKDAY}|{_OFTEN}|{_DAY}|{_DATE}|{_PART_OF_DAY}|{_CLOCK})"

_LAW_END = "法典|法|条例|办法|规定|规则|细则|决定|解释"
# The first character of a law's name, so that "违反动物防疫法" gives the name alone.
_LAW_START = (
    "治市城民刑行环噪固养物道消劳土建大水食网广动信价产国公村未老妇婚继农森城特网电个反社残工食药商著专献"
)
# Digits of a telephone number as they are spoken.
_SPOKEN = "零〇一二三四五六七八九幺两"
_NUMERAL = rf"[0-9{_DIGIT_WORDS}]{{1,8}}"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"

PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ticket_no", re.compile(r"(?<![A-Za-zＡ-Ｚａ-ｚ])[FfＦｆ][QqＱｑ]\s?\d{8}\s?[-_－— ]?\s?\d{4,}")),
    (
        "identity_number",
        re.compile(
            r"(?<![0-9A-Za-z])\d{6}[ -]?(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d"
            r"|3[01])[ -]?\d{3}[\dXx](?![0-9A-Za-z])"
        ),
    ),
    (
        "phone",
        re.compile(
            r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)|(?<!\d)0\d{2,3}[- －]?\d{7,8}(?!\d)"
            rf"|(?<![{_SPOKEN}])[一幺][三四五六七八九][{_SPOKEN}]{{9}}(?![{_SPOKEN}])"
        ),
    ),
    (
        "plate",
        re.compile(
            rf"[{_PROVINCES}] ?[A-Za-z][·.\- ]?(?=[A-Za-z]{{0,5}}\d)[A-HJ-NP-Za-hj-np-z0-9]{{4,5}}[A-Za-z0-"
            rf"9学警挂]"
        ),
    ),
    (
        "law",
        re.compile(
            rf"《[^《》]{{2,40}}》|(?:中华人民共和国)?(?<!违)[{_LAW_START}][^，"
            rf"。；：？！、\s的了吗在是按根据违犯]{{0,14}}?"
            rf"(?:{_LAW_END})(?![律院官人子定])"
        ),
    ),
    ("article", re.compile(rf"第{_NUMERAL}条(?:之{_NUMERAL})?(?:第{_NUMERAL}款)?(?:第{_NUMERAL}项)?")),
    (
        "amount",
        re.compile(
            rf"(?<![0-9])(?:\d[\d,]*(?:\.\d+)?|[{_DIGIT_WORDS}]{{1,8}})(?:多|几)?(?:万|千|百)?"
            r"(?:元|块钱?|万元|人民币)(?:整|[0-9一二三四五六七八九]{1,2}[毛角]?)?(?![0-9旦宵地])"
        ),
    ),
    ("when", re.compile(rf"{_TIME}(?:(?:的|到|至|[-~—]|、)?{_TIME})*")),
)


def find_patterns(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of each find; a stretch of text belongs to the first kind that wants it."""
    taken = [False] * len(text)
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(taken[start:end]):
                taken[start:end] = [True] * (end - start)
                yield kind, start, end
