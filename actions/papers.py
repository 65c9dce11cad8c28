"""写文书: asks what helps, fills the paper, hands it out as DOCX. Everything may be passed over.

What is said for a paper is personal: it is kept sealed in `turn.drafts`, taken out of the stored messages,
and dropped once the paper is made.

State: flow = {"name": "paper", "paper": code, "asking": key of a blank, or "start" or "review"}.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actions import consult, handoff
from actions.aside import asks_aside, step_aside, wants_person, way_back
from actions.base import Button, File, Reply
from actions.paper_wishes import list_in, paper_in
from actions.prefill import prefilled
from actions.spoken_dates import DateInFuture, NoSuchDate, spoken_date
from actions.words import says_yes, wants_to_cancel, wants_to_skip
from knowledge_base.models import Status
from knowledge_base.papers.catalogue import PAPERS, Blank, Paper
from knowledge_base.papers.filling import MEDIA_TYPE, fill, fill_list, missing
from knowledge_base.papers.lists import paper_lists

if TYPE_CHECKING:
    from actions.base import Turn
    from knowledge_base.deadlines import Rule

LONGEST_LINE = 120
# Longer than this it is a story that mentions a paper.
LONGEST_WISH = 60
LONGEST_STORY = 4_000
CANCEL = Button("button_cancel", "paper:cancel")
_ID_NUMBER = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PHONE = re.compile(r"\+?[\d\s-]{7,20}")
# Under another authority than the county's government.
_VERTICAL = re.compile(r"税务|海关|外汇|国家安全|金融|人民银行")
_OF_THE_COUNTY = re.compile(r"局|大队|中队|委员会|镇|街道|乡")


@dataclass(slots=True)
class Draft:
    """What was said so far: values by blank, and the blanks that were passed over."""

    paper: str
    values: dict[str, str] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)

    @property
    def kind(self) -> Paper:
        """What paper it is."""
        return PAPERS[self.paper]

    @property
    def next(self) -> str:
        """Key of the blank to ask for, or "review"."""
        open_blanks = (
            blank.key
            for blank in self.kind.blanks
            if blank.key not in self.passed and not self.values.get(blank.key)
        )
        return next(open_blanks, "review")


def is_wanted(text: str) -> bool:
    """Whether a text asks for a paper or a list."""
    return len(text) <= LONGEST_WISH and bool(paper_in(text) or list_in(text))


async def start(turn: Turn) -> list[Reply]:
    """Begin with the paper, or hand out the list, that the message names."""
    if (code := paper_in(turn.text)) in PAPERS:
        return await _open(turn, code)
    if (wanted := list_in(turn.text)) in paper_lists():
        return await _hand_out_list(turn, wanted)
    return _list_menu() if wanted == "menu" else _menu()


async def on_message(turn: Turn) -> list[Reply]:
    """The flow is under way: the message answers what was asked."""
    if wants_to_cancel(turn):
        return await _cancel(turn)
    if wants_person(turn):
        turn.state.pop("flow")
        return await handoff.start(turn)
    if turn.message.photo or turn.message.location or not turn.text:
        return [Reply("paper_words_only"), *ask_again(turn)]
    asking = turn.state["flow"]["asking"]
    draft = await _draft(turn)
    blank = draft.kind.blank(asking)
    if blank is None:
        return await _at_rest(turn, draft, asking)
    if asks_aside(turn) and not blank.is_long:
        return [*consult.replies_for(turn, turn.answer), *ask_again(turn)]
    return await _take(turn, draft, blank)


async def on_button(turn: Turn, rest: str) -> list[Reply]:
    """`menu`, `lists`, `start:<paper>`, `list:<list>`, and within the flow `begin`, `skip`, `make`, `edit`,
    `edit:<blank>`, `say:<blank>:<option>`, `cancel`.
    """
    verb, _, value = rest.partition(":")
    if verb == "menu":
        return _menu()
    if verb == "lists":
        return _list_menu()
    if verb == "start" and value in PAPERS:
        return await _open(turn, value)
    if verb == "list" and value in paper_lists():
        return await _hand_out_list(turn, value)
    if (turn.state.get("flow") or {}).get("name") != "paper":
        return [Reply("paper_button_stale", buttons=(Button("button_papers", "paper:menu"),))]
    return await _within(turn, verb, value)


def ask_again(turn: Turn) -> list[Reply]:
    """The question that is due."""
    flow = turn.state["flow"]
    if flow["asking"] == "start":
        return [_opening(PAPERS[flow["paper"]], is_resumed=False)]
    return [_question(turn, PAPERS[flow["paper"]], flow["asking"])]


async def _within(turn: Turn, verb: str, value: str) -> list[Reply]:
    draft = await _draft(turn)
    asking = turn.state["flow"]["asking"]
    if verb == "cancel":
        return await _cancel(turn)
    if verb == "make":
        return await _make(turn, draft)
    if verb == "edit":
        return await _edit(turn, draft, value)
    if verb == "skip" and draft.kind.blank(asking):
        draft.passed.append(asking)
        draft.values.pop(asking, None)
    elif verb == "say":
        key, _, option = value.partition(":")
        if words := _option(turn, draft.kind, key, option):
            draft.values[key] = words
    return await _go_on(turn, draft)


# --- the draft


async def _draft(turn: Turn) -> Draft:
    code = turn.state["flow"]["paper"]
    kept = await turn.drafts.load(turn.conversation_id)
    return Draft(**kept) if kept.get("paper") == code else Draft(code)


async def _open(turn: Turn, code: str) -> list[Reply]:
    """Say what will be asked; a draft of the same paper goes on where it was."""
    step_aside(turn)
    kept = await turn.drafts.load(turn.conversation_id)
    is_resumed = kept.get("paper") == code
    draft = Draft(**kept) if is_resumed else Draft(code, prefilled(turn, code))
    if not _hold(turn, draft.kind.rests_on):
        return [Reply("paper_rules_changed", buttons=(Button("button_ask_person", "menu:human"),))]
    await turn.drafts.save(turn.conversation_id, _as_json(draft))
    turn.state["flow"] = {"name": "paper", "paper": code, "asking": "start"}
    return [_opening(draft.kind, is_resumed=is_resumed and bool(draft.values))]


async def _go_on(turn: Turn, draft: Draft, *before: Reply) -> list[Reply]:
    await turn.drafts.save(turn.conversation_id, _as_json(draft))
    turn.state["flow"] = {"name": "paper", "paper": draft.paper, "asking": draft.next}
    if draft.next == "review":
        return [*before, _review(draft)]
    return [*before, _question(turn, draft.kind, draft.next)]


async def _take(turn: Turn, draft: Draft, blank: Blank) -> list[Reply]:
    """One answer; its words leave the stored messages."""
    await turn.drafts.hide_words(turn.message_ids)
    if wants_to_skip(turn):
        draft.passed.append(blank.key)
        return await _go_on(turn, draft)
    try:
        value = _value(turn, blank)
    except NoSuchDate as error:
        return await _go_on(turn, draft, Reply("deadlines_no_such_day", {"said": str(error)}))
    except DateInFuture as error:
        return await _go_on(turn, draft, Reply("deadlines_in_future", {"said": str(error)}))
    if not value:
        return await _go_on(turn, draft, Reply(f"paper_unclear_{blank.key}"))
    draft.values[blank.key] = value
    return await _go_on(turn, draft)


def _value(turn: Turn, blank: Blank) -> str:
    """The answer as it goes into the paper; "" if it can't be one. Raises: NoSuchDate, DateInFuture."""
    said = turn.message.text.strip()
    if blank.key == "received_on":
        found = spoken_date(said, turn.today)
        return f"{found.day.year}年{found.day.month}月{found.day.day}日" if found else ""
    if blank.key == "id_number":
        number = re.sub(r"[\s-]", "", turn.text).upper()
        return number if _is_id_number(number) else ""
    if blank.key == "phone":
        return said if _PHONE.fullmatch(said) else ""
    return said[: LONGEST_STORY if blank.is_long else LONGEST_LINE]


def _is_id_number(number: str) -> bool:
    if not _ID_NUMBER.fullmatch(number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == number[-1]


async def _at_rest(turn: Turn, draft: Draft, asking: str) -> list[Reply]:
    """A message before the first question or at the review: yes goes on, all else asks again."""
    if says_yes(turn):
        return await _make(turn, draft) if asking == "review" else await _go_on(turn, draft)
    if asks_aside(turn):
        return [*consult.replies_for(turn, turn.answer), *ask_again(turn)]
    if asking == "start":
        return await _go_on(turn, draft)
    return [_review(draft)]


async def _edit(turn: Turn, draft: Draft, key: str) -> list[Reply]:
    if draft.kind.blank(key) is None:
        return [_what_to_change(draft)]
    draft.values.pop(key, None)
    if key in draft.passed:
        draft.passed.remove(key)
    return await _go_on(turn, draft)


async def _cancel(turn: Turn) -> list[Reply]:
    turn.state.pop("flow", None)
    await turn.drafts.drop(turn.conversation_id)
    return [Reply("paper_cancelled", buttons=way_back(turn))]


async def _make(turn: Turn, draft: Draft) -> list[Reply]:
    """Fill the paper, hand it out, and forget what it was filled with."""
    authority = _authority(turn, draft.values.get("agency", ""))
    content = await asyncio.to_thread(fill, draft.kind, draft.values, authority=authority)
    await turn.drafts.drop(turn.conversation_id)
    turn.state.pop("flow", None)
    params = {"title": draft.kind.title, "missing": missing(draft.kind, draft.values), "paper": draft.paper}
    buttons = [Button("button_how_to_hand_in", f"consult:card:{draft.kind.card}")]
    if draft.paper in {"reconsideration", "hearing"}:
        buttons.append(Button("button_deadlines", "deadlines:start"))
    file = File(f"{draft.kind.title}.docx", MEDIA_TYPE, content)
    return [Reply("paper_made", params, (*buttons, *way_back(turn)), kind="file", file=file)]


async def _hand_out_list(turn: Turn, code: str) -> list[Reply]:
    wanted = paper_lists()[code]
    if not _hold(turn, [item.rule for item in wanted.items]):
        return [Reply("paper_rules_changed", buttons=(Button("button_ask_person", "menu:human"),))]
    content = await asyncio.to_thread(fill_list, wanted)
    file = File(f"{wanted.title}.docx", MEDIA_TYPE, content)
    buttons = (
        Button("button_rule", f"consult:card:{wanted.card}"),
        Button("button_other_list", "paper:lists"),
    )
    return [Reply("paper_list", {"list": wanted}, buttons, kind="file", file=file)]


# --- what is asked


def _menu() -> list[Reply]:
    papers = tuple(
        Button("button_paper", f"paper:start:{code}", {"title": p.title}) for code, p in PAPERS.items()
    )
    return [Reply("paper_menu", buttons=(*papers, Button("button_lists", "paper:lists")))]


def _list_menu() -> list[Reply]:
    lists = paper_lists().values()
    buttons = tuple(
        Button("button_paper", f"paper:list:{each.code}", {"title": each.title}) for each in lists
    )
    return [Reply("paper_list_menu", buttons=buttons)]


def _opening(paper: Paper, *, is_resumed: bool) -> Reply:
    params = {
        "title": paper.title,
        "blanks": [blank.title for blank in paper.blanks],
        "rests_on": paper.rests_on,
    }
    buttons = (Button("button_begin", "paper:begin"), Button("button_make_blank", "paper:make"), CANCEL)
    return Reply("paper_resumed" if is_resumed else "paper_opening", params, buttons)


def _question(turn: Turn, paper: Paper, key: str) -> Reply:
    if key == "review":
        return Reply("paper_go_on", buttons=(Button("button_make", "paper:make"), CANCEL))
    options = tuple(
        Button(f"button_say_{option}", f"paper:say:{key}:{option}", {"words": words})
        for option, words in _options(turn, paper, key).items()
    )
    rest = (Button("button_skip", "paper:skip"), Button("button_make_now", "paper:make"), CANCEL)
    return Reply(f"paper_ask_{key}", {"title": paper.title}, (*options, *rest))


def _review(draft: Draft) -> Reply:
    titles = missing(draft.kind, draft.values)
    filled = [blank.title for blank in draft.kind.blanks if blank.title not in titles]
    params = {"title": draft.kind.title, "filled": filled, "missing": titles}
    buttons = (Button("button_make", "paper:make"), Button("button_change", "paper:edit"), CANCEL)
    return Reply("paper_review", params, buttons)


def _what_to_change(draft: Draft) -> Reply:
    blanks = tuple(
        Button("button_paper", f"paper:edit:{blank.key}", {"title": blank.title})
        for blank in draft.kind.blanks
    )
    return Reply("paper_what_to_change", buttons=(*blanks, Button("button_make", "paper:make"), CANCEL))


def _options(turn: Turn, paper: Paper, key: str) -> dict[str, str]:
    """Answers that are often right, by the name of their button."""
    if key == "agency":
        return {"bureau": str(turn.tickets.routing.city["bureau"])}
    if paper.code == "reconsideration" and key == "request":
        return {"annul": "撤销被申请人作出的上述决定。", "change": "变更被申请人作出的上述决定，减少罚款。"}
    if key == "form":
        return {"paper": "纸质，邮寄到上面的通信地址", "collect": "纸质，本人当面领取"}
    return {}


def _option(turn: Turn, paper: Paper, key: str, option: str) -> str:
    return _options(turn, paper, key).get(option, "") if paper.blank(key) else ""


def _authority(turn: Turn, agency: str) -> str:
    """The government that hears the case, for the agencies of our own city; "" when that isn't sure."""
    city = turn.tickets.routing.city
    is_ours = str(city["short_name"]) in agency and _OF_THE_COUNTY.search(agency)
    return f"{city['name']}人民政府" if is_ours and not _VERTICAL.search(agency) else ""


def _hold(turn: Turn, rules: tuple[Rule, ...] | list[Rule]) -> bool:
    """Whether the articles are in force and still say what the paper rests on."""
    for rule in rules:
        article = turn.knowledge.article(rule.law, rule.article, turn.today)
        if article is None or article.status is not Status.IN_FORCE or rule.words not in article.text:
            return False
    return True


def _as_json(draft: Draft) -> dict[str, Any]:
    return {"paper": draft.paper, "values": draft.values, "passed": draft.passed}
