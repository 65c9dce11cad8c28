"""转人工: what the assistant can't answer becomes a consultation ticket, which an officer answers in this
conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.base import Button, Reply
from actions.draft import held, likely_categories, sure_category
from actions.tickets_told import filed_params
from actions.words import wants_to_cancel
from tickets.service import NewTicket
from tickets.workflow import TicketKind

if TYPE_CHECKING:
    from actions.base import Turn

MIN_QUESTION_CHARACTERS = 4


async def start(turn: Turn) -> list[Reply]:
    """The citizen wants a person: take the question they asked last, or ask for it."""
    if "held" in turn.state:
        waiting = held(turn)
        if waiting.what:
            turn.state["question"] = waiting.what
            turn.state["question_category"] = waiting.category
            turn.state["question_categories"] = waiting.categories
    if question := turn.state.get("question"):
        turn.state["flow"] = {"name": "handoff", "question": question}
        return [_confirm(question)]
    return _ask_question(turn)


async def on_button(turn: Turn, rest: str) -> list[Reply]:
    """`question`, `held`: hand over the last question or the text that waits; `send`, `rewrite`, `cancel`:
    the flow's buttons.
    """
    flow = turn.state.get("flow") or {}
    if rest == "send" and flow.get("name") == "handoff" and flow.get("question"):
        return await _file_question(turn, flow["question"])
    if rest == "rewrite":
        return _ask_question(turn)
    if rest == "cancel":
        turn.state.pop("flow", None)
        return [Reply("handoff_cancelled")]
    if rest == "send":
        return await _already_sent(turn)
    return await start(turn)


async def on_message(turn: Turn) -> list[Reply]:
    """The flow is under way: the message is the question, or says yes or no to the one shown."""
    flow = turn.state["flow"]
    if wants_to_cancel(turn):
        turn.state.pop("flow")
        return [Reply("handoff_cancelled")]
    if flow.get("question"):
        if turn.understanding.intent == "affirm":
            return await _file_question(turn, flow["question"])
        if turn.understanding.intent == "deny":
            return _ask_question(turn)
    question = turn.message.text.strip()
    flow.setdefault("photos", []).extend(turn.message.photos)
    flow.setdefault("recordings", []).extend(turn.message.recordings)
    if len(question) >= MIN_QUESTION_CHARACTERS:
        return await _file(turn, question, sure_category(turn), likely_categories(turn))
    if turn.message.recordings:
        return [Reply("handoff_voice_kept")]
    return [Reply("handoff_photo_kept" if turn.message.photos else "handoff_question_short")]


def _ask_question(turn: Turn) -> list[Reply]:
    turn.state["flow"] = {"name": "handoff"}
    return [Reply("handoff_ask", buttons=(Button("button_cancel", "human:cancel"),))]


def _confirm(question: str) -> Reply:
    return Reply(
        "handoff_confirm",
        {"question": question},
        buttons=(
            Button("button_send", "human:send"),
            Button("button_rewrite", "human:rewrite"),
            Button("button_cancel", "human:cancel"),
        ),
    )


async def _already_sent(turn: Turn) -> list[Reply]:
    if ticket_no := turn.state.get("handed_off"):
        return [Reply("handoff_already_sent", {"ticket_no": ticket_no})]
    return _ask_question(turn)


async def _file_question(turn: Turn, question: str) -> list[Reply]:
    """The question that was asked before."""
    state = turn.state
    return await _file(turn, question, state.get("question_category"), state.get("question_categories") or [])


async def _file(turn: Turn, question: str, category: str | None, likely: list[str]) -> list[Reply]:
    """The category decides who answers, and any that it may be whether the answer is reviewed first."""
    flow = turn.state.get("flow") or {}
    filed = await turn.tickets.file(
        NewTicket(
            kind=TicketKind.CONSULTATION,
            category=category or "other",
            categories=(category or "other", *likely),
            summary=question,
            place=None,
            happened=None,
            photos=tuple(flow.get("photos", ())),
            recordings=tuple(flow.get("recordings", ())),
            reporter_mode="anonymous",
            contact=None,
            conversation_id=turn.conversation_id,
        )
    )
    turn.state.pop("flow", None)
    turn.state.pop("question", None)
    turn.state.pop("question_category", None)
    turn.state.pop("question_categories", None)
    turn.state["handed_off"] = filed.ticket_no
    attendance = await turn.live.ask(turn.conversation_id, filed.ticket_no)
    params = {**filed_params(filed), "attendance": attendance}
    return [Reply("handoff_filed", params, buttons=(Button("button_status", "menu:status"),))]
