"""What a citizen may say in the middle of any flow: a question about a rule, or that they want a person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from actions.base import Button

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.base import Turn

_SURE_OF_ASIDE = 0.6
_QUESTION = re.compile(r"[?？]|吗|多少|怎么(?!没)|什么|哪|能不能|可不可以|是不是|犯法|违法|规定")


def wants_person(turn: Turn) -> bool:
    """The citizen asks for a person in so many words."""
    return "转人工" in turn.text or turn.text in {"人工", "人工客服", "找人工"}


def asks_aside(turn: Turn) -> bool:
    """A question about the law in the middle of a flow, which a card can answer."""
    understanding = turn.understanding
    asks = understanding.intent == "legal_consult" and understanding.confidence >= _SURE_OF_ASIDE
    supported = turn.answer is not None and turn.answer.kind == "answer"
    return asks and supported and bool(_QUESTION.search(turn.text))


def step_aside(turn: Turn) -> None:
    """Another flow begins: a report that is under way waits for the citizen to come back to it."""
    flow = turn.state.get("flow") or {}
    if flow.get("name") == "report":
        turn.state["put_aside"] = flow["draft"]
    turn.state.pop("flow", None)


def keep_report(turn: Turn, before: Mapping[str, Any]) -> None:
    """Whatever flow takes the place of a report that was under way, the report waits.

    Args:
        before: the flow as it was when the turn began; empty if none was under way.
    """
    after = turn.state.get("flow") or {}
    if before.get("name") != "report" or not after:
        return
    draft = before["draft"]
    is_other = after.get("draft", {}).get("id") != draft["id"]
    if is_other and draft["id"] not in turn.state.get("filed", {}) and (draft["what"] or draft["photos"]):
        turn.state["put_aside"] = draft


def way_back(turn: Turn) -> tuple[Button, ...]:
    """A button back to the report that waits, if one does."""
    return (Button("button_resume_report", "report:resume"),) if turn.state.get("put_aside") else ()
