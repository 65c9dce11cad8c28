"""A person talks: the assistant is silent, and only passes on what concerns the talk itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.base import Button, Reply

if TYPE_CHECKING:
    from actions.base import Turn


async def listen(turn: Turn) -> list[Reply]:
    """What the citizen says is for the officer. After hours they are told, once, when one is back."""
    attendance = await turn.live.heard(turn.conversation_id)
    if turn.message.payload:
        return [Reply("live_button_waits", buttons=(leave_button(),))]
    return [Reply("live_closed", {"attendance": attendance})] if attendance else []


async def on_button(turn: Turn, rest: str) -> list[Reply]:
    """`leave`: the citizen goes back to the assistant."""
    if rest == "leave" and turn.is_with_officer:
        await turn.live.leave(turn.conversation_id)
        return [Reply("live_left", buttons=menu_buttons(turn))]
    return [Reply("live_not_now", buttons=menu_buttons(turn))]


def leave_button() -> Button:
    """Ends the talk with the officer."""
    return Button("button_live_leave", "live:leave")


def menu_buttons(turn: Turn) -> tuple[Button, ...]:
    """What can be done next; a report that was begun before the talk comes first."""
    menu = (Button("button_consult", "menu:consult"), Button("button_report", "menu:report"))
    if (turn.state.get("flow") or {}).get("name") == "report":
        return (Button("button_resume", "report:resume"), *menu)
    return menu
