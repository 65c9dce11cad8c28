"""The days of a decision in words: a text for every channel, and a table for those that can show one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.dates import weekday
from bot.texts.zh import TEXTS

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from actions.base import Reply
    from actions.penalty import Penalty
    from knowledge_base.deadlines import Deadline, Surcharge
    from knowledge_base.models import Article

_PAPERS = {
    "decision": "处罚决定书",
    "on_the_spot": "当场处罚决定书",
    "told": "处罚前的告知书",
    "reconsidered": "复议决定书",
}
_LATE = {
    "hearing": "deadlines_late_hearing",
    "reconsideration": "deadlines_late_reconsideration",
    "suit": "deadlines_late_suit",
    "suit_after_reconsideration": "deadlines_late_suit",
}


def compose(reply: Reply) -> dict[str, Any]:
    """The parameters of a "deadlines" reply as `whole` (text) and `card` (table)."""
    given = reply.params
    penalty: Penalty = given["penalty"]
    today: date = given["today"]
    intro = TEXTS["deadlines"].format(day=_day(penalty.received_on), paper=_PAPERS[penalty.paper])
    rows = [_row(deadline, today, given["surcharge"], penalty) for deadline in given["deadlines"]]
    notes = [TEXTS[key] for key in _notes(penalty)]
    listed = "\n\n".join(_as_text(row) for row in rows)
    calendar_note = TEXTS["deadlines_file"] if reply.file else ""
    whole = "\n\n".join(part for part in (intro, listed, *notes, calendar_note) if part)
    card = {
        "id": "",
        "title": TEXTS["deadlines_title"],
        "answer": intro,
        "rows": rows,
        "notes": [*notes, *([calendar_note] if calendar_note else [])],
        "citations": [_citation(article) for article in given["articles"]],
        "next_steps": [],
    }
    return {"whole": whole, "card": card}


def _row(deadline: Deadline, today: date, surcharge: Surcharge | None, penalty: Penalty) -> dict[str, Any]:
    left = (deadline.last_day - today).days
    notes = [deadline.note] if deadline.note else []
    if deadline.code == "pay" and left < 0:
        notes.append(_owed(surcharge, penalty))
    if left < 0 and deadline.code in _LATE:
        notes.append(TEXTS[_LATE[deadline.code]])
    return {
        "title": deadline.title,
        "day": f"{_day(deadline.last_day)}（{weekday(deadline.last_day)}）",
        "left": _left(left),
        "is_over": left < 0,
        "rule": f"《{deadline.rule.law}》{deadline.rule.article}：{deadline.rule.words}",
        "notes": notes,
    }


def _owed(surcharge: Surcharge | None, penalty: Penalty) -> str:
    if surcharge is None:
        return TEXTS["deadlines_surcharge_rule"]
    key = "deadlines_surcharge_full" if surcharge.is_capped else "deadlines_surcharge"
    return TEXTS[key].format(
        fine=_money(penalty.as_case().fine), days=surcharge.days, amount=_money(surcharge.amount)
    )


def _left(days: int) -> str:
    if days < 0:
        return f"已经过了{-days}天"
    return f"还有{days}天" if days else "就是今天"


def _notes(penalty: Penalty) -> list[str]:
    if penalty.paper == "told":
        return ["deadlines_hearing_note", "deadlines_paper_first"]
    if penalty.paper == "reconsidered":
        return ["deadlines_paper_first"]
    fork = "deadlines_reconsider_first" if penalty.paper == "on_the_spot" else "deadlines_either_way"
    return [fork, "deadlines_not_stopped", "deadlines_paper_first"]


def _as_text(row: dict[str, Any]) -> str:
    lines = [f"● {row['title']}：{row['day']}，{row['left']}", *row["notes"], f"依据{row['rule']}"]
    return "\n".join(lines)


def _citation(article: Article) -> dict[str, str]:
    return {
        "law": article.law,
        "article": article.article,
        "text": article.text,
        "status": article.status.label,
        "effective_from": _day(article.effective_from),
    }


def _money(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    return f"{amount:,.2f}".removesuffix(".00") + "元"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
