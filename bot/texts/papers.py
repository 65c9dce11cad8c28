"""The words around a paper: what will be asked, what is missing, how to hand it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.texts.zh import TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from actions.base import Reply
    from knowledge_base.papers.lists import PaperList


def _opening(reply: Reply) -> dict[str, Any]:
    names = dict.fromkeys(f"《{rule.law}》{rule.article}" for rule in reply.params["rests_on"])
    return {
        "asked": "、".join(reply.params["blanks"]),
        "rule": TEXTS["paper_rests_on"].format(cites="、".join(names)),
        "privacy": TEXTS["paper_privacy"],
    }


def _review(reply: Reply) -> dict[str, Any]:
    return {
        "filled": _titles("paper_review_filled", reply.params["filled"]),
        "missing": _titles("paper_review_missing", reply.params["missing"]),
    }


def _made(reply: Reply) -> dict[str, Any]:
    steps = (
        _titles("paper_made_missing", reply.params["missing"][:4]),
        TEXTS["paper_made_check"],
        TEXTS["paper_made_sign"],
        TEXTS[f"paper_made_{reply.params['paper']}"],
        TEXTS["paper_made_kept"],
    )
    return {"steps": _numbered(step for step in steps if step)}


def _list(reply: Reply) -> dict[str, Any]:
    given: PaperList = reply.params["list"]
    items = (f"□ {item.words}\n　依据《{item.rule.law}》{item.rule.article}" for item in given.items)
    return {
        "title": f"《{given.title}》",
        "items": "\n".join(items),
        "to_ask": "\n".join(f"□ {words}" for words in given.to_ask),
        "notes": "\n".join(given.notes),
        "where": given.where,
    }


def _titles(key: str, titles: Sequence[str]) -> str:
    return TEXTS[key].format(titles="、".join(titles)) if titles else ""


def _numbered(steps: Iterable[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


COMPOSERS: dict[str, Callable[[Reply], dict[str, Any]]] = {
    "paper_opening": _opening,
    "paper_resumed": _opening,
    "paper_review": _review,
    "paper_made": _made,
    "paper_list": _list,
}
