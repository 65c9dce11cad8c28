"""A rule card as a form: one field for each part, lists as lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.desk.forms import Form

MAX_FIELD = 4_000
# Form field -> its label; the order on the page.
LINES = {"questions": "问法（每行一个，至少五个）", "next_steps": "怎么办（每行一步）"}
WORDS = ("id", "title", "topic", "category", "answer", "jurisdiction", "authority", "local_gap")
DAYS = ("valid_from", "reviewed_on")


def content_of(form: Form) -> dict[str, Any]:
    """The card's fields as the draft keeps them. What is wrong with them is said by the check, not here."""
    content: dict[str, Any] = {name: form.text(name)[:MAX_FIELD] for name in (*WORDS, *DAYS)}
    content["category"] = content["category"] or None
    for name in LINES:
        content[name] = _lines(form.text(name))
    content["cites"] = [_cite(line) for line in _lines(form.text("cites"))]
    return content


def fields_of(content: Mapping[str, Any]) -> dict[str, str]:
    """The inverse of `content_of`."""
    fields = {name: str(content.get(name) or "") for name in (*WORDS, *DAYS)}
    for name in LINES:
        fields[name] = "\n".join(content.get(name) or ())
    fields["cites"] = "\n".join(_cite_line(cite) for cite in content.get("cites") or ())
    return fields


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text[:MAX_FIELD].split("\n") if line.strip()]


def _cite(line: str) -> dict[str, Any]:
    """行政处罚法 第三十三条 | 要点；要点"""
    source, _, facts = line.replace("｜", "|").partition("|")
    law, _, article = source.strip().replace("　", " ").rpartition(" ")
    return {
        "law": law.strip().strip("《》"),
        "article": article.strip(),
        "facts": [fact.strip() for fact in facts.replace(";", "；").split("；") if fact.strip()],
    }


def _cite_line(cite: Mapping[str, Any]) -> str:
    facts = "；".join(cite.get("facts") or ())
    return f"{cite['law']} {cite['article']}" + (f" | {facts}" if facts else "")
