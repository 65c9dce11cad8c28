"""Our own files for statutes: a few lines of YAML, then the text with `#` headings and one paragraph a line.

They are what `wenfa kb import` writes, and readable enough to be checked against the official text by eye.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from knowledge_base.errors import StatuteUnreadable
from knowledge_base.statutes.text import find_articles
from knowledge_base.statutes.version import StatuteVersion

_FENCE = "---\n"


def read_native(path: Path) -> StatuteVersion:
    """One version of a statute.

    Raises: StatuteUnreadable when the head is missing or wrong, or the text holds no article.
    """
    text = path.read_text(encoding="utf-8")
    if not text.startswith(_FENCE) or text.count(_FENCE) < 2:
        raise StatuteUnreadable(f"{path.name}：缺少文件头")
    _, head, body = text.split(_FENCE, 2)
    try:
        fields: dict[str, Any] = yaml.load(head, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (safe either way)
        version = StatuteVersion(
            law=fields["law"],
            version=_day(fields["version"]),
            effective_from=_day(fields["effective_from"]),
            first_effective=_day(fields.get("first_effective") or fields["effective_from"]),
            articles=tuple(find_articles(body)),
            source=fields.get("source", ""),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise StatuteUnreadable(f"{path.name}：文件头有误（{error}）") from error
    if not version.articles:
        raise StatuteUnreadable(f"{path.name}：没有条文")
    return version


def write_native(version: StatuteVersion) -> str:
    """The content of the file for a version; the same version always gives the same text."""
    head = {
        "law": version.law,
        "version": version.version,
        "effective_from": version.effective_from,
        "first_effective": version.first_effective,
        "source": version.source,
    }
    lines = [_FENCE + yaml.safe_dump(head, allow_unicode=True, sort_keys=False) + _FENCE]
    heading = ""
    for article in version.articles:
        if article.heading != heading:
            heading = article.heading
            lines.append(f"# {heading}\n")
        lines.append(f"{article.number} {article.text}\n")
    return "\n".join(lines)


def native_name(version: StatuteVersion) -> str:
    """The file name of a version."""
    safe = "".join(c for c in version.law if c not in '\\/:*?"<>|《》')
    return f"{safe}_{version.version.isoformat()}.txt"


def _day(value: Any) -> date:
    if not isinstance(value, date):
        raise ValueError(f"不是日期：{value!r}")
    return value
