"""What a conversation has said already that a paper needs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from actions.penalty import Penalty

if TYPE_CHECKING:
    from actions.base import Turn


def prefilled(turn: Turn, code: str) -> dict[str, str]:
    """Values by blank for that paper; nothing is guessed."""
    if code in {"reconsideration", "hearing"}:
        return _of_the_decision(turn, code)
    return _of_the_report(turn) if code == "complaint" else {}


def _of_the_decision(turn: Turn, code: str) -> dict[str, str]:
    """The decision whose days were counted before."""
    if "penalty" not in turn.state:
        return {}
    penalty = Penalty(**turn.state["penalty"])
    if (penalty.paper == "told") != (code == "hearing") or penalty.paper == "reconsidered":
        return {}
    day = penalty.received_on
    values = {"received_on": f"{day.year}年{day.month}月{day.day}日"}
    # Enough to know which one is meant; its number is copied by pen.
    if penalty.fine and code == "reconsideration":
        name = "当场行政处罚决定" if penalty.paper == "on_the_spot" else "行政处罚决定"
        values["decision"] = f"{name}（罚款{Decimal(penalty.fine):,}元，文号：＿＿＿＿＿＿）"
    return values


def _of_the_report(turn: Turn) -> dict[str, str]:
    """The report that the citizen is writing or put aside."""
    draft = turn.state.get("put_aside") or turn.state.get("held") or {}
    found = {
        "facts": draft.get("what") or "",
        "place": draft.get("place") or "",
        "happened": draft.get("happened") or "",
    }
    return {key: words for key, words in found.items() if words}
