"""Takes statutes from files into the folder that the knowledge base reads, each whole or not at all."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from knowledge_base.errors import StatuteUnreadable
from knowledge_base.numerals import article_key
from knowledge_base.statutes.docx import read_docx
from knowledge_base.statutes.markdown import read_text_file
from knowledge_base.statutes.native import native_name, read_native, write_native
from knowledge_base.statutes.text import ArticleText
from knowledge_base.statutes.version import StatuteVersion, name_key

_READERS = {".md": read_text_file, ".txt": read_text_file, ".docx": read_docx}


@dataclass
class ImportReport:
    """What an import did.

    Attributes:
        added: versions that were not there before.
        unchanged: those that were there already with the same text.
        unread: one message for each file that could not be read, in Chinese.
    """

    added: list[StatuteVersion] = field(default_factory=list)
    unchanged: list[StatuteVersion] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def import_statutes(source: Path, target: Path) -> ImportReport:
    """Read a file, or all files of a folder, and write what could be read into `target`.

    A second run over the same files changes nothing. A text that differs from one that is there under the
    same date is
    not taken over: one of the two is wrong, and a person has to see which.
    """
    report = ImportReport()
    versions: list[StatuteVersion] = []
    for path in _files(source, report):
        try:
            versions.append(_read(path))
        except StatuteUnreadable as error:
            report.unread.append(str(error))
    target.mkdir(parents=True, exist_ok=True)
    for version in _whole(versions, report):
        _keep(version, target / native_name(version), report)
    return report


def _files(source: Path, report: ImportReport) -> list[Path]:
    if source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.is_file())
        return [path for path in paths if path.suffix.lower() in _READERS]
    if not source.is_file():
        report.unread.append(f"{source}：没有这个文件或文件夹")
        return []
    if source.suffix.lower() not in _READERS:
        report.unread.append(f"{source.name}：不认识的格式，只能读 {'、'.join(_READERS)}")
        return []
    return [source]


def _read(path: Path) -> StatuteVersion:
    if path.suffix.lower() == ".txt":
        with path.open("rb") as file:
            if file.read(4) == b"---\n":
                return read_native(path)
    return _READERS[path.suffix.lower()](path)


def _whole(versions: Iterable[StatuteVersion], report: ImportReport) -> list[StatuteVersion]:
    """One version for each law and date: a code that came in several files is put together."""
    groups: defaultdict[str, list[StatuteVersion]] = defaultdict(list)
    for version in versions:
        groups[name_key(version.law)].append(version)
    found = []
    for group in groups.values():
        if _is_one_code(group):
            found.append(_joined(group))
            continue
        by_date: dict[str, StatuteVersion] = {}
        for version in group:
            other = by_date.setdefault(version.version.isoformat(), version)
            if other.articles != version.articles:
                report.unread.append(
                    f"{version.source}：与 {other.source} 是同一日期的同一部法律，但内容不同"
                )
        found += by_date.values()
    return found


def _is_one_code(group: list[StatuteVersion]) -> bool:
    """Whether the files hold different articles of the same code, as 民法典 does with one file a book."""
    numbers = [article.number for version in group for article in version.articles]
    return len(group) > 1 and len(numbers) == len(set(numbers))


def _joined(parts: list[StatuteVersion]) -> StatuteVersion:
    articles: list[ArticleText] = [article for part in parts for article in part.articles]
    articles.sort(key=lambda article: article_key(article.number))
    start = max(part.effective_from for part in parts)
    return replace(
        parts[0],
        version=min(part.version for part in parts),
        effective_from=start,
        first_effective=start,
        articles=tuple(articles),
        source="、".join(part.source for part in parts),
    )


def _keep(version: StatuteVersion, path: Path, report: ImportReport) -> None:
    if path.exists():
        if read_native(path).articles == version.articles:
            report.unchanged.append(version)
        else:
            report.unread.append(
                f"{version.source}：{path.name} 已经有了，但内容不同；核对后先移走旧文件再导入"
            )
        return
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    partial.write_text(write_native(version), encoding="utf-8")
    partial.replace(path)
    report.added.append(version)
