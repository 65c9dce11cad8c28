"""What a citizen may say in the middle of any flow: a question about a rule, or that they want a person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
