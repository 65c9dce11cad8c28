"""Texts with parts that may be absent: the read-back of a report, a ticket's status, a rule card."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from bot.dates import moment
from bot.texts import deadlines, papers
from bot.texts.zh import TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from actions.base import Reply
    from knowledge_base.models import Answer, Article

_REPORTER_MODES = {"anonymous": "匿名", "real_name": "留了电话", "confidential": "留了电话，要求保密"}


_NUMBER_OR_ADDRESS = re.compile(r"\+?\d[\d\s-]{5,18}\d|[\w.+-]+@[\w-]+\.[\w.]+", re.ASCII)


def chinese_date(day: date) -> str:
    """2026年11月23日."""
    return f"{day.year}年{day.month}月{day.day}日"


def _promise(reply: Reply) -> dict[str, Any]:
    due = reply.params["due_on"]
    if not isinstance(due, date):
        return {"promise": TEXTS["promise_unknown"]}
    return {"promise": TEXTS["promise_until"].format(due=chinese_date(due))}


def _presence(reply: Reply) -> dict[str, Any]:
    """When a person is there to answer."""
    attendance = reply.params["attendance"]
    if attendance.is_open:
        return {"presence": TEXTS["presence_open"]}
    if attendance.opens_at is None:
        return {"presence": TEXTS["presence_unknown"]}
    return {"presence": TEXTS["presence_until"].format(opens_at=moment(attendance.opens_at))}


def _handoff(reply: Reply) -> dict[str, Any]:
    return {**_promise(reply), **_presence(reply)}


def _live_begun(reply: Reply) -> dict[str, Any]:
    unit = reply.params["department"]
    return {"who": f"{unit}的工作人员" if unit else "工作人员"}


def _live_ended(reply: Reply) -> dict[str, Any]:
    summary = str(reply.params["summary"]).strip()
    return {"summary": TEXTS["live_summary"].format(summary=summary) if summary else ""}


def _status_view(reply: Reply) -> dict[str, Any]:
    latest = reply.params["latest"]
    lines = [_promise(reply)["promise"]] if reply.params["is_open"] else []
    if latest is not None:
        lines.append(TEXTS["status_latest"].format(label=latest.label, text=latest.text))
    return {"news": "\n".join(lines), **_asks_rating(reply)}


def _asks_rating(reply: Reply) -> dict[str, Any]:
    """The question that goes with the stars of a kind "rating"."""
    return {"ask": f"\n\n{TEXTS['rating_ask']}" if reply.kind == "rating" else ""}


def _read_back(reply: Reply) -> dict[str, Any]:
    given = reply.params
    place = given["place"] or "已发定位"
    if given["place"] and given["has_location"]:
        place += "（已发定位）"
    lines = [
        f"类别：{given['category']}",
        f"内容：{given['what']}",
        f"地点：{place}{'，' if given['town'] else ''}{given['town']}",
        f"时间：{given['happened']}" if given["happened"] else "",
        f"照片：{given['photos']}张" if given["photos"] else "照片：没有",
        f"语音：{given['recordings']}段" if given["recordings"] else "",
        f"联系：{_contact(given['reporter_mode'], given['contact'])}",
    ]
    return {"details": "\n".join(line for line in lines if line)}


def _similar(reply: Reply) -> dict[str, Any]:
    lines = (
        TEXTS["report_similar_one"].format(**{**found, "on": chinese_date(found["on"])})
        for found in reply.params["found"]
    )
    return {"listed": "\n".join(lines)}


def masked_contact(contact: str) -> str:
    """Enough of numbers and addresses for whoever wrote them to see that they are right."""
    found = _NUMBER_OR_ADDRESS.findall(contact)
    return "、".join(_masked(one) for one in found) or TEXTS["contact_kept"]


def _masked(one: str) -> str:
    if "@" in one:
        return f"{one[0]}***{one[one.index('@') :]}"
    digits = re.sub(r"\D", "", one)
    if len(digits) < 9:
        return f"{'*' * (len(digits) - 2)}{digits[-2:]}"
    return f"{digits[:3]}{'*' * max(len(digits) - 7, 1)}{digits[-4:]}"


def _contact(mode: str, contact: str | None) -> str:
    # The read-back is kept among the messages; the contact data itself is only kept sealed.
    return (
        f"{masked_contact(contact)}（{_REPORTER_MODES[mode]}）" if contact else _REPORTER_MODES["anonymous"]
    )


def _card(reply: Reply) -> dict[str, Any]:
    """The whole card in plain text, for channels that show nothing else and for screen readers."""
    answer = reply.answer
    if answer is None or answer.card is None:
        raise ValueError("a card reply needs an answer with a card")
    cites = "；".join(
        TEXTS["card_citation"].format(
            law=c.law, article=c.article, status=c.status.label, since=chinese_date(c.effective_from)
        )
        for c in answer.citations
    )
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(answer.card.next_steps, start=1))
    parts = [
        answer.card.title,
        answer.card.answer,
        *(TEXTS["card_note"].format(note=note) for note in answer.notes),
        TEXTS["card_next"].format(steps=steps) if steps else "",
        TEXTS["card_cites"].format(cites=cites) if cites else "",
        TEXTS["card_authority"].format(authority=answer.card.authority),
        TEXTS["card_reviewed"].format(date=chinese_date(answer.card.reviewed_on)),
    ]
    return {"whole": "\n\n".join(part for part in parts if part)}


def _card_law(reply: Reply) -> dict[str, Any]:
    """The articles' own words."""
    quoted = (f"《{article.law}》{article.article}\n{article.text}" for article in reply.articles)
    return {"articles": "\n\n".join(quoted)}


def card_content(answer: Answer, articles: Iterable[Article]) -> dict[str, Any] | None:
    """What a channel needs to show the card of an answer; the articles' text comes with it, to be opened on
    demand.
    """
    card = answer.card
    if card is None:
        return None
    return {
        "id": card.id,
        "title": card.title,
        "answer": card.answer,
        "notes": list(answer.notes),
        "citations": [
            {
                "law": article.law,
                "article": article.article,
                "text": article.text,
                "status": article.status.label,
                "effective_from": chinese_date(article.effective_from),
            }
            for article in articles
        ],
        "next_steps": list(card.next_steps),
        "authority": card.authority,
        "jurisdiction": card.jurisdiction,
        "reviewed_on": chinese_date(card.reviewed_on),
    }


COMPOSERS: dict[str, Callable[[Reply], dict[str, Any]]] = {
    "card": _card,
    "card_law": _card_law,
    "deadlines": deadlines.compose,
    **papers.COMPOSERS,
    "report_filed": _promise,
    "handoff_filed": _handoff,
    "live_begun": _live_begun,
    "live_closed": _presence,
    "live_ended": _live_ended,
    "report_similar": _similar,
    "status_view": _status_view,
    "notice_status_resolved": _asks_rating,
    "report_read_back": _read_back,
}
