"""The law that an answer cites, as a reviewer needs it beside the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from knowledge_base.base import KnowledgeBase
from knowledge_base.models import Article, Status

_TITLE = re.compile(r"《([^《》]{2,60})》")


@dataclass(frozen=True, slots=True)
class Cited:
    """One thing that an answer names.

    Attributes:
        named: as the answer or the statute puts it, like 《行政处罚法》第三十三条.
        article: its text; None if there is none such, or no article is named.
        problem: what is wrong with the citation, in words, or "".
    """

    named: str
    article: Article | None
    problem: str


def cited_law(knowledge: KnowledgeBase, text: str, day: date) -> list[Cited]:
    """What `text` cites, in order. Reads every statute's name: call it in a thread."""
    found = []
    for mention in knowledge.mentions(text):
        named = f"《{mention.law}》{mention.article or ''}"
        article = knowledge.article(mention.law, mention.article, day) if mention.article else None
        found.append(Cited(named, article, _problem(mention.article, article)))
    unknown = [title for title in _TITLE.findall(text) if not knowledge.mentions(f"《{title}》")]
    found += [
        Cited(f"《{title}》", None, "知识库里没有这部法，请另行核对") for title in dict.fromkeys(unknown)
    ]
    return found


def _problem(number: str | None, article: Article | None) -> str:
    if number is None:
        return "没有写明是哪一条"
    if article is None:
        return "没有找到这一条，请核对条号"
    return "" if article.status is Status.IN_FORCE else f"这一条{article.status.label}"
