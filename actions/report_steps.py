"""What every step of a report does: read the draft from the state, change it, and ask what is due next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions import questions
from actions.base import Button, Reply
from actions.draft import Draft
from tickets.categories import CATEGORIES
from tickets.errors import ContactSealed
from tickets.vault import is_sealed

if TYPE_CHECKING:
    from actions.base import Turn

STALE = Reply("report_button_stale", buttons=(Button("button_report", "menu:report"),))


def draft_of(turn: Turn) -> Draft:
    """The draft of the report that is under way; contact data that doesn't open any more is asked anew."""
    draft = Draft(**turn.state["flow"]["draft"])
    if draft.contact and turn.tickets.vault is not None:
        try:
            draft.contact = turn.tickets.vault.open(draft.contact, _sealed_for(turn))
        except ContactSealed:
            draft.contact = None
    return draft


def keep(turn: Turn, draft: Draft) -> None:
    """Put the draft into the state, contact data sealed; what it misses is asked."""
    kept = draft.as_json()
    if draft.contact and turn.tickets.vault is not None and not is_sealed(draft.contact):
        kept["contact"] = turn.tickets.vault.seal(draft.contact, _sealed_for(turn))
    turn.state["flow"] = {"name": "report", "asking": draft.missing, "draft": kept}


def _sealed_for(turn: Turn) -> str:
    return f"report in {turn.conversation_id}"


def go_on(turn: Turn, draft: Draft, *before: Reply) -> list[Reply]:
    """Keep the draft, say something, and ask what is due."""
    keep(turn, draft)
    return [*before, *ask_next(turn)]


def ask_next(turn: Turn) -> list[Reply]:
    """The question that is due, or the read-back when nothing is missing."""
    draft = draft_of(turn)
    turn.state["flow"]["asking"] = draft.missing
    if draft.missing == "town":
        # Asked once: whoever goes on with a photo instead is not held up.
        turn.state["flow"]["draft"] = {**turn.state["flow"]["draft"], "town": ""}
    return [questions.ask(draft)]


def begin(turn: Turn, draft: Draft) -> list[Reply]:
    """A report begins with that draft and the photos and places of this message."""
    kept = keep_evidence(turn, draft)
    turn.state.pop("held", None)
    opening = [questions.opening(draft)] if draft.what else []
    return go_on(turn, draft, *opening, *kept)


def put_aside(turn: Turn, key: str) -> list[Reply]:
    """Leave the report without losing it."""
    turn.state["put_aside"] = turn.state.pop("flow")["draft"]
    return [Reply(key, buttons=(Button("button_resume", "report:resume"),))]


def keep_evidence(turn: Turn, draft: Draft) -> list[Reply]:
    """Put photos, voice and place into the draft. Returns what to say of them."""
    said = []
    if turn.message.photos:
        room_for_all = all(draft.take_photo(sha256) for sha256 in turn.message.photos)
        draft.take_photo_place(turn, turn.message.photo_place)
        key = "report_photo_kept" if room_for_all else "report_photos_full"
        said.append(Reply(key, {"count": len(draft.photos)}))
    if turn.message.recordings:
        draft.recordings = list(dict.fromkeys((*draft.recordings, *turn.message.recordings)))
        said.append(Reply("report_voice_kept"))
    if turn.message.location:
        draft.take_location(turn, turn.message.location)
        said.append(Reply("report_location_kept"))
    return said


def named_category(text: str) -> str | None:
    """The category that a text calls by its name."""
    return next((code for code, category in CATEGORIES.items() if category.name in text), None)


def with_category(draft: Draft, code: str | None) -> Draft:
    """The draft with that category first; as it is for None."""
    if code is not None:
        draft.category = code
        draft.categories = list(dict.fromkeys((code, *draft.categories)))
    return draft
