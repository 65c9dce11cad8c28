"""Fills a paper's template. What is missing stands in it as a mark that nobody overlooks."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

from docxtpl import DocxTemplate, RichText

from knowledge_base.papers.catalogue import Paper
from knowledge_base.papers.lists import PaperList

TEMPLATES = Path(__file__).parent / "templates"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MARKED = "#FFF2A8"
# XML can't hold these.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def missing(paper: Paper, values: Mapping[str, str]) -> list[str]:
    """The titles of the blanks that have no value."""
    return [blank.title for blank in paper.blanks if not values.get(blank.key, "").strip()]


def fill(paper: Paper, values: Mapping[str, str], *, authority: str = "") -> bytes:
    """The paper as a DOCX, takes some 100 ms: call it in a thread.

    Args:
        values: by the keys of its blanks; others are passed over.
        authority: whom it is addressed to, where the paper has that apart from its blanks.
    """
    context = {blank.key: _said(values.get(blank.key, ""), blank.title) for blank in paper.blanks}
    context["authority"] = _said(authority, "收申请书的机关")
    return _rendered(paper.template, context)


def fill_list(paper_list: PaperList) -> bytes:
    """A list of papers to bring, as a DOCX."""
    return _rendered(
        "list.docx",
        {
            "title": paper_list.title,
            "items": [
                {"words": item.words, "rule": f"《{item.rule.law}》{item.rule.article}"}
                for item in paper_list.items
            ],
            "to_ask": paper_list.to_ask,
            "notes": paper_list.notes,
            "where": paper_list.where,
        },
    )


def _said(value: str, title: str) -> RichText:
    words = _UNPRINTABLE.sub("", value).strip()
    text = RichText()
    if words:
        # "\a" begins a paragraph like the one before.
        text.add(re.sub(r"\s*\n\s*", "\a", words))
    else:
        text.add(f"【待填写：{title}】", highlight=_MARKED)
    return text


def _rendered(template: str, context: Mapping[str, object]) -> bytes:
    document = DocxTemplate(TEMPLATES / template)
    document.render(dict(context), autoescape=True)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()
