"""Which action takes a turn.

The order matters and is the whole policy: an emergency before everything, then the wish to get no more
broadcasts, then the officer who has taken the
conversation over, then a button (the citizen was explicit), then a command, then the flow that is under way,
and only then what the NLU makes of the text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from actions import (
    consult,
    deadlines,
    emergency,
    handoff,
    live,
    papers,
    rating,
    report,
    smalltalk,
    status,
    topics,
)
from actions.aside import keep_report
from actions.base import Reply
from actions.clarify import ask_what_is_meant
from actions.report_steps import ask_next
from actions.words import asks_about_law

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from actions.base import Turn

    Action = Callable[[Turn], Awaitable[list[Reply]]]
    ButtonAction = Callable[[Turn, str], Awaitable[list[Reply]]]

# Under this the assistant asks what is meant instead of guessing.
SURE = 0.5
# Under this a complaint that ends in a question about the law is answered first.
SURE_OF_REPORT = 0.9

BUTTONS: dict[str, ButtonAction] = {
    "report": report.on_button,
    "consult": consult.on_button,
    "status": status.on_button,
    "rate": rating.on_button,
    "human": handoff.on_button,
    "place": report.on_place_code,
    "live": live.on_button,
    "deadlines": deadlines.on_button,
    "paper": papers.on_button,
    "topics": topics.on_button,
}
# These also work while an officer talks: they ask for no further words.
BUTTONS_WITH_OFFICER = ("status:show:", "live:")
FLOWS: dict[str, Action] = {
    "report": report.on_message,
    "status": status.on_message,
    "rating": rating.on_message,
    "handoff": handoff.on_message,
    "deadlines": deadlines.on_message,
    "paper": papers.on_message,
}
# Buttons that may be pressed in the middle of a flow, which then asks its question again.
BETWEEN = ("consult:", "paper:list:", "topics:")
# How a flow asks its question again, after something came in between.
AGAIN: dict[str, Callable[[Turn], list[Reply]]] = {
    "report": ask_next,
    "deadlines": deadlines.ask_again,
    "paper": papers.ask_again,
}
INTENTS: dict[str, Action] = {
    "complaint": report.start,
    "legal_consult": consult.answer,
    "ticket_status": status.start,
    "human": handoff.start,
    "other_department": consult.other_department,
    "out_of_scope": smalltalk.out_of_scope,
    "chitchat": smalltalk.chat,
    "affirm": smalltalk.chat,
    "deny": smalltalk.chat,
    "cancel": smalltalk.nothing_to_cancel,
}
COMMANDS: dict[str, Action] = {
    "/start": smalltalk.welcome,
    "/help": smalltalk.welcome,
    "/report": report.start,
    "/consult": consult.ask,
    "/status": status.start,
    "/deadlines": deadlines.start,
    "/papers": papers.start,
    "/subscribe": topics.start,
    "/unsubscribe": topics.leave,
    "/human": handoff.start,
    "/cancel": smalltalk.nothing_to_cancel,
}


async def resume(turn: Turn) -> list[Reply]:
    """Go on with the flow that an emergency interrupted."""
    name = (turn.state.get("flow") or {}).get("name")
    if name is None:
        return await report.on_button(turn, "resume")
    return AGAIN[name](turn) if name in AGAIN else [Reply("flow_go_on")]


MENU = {
    "menu:resume": resume,
    "menu:consult": consult.ask,
    "menu:report": report.start,
    "menu:status": status.start,
    "menu:human": handoff.start,
    "menu:welcome": smalltalk.welcome,
}


async def respond(turn: Turn) -> list[Reply]:
    """Answer one turn. Changes `turn.state`; files, changes and reads tickets through `turn.tickets`."""
    before = dict(turn.state.get("flow") or {})
    replies = await _respond(turn)
    keep_report(turn, before)
    return replies


async def _respond(turn: Turn) -> list[Reply]:
    if turn.understanding.intent == "emergency":
        replies = await emergency.respond(turn)
        return [*replies, *(await live.listen(turn))] if turn.is_with_officer else replies
    if topics.wants_out(turn):
        return _and_again(turn, await topics.leave(turn))
    if turn.is_with_officer and not (turn.message.payload or "").startswith(BUTTONS_WITH_OFFICER):
        return await live.listen(turn)
    if turn.message.payload:
        return await _press(turn, turn.message.payload)
    command, rest = command_in(turn.message.text)
    if command:
        return await _run_command(turn, command, rest)
    if topics.wants_in(turn):
        return _and_again(turn, await topics.start(turn))
    if flow := turn.state.get("flow"):
        return await FLOWS[flow["name"]](turn)
    return await _by_meaning(turn)


def command_in(text: str) -> tuple[str, str]:
    """The command that a text begins with ("" if none) and the rest of it."""
    word, _, rest = text.strip().partition(" ")
    command = word.lower().partition("@")[0]
    return (command, rest.strip()) if command in COMMANDS else ("", text)


async def _press(turn: Turn, payload: str) -> list[Reply]:
    if payload in MENU:
        return await MENU[payload](turn)
    prefix, _, rest = payload.partition(":")
    if action := BUTTONS.get(prefix):
        replies = await action(turn, rest)
        return _and_again(turn, replies) if payload.startswith(BETWEEN) else replies
    return [smalltalk.menu("button_unknown")]


def _and_again(turn: Turn, replies: list[Reply]) -> list[Reply]:
    """What came in between, and then the question of the flow that is under way."""
    name = (turn.state.get("flow") or {}).get("name", "")
    return [*replies, *AGAIN[name](turn)] if name in AGAIN and not turn.is_with_officer else replies


async def _run_command(turn: Turn, command: str, rest: str) -> list[Reply]:
    """`rest` is what was written after the command: the story, the question, the number."""
    if command == "/cancel" and turn.state.get("flow"):
        turn.text = command
        return await FLOWS[turn.state["flow"]["name"]](turn)
    turn.message = replace(turn.message, text=rest)
    return await COMMANDS[command](turn)


async def _by_meaning(turn: Turn) -> list[Reply]:
    """No flow is under way: let the intent decide, or ask once with buttons."""
    if turn.message.has_evidence:
        return await report.start(turn)
    if not any(character.isalnum() for character in turn.text):
        return [smalltalk.menu("no_words")]
    if by_rule := _by_rule(turn):
        return await by_rule(turn)
    understanding = turn.understanding
    if not understanding.available:
        return ask_what_is_meant(turn, "nlu_unavailable")
    action = INTENTS.get(understanding.intent)
    has_answer = turn.answer is not None and turn.answer.kind == "answer"
    if action is None or understanding.confidence < SURE:
        return await consult.answer(turn) if has_answer else ask_what_is_meant(turn, "meaning_unclear")
    if has_answer and _may_be_a_question(turn):
        return await consult.answer(turn)
    return await action(turn)


def _may_be_a_question(turn: Turn) -> bool:
    """ "狗不拴绳，这样违法吗" complains and asks: the rule comes first, with a button that reports it."""
    meant = turn.understanding
    return meant.intent == "complaint" and meant.confidence < SURE_OF_REPORT and asks_about_law(turn.text)


def _by_rule(turn: Turn) -> Action | None:
    """Wishes that a rule knows and the NLU has no intent for."""
    if consult.wants_example(turn):
        return consult.example
    if papers.is_wanted(turn.text):
        return papers.start
    if deadlines.is_wanted(turn.text, turn.today):
        return deadlines.start
    return None
