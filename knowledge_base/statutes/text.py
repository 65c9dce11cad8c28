"""Finds the articles in the running text of a statute.

All readers end here: Markdown, plain text, DOCX and our own files differ only in how they come to lines of
text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from knowledge_base.numerals import article_key, normal_article

_NUMERAL = "零〇一二两三四五六七八九十百千"
_ARTICLE_LINE = re.compile(rf"^(第[{_NUMERAL}]+条(?:之[{_NUMERAL}]+)?)(?:[ \t\u3000\xa0]+(.*)|$)", re.DOTALL)
_MARKDOWN_HEADING = re.compile(r"^(#{1,6})\s*(.*)$")
_PLAIN_HEADING = re.compile(rf"^第[{_NUMERAL}]+(分编|编|章|节)(?:[ \t\u3000\xa0]+|(?=[^条规的]))(.{{0,40}})$")
_PLAIN_DEPTH = {"编": 1, "分编": 2, "章": 3, "节": 4}
# An annex, a table or a translator's note ends the last article.
_AFTER_THE_LAW = re.compile(
    r"^(?:附件|附表|附录|附图|附[:：]|注[:：]|表\d|（附|\(附)|^\s*[|+][-|+ ]|^<!--|^[|｜]"
)
_DATE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_IN_FORCE_FROM = re.compile(r"自\s*(\d{4})年\s*(\d{1,2})月\s*(\d{1,2})日\s*起(?:施行|实施|生效)")


@dataclass(frozen=True, slots=True)
class ArticleText:
    """An article as the text has it: number in normal spelling, path of headings, paragraphs joined by line
    breaks.
    """

    number: str
    heading: str
    text: str


def find_articles(text: str) -> list[ArticleText]:
    """The articles of a text in order; what stands before the first and after the last is dropped.

    A line that begins like an article but does not go up in number belongs to the article above it: amending
    decisions and annexes quote articles of other laws.
    """
    finder = _Finder()
    for line in text.splitlines():
        if not finder.take(line.strip().strip("\u3000\xa0 ")):
            break
    return finder.finish()


class _Finder:
    """Goes through the lines; keeps the headings that are open and the article that grows."""

    def __init__(self) -> None:
        self.headings: list[tuple[int, str]] = []
        self.found: list[ArticleText] = []
        self.number = ""
        self.path = ""
        self.lines: list[str] = []

    def take(self, line: str) -> bool:
        """Use one line; False when the statute is over."""
        if not line:
            return True
        if self.number and _AFTER_THE_LAW.match(line):
            return False
        if heading := _heading(line):
            self._close()
            self._open_heading(*heading)
        elif (match := _ARTICLE_LINE.match(line)) and self._goes_up(match[1]):
            self._close()
            self.number = normal_article(match[1])
            self.path = " ".join(title for _, title in self.headings)
            self.lines = [match[2].strip()] if match[2] and match[2].strip() else []
        elif self.number:
            self.lines.append(line)
        return True

    def finish(self) -> list[ArticleText]:
        self._close()
        return self.found

    def _goes_up(self, number: str) -> bool:
        last = self.number or (self.found[-1].number if self.found else "")
        return not last or article_key(number) > article_key(last)

    def _open_heading(self, depth: int, title: str) -> None:
        self.headings = [h for h in self.headings if h[0] < depth]
        self.headings.append((depth, title))

    def _close(self) -> None:
        if self.number and self.lines:
            self.found.append(ArticleText(self.number, self.path, "\n".join(self.lines)))
        self.number, self.lines = "", []


def _heading(line: str) -> tuple[int, str] | None:
    if match := _MARKDOWN_HEADING.match(line):
        return len(match[1]), re.sub(r"[\s\u3000]+", " ", match[2]).strip()
    if match := _PLAIN_HEADING.match(line):
        return _PLAIN_DEPTH[match[1]], re.sub(r"[\s\u3000]+", " ", line)
    return None


def dates_in(text: str) -> list[date]:
    """All full dates of a text, full-width digits too; dates that do not exist are left out."""
    found = []
    for match in _DATE.finditer(unicodedata.normalize("NFKC", text)):
        if day := _date(*match.groups()):
            found.append(day)
    return found


def in_force_from(articles: list[ArticleText]) -> date | None:
    """The day that the closing articles name (自……起施行): that of the first version where a text was only
    amended.
    """
    for article in reversed(articles[-4:]):
        match = _IN_FORCE_FROM.search(unicodedata.normalize("NFKC", article.text))
        if match:
            return _date(*match.groups())
    return None


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
