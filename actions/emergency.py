"""Danger to life: the number to call comes before anything else, and the flow under way waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.base import Button, Reply
from actions.draft import hold

if TYPE_CHECKING:
    from actions.base import Turn

# Kind of emergency -> text key; a kind that isn't listed gets all three numbers.
TEXTS = {
    "fire": "emergency_fire",
    "gas": "emergency_gas",
    "medical": "emergency_medical",
    "injury": "emergency_medical",
    "violence": "emergency_violence",
    "suicide": "emergency_suicide",
    "electric": "emergency_electric",
}


async def respond(turn: Turn) -> list[Reply]:
    """Say whom to call. What was written is kept, so that a report can follow when everybody is safe."""
    key = TEXTS.get(turn.understanding.emergency_kind or "", "emergency_any")
    if turn.state.get("flow"):
        return [Reply(key, buttons=(Button("button_safe_continue", "menu:resume"),))]
    hold(turn)
    return [
        Reply(
            key,
            buttons=(
                Button("button_safe_report", "report:held"),
                Button("button_human", "human:held"),
            ),
        )
    ]
