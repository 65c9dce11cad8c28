"""Reads statutes from Markdown and plain text files as public collections keep them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from pathlib import Path

from knowledge_base.errors import StatuteUnreadable
from knowledge_base.statutes.text import ArticleText, dates_in, find_articles, in_force_from
from knowledge_base.statutes.version import StatuteVersion, short_title

_END_OF_INFO = "<!-- INFO END -->"
_NAME_DATE = re.compile(r"[(（_-](\d{4})-(\d{2})-(\d{2})[)）]?$")
_TITLE = re.compile(r"^#\s*(.+)$", re.MULTILINE)
_EFFECTIVE_LINE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日\s*起?(?:施行|实施|生效)")


def read_text_file(path: Path) -> StatuteVersion:
    """A Markdown or plain text file.

    Raises: StatuteUnreadable when it is not UTF-8, has no article or no date.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise StatuteUnreadable(f"{path.name}：不是 UTF-8 文本") from error
    return statute_from_text(content, path.name)


def statute_from_text(content: str, file_name: str) -> StatuteVersion:
    """A version of a statute from its text and the name of the file it came in.

    The date in the file name wins over those of the header, which often stop before the last amendment.

    Raises: StatuteUnreadable.
    """
    header, body = _split(content)
    articles = find_articles(body)
    if not articles:
        raise StatuteUnreadable(f"{file_name}：没有找到条文（需要“第一条 ……”这样的行）")
    title = _title(header, file_name)
    passed = _name_date(file_name) or max(dates_in(header), default=None)
    if passed is None:
        raise StatuteUnreadable(f"{file_name}：文件名和文件头里都没有公布日期")
    first, start = _days_of_force(header, articles, passed)
    return StatuteVersion(
        law=short_title(title),
        version=passed,
        effective_from=start,
        first_effective=first,
        articles=tuple(articles),
        source=file_name,
    )


def _split(content: str) -> tuple[str, str]:
    header, mark, body = content.partition(_END_OF_INFO)
    if mark:
        return header, body
    first = re.search(r"^第一条[\s\u3000]", content, re.MULTILINE)
    return (content[: first.start()], content) if first else (content[:2000], content)


def _title(header: str, file_name: str) -> str:
    """The first heading; a code in several files has the name of its part in the second, which is not the
    statute's.
    """
    if match := _TITLE.search(header):
        return re.sub(r"[\s\u3000]", "", match[1])
    for line in header.splitlines():
        text = line.strip("\ufeff \t\u3000")
        if text:
            return re.sub(r"[\s\u3000]", "", text)
    return re.sub(r"[(（_-]\d{4}-\d{2}-\d{2}[)）]?$", "", Path(file_name).stem)


def _name_date(file_name: str) -> date | None:
    match = _NAME_DATE.search(Path(file_name).stem)
    if not match:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise StatuteUnreadable(f"{file_name}：文件名里的日期不存在") from error


def _days_of_force(header: str, articles: list[ArticleText], passed: date) -> tuple[date, date]:
    """When the statute first came into force, and when this version did."""
    first = in_force_from(articles) or min([passed, *dates_in(header)])
    stated = [
        date(int(m[1]), int(m[2]), int(m[3]))
        for m in _EFFECTIVE_LINE.finditer(unicodedata.normalize("NFKC", header))
        if int(m[2]) <= 12 and int(m[3]) <= 28
    ]
    start = max([first, passed, *(day for day in stated if day >= passed)])
    return min(first, start), start
