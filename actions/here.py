"""A citizen comes by a code on a notice board that says where they are: `place:<town>[:<spot>]`.

The place waits in the state and is taken for a report that names none. It is read back like any other, so a
wrong one can be corrected.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from actions.base import Button, Reply

if TYPE_CHECKING:
    from actions.base import Turn
    from tickets.routing import Routing

# Somebody who writes tomorrow may be somewhere else.
VALID_HOURS = 3
# With a town's code it has to fit into a button's payload.
MAX_SPOT_CHARACTERS = 14


def place_words(routing: Routing, code: str, spot: str = "") -> str | None:
    """The place in words, such as "龙田镇菜市场北门"; None if there is no such town."""
    town = routing.town(code)
    return f"{town.name}{spot.strip()[:MAX_SPOT_CHARACTERS]}" if town else None


def remember(turn: Turn, rest: str) -> str | None:
    """Keep the place of a code (`<town>[:<spot>]`) and return its words; None if nobody knows it."""
    code, _, spot = rest.partition(":")
    words = place_words(turn.tickets.routing, code, spot)
    if words:
        turn.state["here"] = {"place": words, "at": turn.now.isoformat()}
    return words


def remembered(turn: Turn) -> str:
    """Where the citizen is by the code that they came by; "" if unknown or long ago."""
    here = turn.state.get("here")
    if not here or turn.now - datetime.fromisoformat(here["at"]) > timedelta(hours=VALID_HOURS):
        return ""
    return str(here["place"])


def told(place: str) -> Reply:
    """Say that the place is noted, and what can be done."""
    return Reply(
        "here_kept",
        {"place": place},
        (Button("button_report", "menu:report"), Button("button_consult", "menu:consult")),
    )
