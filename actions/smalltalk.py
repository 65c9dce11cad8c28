"""Greetings, thanks, and what the assistant is not for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.base import Button, Reply

if TYPE_CHECKING:
    from actions.base import Turn


def menu(key: str) -> Reply:
    """A text with the four things that the assistant can do."""
    return Reply(
        key,
        buttons=(
            Button("button_consult", "menu:consult"),
            Button("button_report", "menu:report"),
            Button("button_status", "menu:status"),
            Button("button_human", "menu:human"),
        ),
    )


async def welcome(turn: Turn) -> list[Reply]:
    """Say what the assistant does; a report under way is offered first."""
    if turn.state.get("flow"):
        return [Reply("welcome_back", buttons=(Button("button_continue", "report:resume"),))]
    return [menu("welcome")]


async def chat(turn: Turn) -> list[Reply]:
    """Answer a greeting or thanks in one line."""
    if "谢" in turn.text:
        return [Reply("thanks")]
    return [menu("smalltalk")]


async def out_of_scope(turn: Turn) -> list[Reply]:
    """Decline briefly and say what can be asked."""
    return [menu("out_of_scope")]


async def nothing_to_cancel(turn: Turn) -> list[Reply]:
    """ "取消" with no flow under way."""
    return [menu("nothing_to_cancel")]
