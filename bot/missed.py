"""Which turns go to the answer-quality desk: no answer, not understood, or disliked; masked before kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.privacy import mask
from tickets.quality import Missed
from tickets.quality_models import GapKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.base import Reply, Turn

# What a reply tells about the turn that it ends.
_KINDS = {
    "consult_no_support": GapKind.UNANSWERED,
    "meaning_unclear": GapKind.UNCLEAR,
    "feedback_unhelpful": GapKind.DISLIKED,
}


def missed_in(turn: Turn, replies: Sequence[Reply]) -> Missed | None:
    """What the turn shows that the assistant can't do yet; None if it did well, as far as one can tell."""
    kind = next((_KINDS[reply.key] for reply in replies if reply.key in _KINDS), None)
    if kind is None:
        return None
    understanding = turn.understanding
    asked = turn.state.get("question", "")
    return Missed(
        kind=kind,
        text=mask(asked if kind is GapKind.DISLIKED else turn.message.text or asked),
        message_id=turn.message_id,
        card_id=turn.state.get("card") if kind is GapKind.DISLIKED else None,
        intent=understanding.intent,
        category=understanding.category,
        confidence=understanding.confidence,
    )
