"""我要反映问题: the flow that turns a story into a ticket.

Facts come in any order and from the first message on. The flow asks for what is missing, one thing at a time,
reads everything back, lets each part be corrected, answers a question in between, and files nothing before
the citizen says so.

State: flow = {"name": "report", "asking": what the last question was about, "draft": Draft}; put_aside = a
Draft that was left; filed = {draft id: ticket number}, so that pressing "submit" twice files once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from actions import consult, handoff, here, questions
from actions.aside import asks_aside, wants_person
from actions.base import Button, Reply
from actions.draft import Draft, held, held_or_new, said_place, says_something
from actions.words import says_no, says_yes, wants_to_cancel, wants_to_skip
from tickets.categories import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from actions.base import Turn

MAX_CONTACT_CHARACTERS = 100
STALE = Reply("report_button_stale", buttons=(Button("button_report", "menu:report"),))
MAX_REMEMBERED_TICKETS = 20
_CONTACT = re.compile(r"(?:\+?\d[\d\s-]{5,18}\d)|[\w.+-]+@[\w-]+\.[\w.]+")
# "地点不对，是……": the word that names the part, and what follows it.
_CORRECTIONS = {
    "place": re.compile(
        r"(?:地点|地址|位置|地方)[^，,。：:是]{0,6}[，,。：:是]\s*(?:应该是|改成|改为|是|在)?\s*(?P<rest>.*)",
        re.S,
    ),
    "what": re.compile(
        r"(?:内容|情况|描述)[^，,。：:是]{0,6}[，,。：:是]\s*(?:应该是|改成|改为|是)?\s*(?P<rest>.*)", re.S
    ),
    "category": re.compile(
        r"(?:类别|类型|分类)[^，,。：:是]{0,6}[，,。：:是]?\s*(?:应该是|改成|改为|是)?\s*(?P<rest>.*)", re.S
    ),
    "contact": re.compile(r"(?:电话|手机|号码|联系方式)(?P<rest>.*)", re.S),
}


async def start(turn: Turn) -> list[Reply]:
    """Begin a report with all that the first message says."""
    return _begin(turn, held_or_new(turn))


async def on_message(turn: Turn) -> list[Reply]:
    """Take one message of a citizen who is reporting."""
    draft = _draft(turn)
    if wants_to_cancel(turn):
        return _put_aside(turn, "report_cancelled")
    if turn.message.has_evidence:
        return _go_on(turn, draft, *_take_evidence(turn, draft))
    if not any(character.isalnum() for character in turn.text):
        return [Reply("report_no_words"), *ask_next(turn)]
    asking = turn.state["flow"]["asking"]
    if wants_person(turn):
        return [*_put_aside(turn, "report_put_aside"), *await handoff.start(turn)]
    if asking != "what" and asks_aside(turn) and not said_place(turn):
        return [*consult.replies_for(turn, turn.answer), *ask_next(turn)]
    return await ANSWERS[asking](turn, draft)


async def on_button(turn: Turn, rest: str) -> list[Reply]:
    """A button of this flow: a verb and perhaps a value."""
    verb, _, value = rest.partition(":")
    if verb == "submit":
        return await _submit(turn, value)
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
    draft = _draft(turn)
    if not (draft.place or draft.location):
        draft.take_place(turn, place)
    return _go_on(turn, draft, Reply("here_noted", {"place": place}))


def ask_next(turn: Turn) -> list[Reply]:
    """The question that is due, or the read-back when nothing is missing."""
    draft = _draft(turn)
    turn.state["flow"]["asking"] = draft.missing
    return [questions.ask(draft)]


# --- the draft in the state


def _draft(turn: Turn) -> Draft:
    return Draft(**turn.state["flow"]["draft"])


def _keep(turn: Turn, draft: Draft) -> None:
    turn.state["flow"] = {"name": "report", "asking": draft.missing, "draft": draft.as_json()}


def _go_on(turn: Turn, draft: Draft, *before: Reply) -> list[Reply]:
    _keep(turn, draft)
    return [*before, *ask_next(turn)]


def _begin(turn: Turn, draft: Draft) -> list[Reply]:
    kept = _keep_evidence(turn, draft)
    turn.state.pop("held", None)
    opening = [questions.opening(draft)] if draft.what else []
    return _go_on(turn, draft, *opening, *kept)


def _put_aside(turn: Turn, key: str) -> list[Reply]:
    """Leave the report without losing it."""
    turn.state["put_aside"] = turn.state.pop("flow")["draft"]
    return [Reply(key, buttons=(Button("button_resume", "report:resume"),))]


# --- messages that answer the question asked


async def _answer_what(turn: Turn, draft: Draft) -> list[Reply]:
    if not says_something(turn.text):
        return [Reply("report_what_more")]
    draft.take_story(turn)
    return _go_on(turn, draft, questions.opening(draft))


async def _answer_category(turn: Turn, draft: Draft) -> list[Reply]:
    named = _named_category(turn.text)
    if named is None and says_yes(turn) and draft.guesses:
        named = draft.guesses[0]
    if named is None and says_no(turn):
        return [questions.all_categories()]
    if named is None:
        draft.add_to_story(turn.message.text)
        draft.guess_category(turn)
        if draft.category is None:
            _keep(turn, draft)
            return [questions.all_categories()]
    return _go_on(turn, _with_category(draft, named))


async def _answer_place(turn: Turn, draft: Draft) -> list[Reply]:
    if says_no(turn) or wants_to_skip(turn):
        return [Reply("report_place_needed", kind="location_request")]
    draft.take_place(turn, turn.message.text.strip())
    return _go_on(turn, draft)


async def _answer_outside(turn: Turn, draft: Draft) -> list[Reply]:
    if says_yes(turn):
        return _stay(turn, "")
    draft.take_place(turn, turn.message.text.strip())
    return _go_on(turn, draft)


async def _answer_photos(turn: Turn, draft: Draft) -> list[Reply]:
    draft.photos_asked = True
    if not wants_to_skip(turn) and not says_yes(turn):
        draft.add_to_story(turn.message.text)
    elif says_yes(turn):
        return [Reply("report_photo_send", buttons=(Button("button_skip", "report:skip:photos"),))]
    return _go_on(turn, draft)


async def _answer_contact(turn: Turn, draft: Draft) -> list[Reply]:
    if wants_to_skip(turn) or "匿名" in turn.text:
        return _set_contact(turn, "anonymous")
    if not _CONTACT.search(turn.text):
        return [
            Reply("report_contact_unclear", buttons=(Button("button_anonymous", "report:contact:anonymous"),))
        ]
    draft.contact = turn.message.text.strip()[:MAX_CONTACT_CHARACTERS]
    draft.reporter_mode = "confidential" if "保密" in turn.text else "real_name"
    return _go_on(turn, draft)


async def _answer_confirm(turn: Turn, draft: Draft) -> list[Reply]:
    if says_yes(turn):
        return await _submit(turn, draft.id)
    if says_no(turn):
        return [questions.what_to_change()]
    for part, pattern in _CORRECTIONS.items():
        if found := pattern.search(turn.message.text):
            return _correct(turn, draft, part, found["rest"].strip())
    draft.add_to_story(turn.message.text)
    return _go_on(turn, draft, Reply("report_added"))


ANSWERS = {
    "what": _answer_what,
    "category": _answer_category,
    "place": _answer_place,
    "outside": _answer_outside,
    "photos": _answer_photos,
    "contact": _answer_contact,
    "confirm": _answer_confirm,
}


def _correct(turn: Turn, draft: Draft, part: str, rest: str) -> list[Reply]:
    """A correction in words: take what it says, or ask for the part anew."""
    if part == "place" and rest:
        draft.location = None
        draft.take_place(turn, rest)
    elif part == "what" and says_something(rest):
        draft.what = rest
    elif part == "contact" and (number := _CONTACT.search(rest)):
        draft.contact, draft.reporter_mode = number.group(), "real_name"
    elif part == "category" and (named := _named_category(rest)):
        draft = _with_category(draft, named)
    else:
        return _edit(turn, part)
    return _go_on(turn, draft)


def _take_evidence(turn: Turn, draft: Draft) -> list[Reply]:
    """Keep photos, voice and place; the words with them are the story, or what was asked for."""
    if turn.text and not draft.what:
        draft.take_story(turn)
    elif turn.text:
        _take_words_beside(turn, draft)
    return _keep_evidence(turn, draft)


def _take_words_beside(turn: Turn, draft: Draft) -> None:
    asking = turn.state["flow"]["asking"]
    words = turn.message.text.strip()
    if asking == "place" and turn.message.location:
        draft.take_place(turn, words)
    elif asking == "contact" and (number := _CONTACT.search(words)):
        draft.contact, draft.reporter_mode = number.group(), "real_name"
    else:
        draft.add_to_story(words)
        if not draft.place and (place := said_place(turn)):
            draft.take_place(turn, place)


def _keep_evidence(turn: Turn, draft: Draft) -> list[Reply]:
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


# --- buttons


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
    return _begin(turn, draft)


def _open_with_held(turn: Turn, value: str) -> list[Reply]:
    """The text that the assistant did not understand is the story; `value` is the category, if it was named
    on the button.
    """
    draft = held(turn)
    if value in CATEGORIES and draft.what:
        draft.category = value
        draft.categories = list(dict.fromkeys((value, *draft.categories)))
    return _begin(turn, draft)


def _resume(turn: Turn, value: str) -> list[Reply]:
    """Go on with a report that was left or interrupted."""
    if (turn.state.get("flow") or {}).get("name") == "report":
        return ask_next(turn)
    if put_aside := turn.state.pop("put_aside", None):
        return _go_on(turn, Draft(**put_aside))
    return [STALE]


def _named_category(text: str) -> str | None:
    """The category that a text calls by its name."""
    return next((code for code, category in CATEGORIES.items() if category.name in text), None)


def _with_category(draft: Draft, code: str | None) -> Draft:
    if code is not None:
        draft.category = code
        draft.categories = list(dict.fromkeys((code, *draft.categories)))
    return draft


def _set_category(turn: Turn, value: str) -> list[Reply]:
    if value not in CATEGORIES:
        return [questions.all_categories()]
    draft = _draft(turn)
    draft.categories = []
    return _go_on(turn, _with_category(draft, value))


def _stay(turn: Turn, value: str) -> list[Reply]:
    """The place is ours after all, says the citizen; whoever handles the ticket will see."""
    draft = _draft(turn)
    draft.outside = None
    return _go_on(turn, draft)


def _use_photo_place(turn: Turn, value: str) -> list[Reply]:
    """The matter is where the photo was taken."""
    draft = _draft(turn)
    draft.location, draft.photo_place = draft.photo_place or draft.location, None
    return _go_on(turn, draft)


def _show_categories(turn: Turn, value: str) -> list[Reply]:
    return [questions.all_categories()]


def _skip(turn: Turn, value: str) -> list[Reply]:
    draft = _draft(turn)
    draft.photos_asked = True
    return _go_on(turn, draft)


def _set_contact(turn: Turn, value: str) -> list[Reply]:
    draft = _draft(turn)
    if value == "leave":
        return [
            Reply("report_contact_write", buttons=(Button("button_anonymous", "report:contact:anonymous"),))
        ]
    draft.contact, draft.reporter_mode = "", "anonymous"
    return _go_on(turn, draft)


def _edit(turn: Turn, value: str) -> list[Reply]:
    """Clear one part, so that it is asked anew."""
    draft = _draft(turn)
    if value not in EMPTY:
        return [questions.what_to_change()]
    for name, empty in EMPTY[value].items():
        setattr(draft, name, empty)
    if value == "category":
        _keep(turn, draft)
        return [questions.all_categories()]
    return _go_on(turn, draft)


def _cancel(turn: Turn, value: str) -> list[Reply]:
    return _put_aside(turn, "report_cancelled")


EMPTY: dict[str, dict[str, Any]] = {
    "what": {"what": ""},
    "category": {"category": None},
    "place": {"place": "", "location": None, "outside": None},
    "photos": {"photos": [], "photos_asked": False},
    "contact": {"contact": None},
}
OPENERS: dict[str, Callable[[Turn, str], list[Reply]]] = {
    "start": _open_with_category,
    "held": _open_with_held,
    "resume": _resume,
}
CHANGES: dict[str, Callable[[Turn, str], list[Reply]]] = {
    "category": _set_category,
    "categories": _show_categories,
    "skip": _skip,
    "stay": _stay,
    "photo-place": _use_photo_place,
    "contact": _set_contact,
    "edit": _edit,
    "cancel": _cancel,
}


async def _submit(turn: Turn, draft_id: str) -> list[Reply]:
    """File the ticket; a second press of the same button shows the first one's number."""
    filed_before = turn.state.get("filed", {})
    if draft_id in filed_before:
        return [Reply("report_already_filed", {"ticket_no": filed_before[draft_id]})]
    flow = turn.state.get("flow") or {}
    if flow.get("name") != "report" or flow["draft"]["id"] != draft_id:
        return [STALE]
    draft = _draft(turn)
    if draft.missing != "confirm":
        return ask_next(turn)
    if similar := await _similar(turn, draft):
        return similar
    filed = await turn.tickets.file(draft.as_ticket(turn.conversation_id))
    remembered = [*filed_before.items(), (draft.id, filed.ticket_no)][-MAX_REMEMBERED_TICKETS:]
    turn.state["filed"] = dict(remembered)
    turn.state.pop("flow")
    return [questions.filed(draft, filed)]


async def _similar(turn: Turn, draft: Draft) -> list[Reply]:
    """Open tickets that may be of the same matter, shown once before filing; nothing if there are none."""
    if draft.similar_shown:
        return []
    found = await turn.duplicates.similar(draft.as_ticket(turn.conversation_id))
    draft.similar_shown = True
    _keep(turn, draft)
    if not found:
        return []
    turn.state["offered"] = [ticket.ticket_no for ticket in found]
    return [questions.similar(draft, found, turn.tickets.routing)]
