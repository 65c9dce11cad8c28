"""The buttons of a report: those that open one, and those that change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actions import questions
from actions.base import Button, Reply
from actions.draft import Draft, held, says_something
from actions.report_steps import STALE, ask_next, begin, draft_of, go_on, keep, put_aside, with_category
from tickets.categories import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from actions.base import Turn

EMPTY: dict[str, dict[str, Any]] = {
    "what": {"what": ""},
    "category": {"category": None},
    "place": {"place": "", "location": None, "outside": None, "town": None, "town_choices": {}},
    "photos": {"photos": [], "photos_asked": False},
    "contact": {"contact": None},
}


def _open_with_category(turn: Turn, value: str) -> list[Reply]:
    """ "Report this" under a rule card: the question that was asked is the first draft of the story, and the
    place that it named need not be said again.
    """
    draft = Draft(category=value if value in CATEGORIES else None, card=turn.state.get("card"))
    question = turn.state.get("question", "")
    if says_something(question):
        draft.what, draft.categories = question, [value]
        if place := turn.state.get("asked_place"):
            draft.take_place(turn, place)
    return begin(turn, draft)


def _open_with_held(turn: Turn, value: str) -> list[Reply]:
    """The text that the assistant did not understand is the story; `value` is the category, if it was named
    on the button.
    """
    draft = held(turn)
    if value in CATEGORIES and draft.what:
        draft.category = value
        draft.categories = list(dict.fromkeys((value, *draft.categories)))
    return begin(turn, draft)


def _resume(turn: Turn, value: str) -> list[Reply]:
    """Go on with a report that was left or interrupted."""
    if (turn.state.get("flow") or {}).get("name") == "report":
        return ask_next(turn)
    if put_aside := turn.state.pop("put_aside", None):
        return go_on(turn, Draft(**put_aside))
    return [STALE]


def _set_category(turn: Turn, value: str) -> list[Reply]:
    if value not in CATEGORIES:
        return [questions.all_categories()]
    draft = draft_of(turn)
    draft.categories = []
    return go_on(turn, with_category(draft, value))


def stay(turn: Turn, value: str) -> list[Reply]:
    """The place is ours after all, says the citizen; whoever handles the ticket will see."""
    draft = draft_of(turn)
    draft.outside = None
    return go_on(turn, draft)


def choose_town(turn: Turn, value: str) -> list[Reply]:
    """The town that the place is in; nothing when the citizen can't tell."""
    draft = draft_of(turn)
    draft.town = value if turn.tickets.routing.town(value) else ""
    return go_on(turn, draft)


def _use_photo_place(turn: Turn, value: str) -> list[Reply]:
    """The matter is where the photo was taken."""
    draft = draft_of(turn)
    draft.location, draft.photo_place = draft.photo_place or draft.location, None
    draft.notice_town(turn)
    return go_on(turn, draft)


def _show_categories(turn: Turn, value: str) -> list[Reply]:
    return [questions.all_categories()]


def _skip(turn: Turn, value: str) -> list[Reply]:
    draft = draft_of(turn)
    draft.photos_asked = True
    return go_on(turn, draft)


def set_contact(turn: Turn, value: str) -> list[Reply]:
    """`leave`: ask for a number; else the reporter stays anonymous."""
    draft = draft_of(turn)
    if value == "leave":
        return [
            Reply("report_contact_write", buttons=(Button("button_anonymous", "report:contact:anonymous"),))
        ]
    draft.contact, draft.reporter_mode = "", "anonymous"
    return go_on(turn, draft)


def edit(turn: Turn, value: str) -> list[Reply]:
    """Clear one part, so that it is asked anew."""
    draft = draft_of(turn)
    if value not in EMPTY:
        return [questions.what_to_change()]
    for name, empty in EMPTY[value].items():
        setattr(draft, name, empty)
    if value == "category":
        keep(turn, draft)
        return [questions.all_categories()]
    return go_on(turn, draft)


def _cancel(turn: Turn, value: str) -> list[Reply]:
    return put_aside(turn, "report_cancelled")


OPENERS: dict[str, Callable[[Turn, str], list[Reply]]] = {
    "start": _open_with_category,
    "held": _open_with_held,
    "resume": _resume,
}
CHANGES: dict[str, Callable[[Turn, str], list[Reply]]] = {
    "category": _set_category,
    "categories": _show_categories,
    "skip": _skip,
    "stay": stay,
    "town": choose_town,
    "photo-place": _use_photo_place,
    "contact": set_contact,
    "edit": edit,
    "cancel": _cancel,
}
