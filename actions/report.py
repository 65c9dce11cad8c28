"""我要反映问题: the flow that turns a story into a ticket.

Facts come in any order and from the first message on. The flow asks for what is missing, one thing at a time,
reads everything back, lets each part be corrected, answers a question in between, and files nothing before
the citizen says so.

State: flow = {"name": "report", "asking": what the last question was about, "draft": Draft}; put_aside = a
Draft that was left; filed = {draft id: ticket number}, so that pressing "submit" twice files once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions import consult, handoff, here
from actions.aside import asks_aside, wants_person
from actions.base import Button, Reply
from actions.draft import held_or_new, said_place
from actions.report_answers import ANSWERS, take_evidence
from actions.report_buttons import CHANGES, OPENERS
from actions.report_filing import submit
from actions.report_steps import STALE, ask_next, begin, draft_of, go_on, put_aside
from actions.words import wants_to_cancel
from tickets.paper_drafts import CONTACT_HIDDEN

if TYPE_CHECKING:
    from actions.base import Turn


async def start(turn: Turn) -> list[Reply]:
    """Begin a report with all that the first message says; who is reporting already goes on."""
    is_under_way = (turn.state.get("flow") or {}).get("name") == "report"
    if is_under_way and not turn.text and not turn.message.has_evidence:
        return ask_next(turn)
    return begin(turn, held_or_new(turn))


async def on_message(turn: Turn) -> list[Reply]:
    """Take one message of a citizen who is reporting. Contact data goes into the draft, sealed, and stays in
    no message.
    """
    before = draft_of(turn).contact
    replies = await _take(turn)
    after = draft_of(turn).contact if (turn.state.get("flow") or {}).get("name") == "report" else None
    if after and after != before:
        await turn.drafts.hide_words(turn.message_ids, CONTACT_HIDDEN, having=after)
    return replies


async def _take(turn: Turn) -> list[Reply]:
    draft = draft_of(turn)
    if wants_to_cancel(turn):
        return put_aside(turn, "report_cancelled")
    if turn.message.has_evidence:
        return go_on(turn, draft, *take_evidence(turn, draft))
    if not any(character.isalnum() for character in turn.text):
        return [Reply("report_no_words"), *ask_next(turn)]
    asking = turn.state["flow"]["asking"]
    if wants_person(turn):
        return [*put_aside(turn, "report_put_aside"), *await handoff.start(turn)]
    if asking != "what" and asks_aside(turn) and not said_place(turn):
        return [*consult.replies_for(turn, turn.answer), *ask_next(turn)]
    return await ANSWERS[asking](turn, draft)


async def on_button(turn: Turn, rest: str) -> list[Reply]:
    """A button of this flow: a verb and perhaps a value."""
    verb, _, value = rest.partition(":")
    if verb == "submit":
        return await submit(turn, value)
    if verb in OPENERS:
        return OPENERS[verb](turn, value)
    if (turn.state.get("flow") or {}).get("name") != "report":
        return [STALE]
    return CHANGES[verb](turn, value) if verb in CHANGES else ask_next(turn)


async def on_place_code(turn: Turn, rest: str) -> list[Reply]:
    """The citizen came by a code that names a place; a report under way that has none takes it."""
    place = here.remember(turn, rest)
    if place is None:
        return [Reply("here_unknown", buttons=(Button("button_report", "menu:report"),))]
    if (turn.state.get("flow") or {}).get("name") != "report":
        return [here.told(place)]
    draft = draft_of(turn)
    if not (draft.place or draft.location):
        draft.take_place(turn, place)
    return go_on(turn, draft, Reply("here_noted", {"place": place}))
