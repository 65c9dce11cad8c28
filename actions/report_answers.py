"""Words, photos and places that answer what a report asked, or correct what it read back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from actions import questions
from actions.base import Button, Reply
from actions.draft import Draft, said_place, says_something
from actions.report_buttons import choose_town, edit, set_contact, stay
from actions.report_filing import submit
from actions.report_steps import go_on, keep, keep_evidence, named_category, with_category
from actions.words import says_no, says_yes, wants_to_skip
from tickets.service import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from actions.base import Turn

MAX_CONTACT_CHARACTERS = 100
_CONTACT = re.compile(r"(?:\+?\d[\d\s-]{5,18}\d)|[\w.+-]+@[\w-]+\.[\w.]+")
_CANNOT_TELL = re.compile("说不清|不知道|不清楚|不确定|不认识|都不是")
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


async def _answer_what(turn: Turn, draft: Draft) -> list[Reply]:
    if not says_something(turn.text):
        return [Reply("report_what_more")]
    draft.take_story(turn)
    return go_on(turn, draft, questions.opening(draft))


async def _answer_category(turn: Turn, draft: Draft) -> list[Reply]:
    named = named_category(turn.text)
    if named is None and says_yes(turn) and draft.guesses:
        named = draft.guesses[0]
    if named is None and says_no(turn):
        return [questions.all_categories()]
    if named is None:
        draft.add_to_story(turn.message.text)
        draft.guess_category(turn)
        if draft.category is None:
            keep(turn, draft)
            return [questions.all_categories()]
    return go_on(turn, with_category(draft, named))


async def _answer_place(turn: Turn, draft: Draft) -> list[Reply]:
    if says_no(turn) or wants_to_skip(turn):
        return [Reply("report_place_needed", kind="location_request")]
    draft.take_place(turn, turn.message.text.strip())
    return go_on(turn, draft)


async def _answer_outside(turn: Turn, draft: Draft) -> list[Reply]:
    if says_yes(turn):
        return stay(turn, "")
    draft.take_place(turn, turn.message.text.strip())
    return go_on(turn, draft)


async def _answer_town(turn: Turn, draft: Draft) -> list[Reply]:
    if says_yes(turn):
        return choose_town(turn, "".join(draft.town_choices) if len(draft.town_choices) == 1 else "")
    if says_no(turn) or wants_to_skip(turn) or _CANNOT_TELL.search(turn.text):
        return choose_town(turn, "")
    named = turn.tickets.routing.locate(Place(turn.text)).town
    if named is not None and (named.code in draft.town_choices or not named.is_unsure):
        return choose_town(turn, named.code)
    draft.take_place(turn, f"{draft.place}，{turn.message.text.strip()}".lstrip("，"))
    draft.town = ""
    return go_on(turn, draft)


async def _answer_photos(turn: Turn, draft: Draft) -> list[Reply]:
    draft.photos_asked = True
    if not wants_to_skip(turn) and not says_yes(turn):
        draft.add_to_story(turn.message.text)
    elif says_yes(turn):
        return [Reply("report_photo_send", buttons=(Button("button_skip", "report:skip:photos"),))]
    return go_on(turn, draft)


async def _answer_contact(turn: Turn, draft: Draft) -> list[Reply]:
    if wants_to_skip(turn) or "匿名" in turn.text:
        return set_contact(turn, "anonymous")
    if not _CONTACT.search(turn.text):
        return [
            Reply("report_contact_unclear", buttons=(Button("button_anonymous", "report:contact:anonymous"),))
        ]
    draft.contact = turn.message.text.strip()[:MAX_CONTACT_CHARACTERS]
    draft.reporter_mode = "confidential" if "保密" in turn.text else "real_name"
    return go_on(turn, draft)


async def _answer_confirm(turn: Turn, draft: Draft) -> list[Reply]:
    if says_yes(turn):
        return await submit(turn, draft.id)
    if says_no(turn):
        return [questions.what_to_change()]
    for part, pattern in _CORRECTIONS.items():
        if found := pattern.search(turn.message.text):
            return _correct(turn, draft, part, found["rest"].strip())
    draft.add_to_story(turn.message.text)
    return go_on(turn, draft, Reply("report_added"))


ANSWERS: dict[str, Callable[[Turn, Draft], Awaitable[list[Reply]]]] = {
    "what": _answer_what,
    "category": _answer_category,
    "place": _answer_place,
    "outside": _answer_outside,
    "town": _answer_town,
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
    elif part == "category" and (named := named_category(rest)):
        draft = with_category(draft, named)
    else:
        return edit(turn, part)
    return go_on(turn, draft)


def take_evidence(turn: Turn, draft: Draft) -> list[Reply]:
    """Keep photos, voice and place; the words with them are the story, or what was asked for."""
    if turn.text and not draft.what:
        draft.take_story(turn)
    elif turn.text:
        _take_words_beside(turn, draft)
    return keep_evidence(turn, draft)


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
