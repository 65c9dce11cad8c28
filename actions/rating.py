"""评价: what the citizen makes of how their ticket was handled. One tap counts; a reason may follow.

The stars say how well it was done; "not solved" is a word of its own beside them, because it sends the ticket
back to its unit. State: flow = {"name": "rating", "ticket_no", "score"} while a reason is asked for in words;
`score` is None when nothing is solved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions import consult, handoff
from actions.aside import asks_aside, step_aside, wants_person, way_back
from actions.base import RATING_SCALE, Button, Reply
from actions.words import wants_to_cancel, wants_to_skip

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from actions.base import Turn

# From here on nothing more is asked than what was good.
GOOD_FROM = 4
WORST = 1
PRAISE = ("quick", "polite", "clear")
BLAME = ("slow", "rude", "vague")
LEFT = ("nobody", "partly", "again")


def buttons(ticket_no: str) -> tuple[Button, ...]:
    """The scale from worst to best, then the word that nothing is solved: the form of kind "rating"."""
    stars = (
        Button(f"button_stars_{score}", f"rate:stars:{ticket_no}:{score}")
        for score in range(1, RATING_SCALE + 1)
    )
    return (*stars, unsolved_button(ticket_no))


def unsolved_button(ticket_no: str) -> Button:
    """Sends the ticket back."""
    return Button("button_unsolved", f"rate:unsolved:{ticket_no}")


async def on_button(turn: Turn, rest: str) -> list[Reply]:
    """`stars:<no>:<score>`, `why:<no>:<score>:<reason>`, `unsolved:<no>`, `left:<no>:<reason>`, `skip`."""
    verb, _, value = rest.partition(":")
    ticket_no, *more = value.split(":")
    return await VERBS.get(verb, _skip)(turn, ticket_no, more)


async def on_message(turn: Turn) -> list[Reply]:
    """A reason in words is asked for. Whoever says something else is not held up."""
    flow = turn.state.pop("flow")
    if wants_to_cancel(turn) or wants_to_skip(turn):
        return [_thanks(turn)]
    if wants_person(turn):
        return await handoff.start(turn)
    if asks_aside(turn):
        return await consult.answer(turn)
    if flow["score"] is None:
        return await _reopen(turn, flow["ticket_no"], turn.message.text.strip())
    await _rate(turn, flow["ticket_no"], flow["score"], turn.message.text.strip())
    return [_thanks(turn)]


async def _stars(turn: Turn, ticket_no: str, more: list[str]) -> list[Reply]:
    """The tap is the verdict and is kept at once."""
    score = _score(more)
    await _rate(turn, ticket_no, score)
    if score >= GOOD_FROM:
        return [Reply("rated_well", buttons=(*_reasons(ticket_no, score, PRAISE), *way_back(turn)))]
    _ask_in_words(turn, ticket_no, score)
    blames = _reasons(ticket_no, score, BLAME)
    return [Reply("rated_badly", buttons=(*blames, unsolved_button(ticket_no), _skip_button()))]


async def _why(turn: Turn, ticket_no: str, more: list[str]) -> list[Reply]:
    """The reason with one tap: the words of the button, as if they had been typed."""
    _end(turn)
    await _rate(turn, ticket_no, _score(more), turn.message.label or more[-1])
    return [_thanks(turn)]


async def _unsolved(turn: Turn, ticket_no: str, more: list[str]) -> list[Reply]:
    """Whoever says that nothing is solved is asked what is left: the unit has to know."""
    _ask_in_words(turn, ticket_no, None)
    reasons = (Button(f"button_because_{why}", f"rate:left:{ticket_no}:{why}") for why in LEFT)
    return [Reply("rated_unsolved", buttons=(*reasons, Button("button_cancel", "rate:skip")))]


async def _left(turn: Turn, ticket_no: str, more: list[str]) -> list[Reply]:
    _end(turn)
    return await _reopen(turn, ticket_no, turn.message.label or "".join(more))


async def _skip(turn: Turn, ticket_no: str, more: list[str]) -> list[Reply]:
    _end(turn)
    return [_thanks(turn)]


VERBS: dict[str, Callable[[Turn, str, list[str]], Awaitable[list[Reply]]]] = {
    "stars": _stars,
    "why": _why,
    "unsolved": _unsolved,
    "left": _left,
    "skip": _skip,
}


def _reasons(ticket_no: str, score: int, reasons: tuple[str, ...]) -> list[Button]:
    return [Button(f"button_because_{why}", f"rate:why:{ticket_no}:{score}:{why}") for why in reasons]


def _skip_button() -> Button:
    return Button("button_skip", "rate:skip")


def _score(parts: list[str]) -> int:
    """The stars of a button. One that nobody of ours made counts as the worst, which somebody looks at."""
    return (
        int(parts[0]) if parts and parts[0] in {str(score) for score in range(1, RATING_SCALE + 1)} else WORST
    )


def _ask_in_words(turn: Turn, ticket_no: str, score: int | None) -> None:
    step_aside(turn)
    turn.state["flow"] = {"name": "rating", "ticket_no": ticket_no, "score": score}


def _end(turn: Turn) -> None:
    """Leave this flow; another one that is under way goes on."""
    if (turn.state.get("flow") or {}).get("name") == "rating":
        turn.state.pop("flow")


def _thanks(turn: Turn) -> Reply:
    return Reply("rated", buttons=way_back(turn))


async def _rate(turn: Turn, ticket_no: str, score: int, reason: str = "") -> None:
    await turn.aftercare.rate(
        ticket_no, conversation_id=turn.conversation_id, score=score, is_solved=True, reason=reason
    )


async def _reopen(turn: Turn, ticket_no: str, reason: str) -> list[Reply]:
    """The first time the ticket goes back to its unit by itself; later somebody calls the citizen."""
    message = turn.message
    reopened = await turn.aftercare.rate(
        ticket_no, conversation_id=turn.conversation_id, score=WORST, is_solved=False, reason=reason
    )
    if not reopened:
        return [Reply("rated_call_back", {"ticket_no": ticket_no}, way_back(turn))]
    if message.photos or message.recordings:
        left_out = await turn.tickets.add_citizen_message(
            ticket_no,
            reason,
            conversation_id=turn.conversation_id,
            photos=message.photos,
            recordings=message.recordings,
        )
        if left_out:
            return [Reply("status_photos_full", {"count": left_out})]
    # The ticket's own notice says that it was reopened.
    return []
