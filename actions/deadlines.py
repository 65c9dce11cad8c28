"""还来得及吗: from a decision and its day to the last days for paying, a hearing, reconsideration and a suit.

State: flow = {"name": "deadlines", "asking": "paper", "day" or "fine", "penalty": Penalty}; penalty = the one
that was computed last, which a paper is then filled from.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from actions import consult, handoff
from actions.aside import asks_aside, step_aside, wants_person, way_back
from actions.base import Button, File, Reply
from actions.penalty import PAPERS, Penalty, amount_alone
from actions.spoken_dates import DateInFuture, NoSuchDate
from actions.words import wants_to_cancel, wants_to_skip
from knowledge_base import deadlines as law
from knowledge_base.models import Status

if TYPE_CHECKING:
    from datetime import date

    from actions.base import Turn
    from knowledge_base.deadlines import Deadline, Rule

CANCEL = Button("button_cancel", "deadlines:cancel")
FILE_NAME = "办理期限.ics"
# Longer than this it is a story, and a story may be a report.
LONGEST_WISH = 100
# "我11月3号收到处罚决定书": a paper came, so its days can be counted.
_PAPER_CAME = re.compile(
    r"(?:收到|拿到|接到|领到|送来|送达|签收|寄来|开了|给了?我).{0,12}(?:处罚|决定书|告知书|罚单|罚款|复议决定)"
    r"|(?:处罚|决定书|告知书|罚单|复议决定).{0,6}(?:收到|拿到|送来|送达|寄来|下来)"
)
_WHICH_DAY = re.compile(
    r"来得?及.{0,6}(?:复议|起诉|听证|告|申诉|交罚)|(?:复议|起诉|听证|上诉|交罚款|缴罚款).{0,8}(?:来得?及|过期没|过了没|还能.{0,4}吗)"
    r"|(?:帮我|给我|替我|请).{0,4}算.{0,8}(?:期限|日子|时间|日期|最后一天|加收|滞纳金|加处)"
    r"|(?:算|计算)(?:一下|一算|下)?.{0,6}(?:复议|起诉|缴款|交款|罚款|听证)?的?(?:期限|最后一天|截止日)"
    r"|^(?:我的?)?(?:罚款|罚单)?(?:是)?(?:什么时候|哪天|几号|哪一天)(?:之前|以前|前)?要?[交缴](?:罚款)?[?？吗呢]*$"
    r"|(?:最后一天|截止日|最晚)是?(?:哪天|哪一天|几号|几月几号)"
)
_OTHER_WISH = re.compile(r"投诉|举报|反映|写.{0,6}(?:申请书|信)|转人工")


def is_wanted(text: str, today: date) -> bool:
    """Whether a text asks for days to be counted rather than for a rule."""
    if len(text) > LONGEST_WISH or _OTHER_WISH.search(text):
        return False
    if _WHICH_DAY.search(text):
        return True
    if not _PAPER_CAME.search(text):
        return False
    penalty = Penalty()
    try:
        penalty.take(text, today)
    except (NoSuchDate, DateInFuture):
        return True
    return bool(penalty.day)


async def start(turn: Turn) -> list[Reply]:
    """Begin with all that the message says."""
    step_aside(turn)
    return _take(turn, Penalty(), turn.message.text)


async def on_message(turn: Turn) -> list[Reply]:
    """The flow is under way: the message answers what was asked, or says more."""
    if wants_to_cancel(turn):
        return _cancel(turn)
    if wants_person(turn):
        turn.state.pop("flow")
        return await handoff.start(turn)
    if turn.message.photo or turn.message.location:
        return [Reply("deadlines_words_only"), *ask_again(turn)]
    asking = turn.state["flow"]["asking"]
    penalty = Penalty(**turn.state["flow"]["penalty"])
    if asking == "fine":
        return _take_fine(turn, penalty)
    return _take(turn, penalty, turn.message.text, asking)


def ask_again(turn: Turn) -> list[Reply]:
    """The question that is due."""
    return _go_on(turn, Penalty(**turn.state["flow"]["penalty"]))


async def on_button(turn: Turn, rest: str) -> list[Reply]:
    """`start`, `cancel`, `skip`, `paper:<kind>`, `day:<days ago>`, `paid`."""
    verb, _, value = rest.partition(":")
    flow = turn.state.get("flow") or {}
    if verb == "cancel":
        return _cancel(turn)
    if verb == "start" or flow.get("name") != "deadlines":
        step_aside(turn)
        return _go_on(turn, Penalty())
    penalty = Penalty(**flow["penalty"])
    if verb == "paper" and value in PAPERS:
        penalty.paper = value
    elif verb == "day" and value.isdigit():
        penalty.day = (turn.today - timedelta(days=int(value[:2]))).isoformat()
    elif verb == "paid":
        penalty.is_paid = True
    elif verb == "skip":
        penalty.fine_asked = True
    return _go_on(turn, penalty)


def _cancel(turn: Turn) -> list[Reply]:
    turn.state.pop("flow", None)
    return [Reply("deadlines_cancelled", buttons=way_back(turn))]


def _take(turn: Turn, penalty: Penalty, text: str, asking: str = "") -> list[Reply]:
    before = penalty.as_json()
    try:
        penalty.take(text, turn.today)
    except NoSuchDate as error:
        return _go_on(turn, penalty, Reply("deadlines_no_such_day", {"said": str(error)}))
    except DateInFuture as error:
        return _go_on(turn, penalty, Reply("deadlines_in_future", {"said": str(error)}))
    if asking and penalty.as_json() == before:
        if asks_aside(turn):
            return [*consult.replies_for(turn, turn.answer), *ask_again(turn)]
        return _go_on(turn, penalty, Reply(f"deadlines_unclear_{asking}"))
    return _go_on(turn, penalty)


def _take_fine(turn: Turn, penalty: Penalty) -> list[Reply]:
    amount = amount_alone(turn.text)
    if not amount and not wants_to_skip(turn):
        return _take(turn, penalty, turn.message.text, "fine")
    penalty.fine, penalty.fine_asked = amount or penalty.fine, True
    return _go_on(turn, penalty)


def _go_on(turn: Turn, penalty: Penalty, *before: Reply) -> list[Reply]:
    asking = _missing(penalty, turn.today)
    if not asking:
        turn.state.pop("flow", None)
        turn.state["penalty"] = penalty.as_json()
        return [*before, _told(turn, penalty)]
    turn.state["flow"] = {"name": "deadlines", "asking": asking, "penalty": penalty.as_json()}
    return [*before, _question(asking)]


def _missing(penalty: Penalty, today: date) -> str:
    if not penalty.paper:
        return "paper"
    if not penalty.day:
        return "day"
    # Only who is late owes more, and only then the amount matters.
    is_fine = penalty.paper in {"decision", "on_the_spot"}
    if is_fine and not penalty.is_paid and not penalty.fine and not penalty.fine_asked:
        pay = next(d for d in law.deadlines_of(penalty.as_case()) if d.code == "pay")
        return "fine" if pay.last_day < today else ""
    return ""


def _question(asking: str) -> Reply:
    if asking == "paper":
        buttons = tuple(Button(f"button_paper_{paper}", f"deadlines:paper:{paper}") for paper in PAPERS[::-1])
        return Reply("deadlines_which_paper", buttons=(*buttons, CANCEL))
    if asking == "day":
        days = (("button_today", 0), ("button_yesterday", 1))
        buttons = tuple(Button(key, f"deadlines:day:{ago}") for key, ago in days)
        return Reply("deadlines_which_day", buttons=(*buttons, CANCEL))
    return Reply(
        "deadlines_how_much",
        buttons=(
            Button("button_paid", "deadlines:paid"),
            Button("button_skip", "deadlines:skip"),
            CANCEL,
        ),
    )


def _told(turn: Turn, penalty: Penalty) -> Reply:
    """The days with their rules, and a calendar of those that are still to come."""
    found = [
        deadline
        for deadline in law.deadlines_of(penalty.as_case())
        if not (deadline.code == "pay" and penalty.is_paid)
    ]
    rules = [deadline.rule for deadline in found] + _rules_beside(penalty)
    if not _hold(turn, rules):
        return Reply("deadlines_rules_changed", buttons=(Button("button_ask_person", "menu:human"),))
    to_come = [deadline for deadline in found if deadline.last_day >= turn.today]
    params = {
        "penalty": penalty,
        "today": turn.today,
        "deadlines": found,
        "surcharge": _surcharge(penalty, found, turn.today),
        "articles": _articles(turn, rules),
    }
    file = File(FILE_NAME, "text/calendar", law.as_ics(to_come, turn.now)) if to_come else None
    return Reply(
        "deadlines",
        params,
        (*_buttons(penalty, to_come), *way_back(turn)),
        kind="file" if file else "text",
        file=file,
    )


def _rules_beside(penalty: Penalty) -> list[Rule]:
    """What the words around the days rest on."""
    if penalty.paper == "told":
        return [law.WORKING_DAYS, law.DEFENCE]
    if penalty.paper == "reconsidered":
        return [law.LATE_SUIT]
    beside = [
        law.NOT_STOPPED,
        law.SURCHARGE,
        law.SURCHARGE_PAUSED,
        law.INSTALMENTS,
        law.NOT_TOLD,
        law.DAY_OFF,
    ]
    if penalty.paper == "on_the_spot":
        return [law.RECONSIDERATION_FIRST, law.RULES["suit_after_reconsideration"], *beside]
    return [law.EITHER_WAY, law.LATE_SUIT, *beside]


def _surcharge(penalty: Penalty, found: list[Deadline], today: date) -> law.Surcharge | None:
    case = penalty.as_case()
    pay = next((deadline for deadline in found if deadline.code == "pay"), None)
    if case.fine is None or pay is None or pay.last_day >= today:
        return None
    return law.surcharge(case.fine, pay.last_day, today)


def _hold(turn: Turn, rules: list[Rule]) -> bool:
    """Whether each rule still stands as it is counted: the article is in force and has the words."""
    for rule in rules:
        article = turn.knowledge.article(rule.law, rule.article, turn.today)
        if article is None or article.status is not Status.IN_FORCE or rule.words not in article.text:
            return False
    return True


def _articles(turn: Turn, rules: list[Rule]) -> list[Any]:
    names = dict.fromkeys((rule.law, rule.article) for rule in rules)
    return [turn.knowledge.article(name, number, turn.today) for name, number in names]


def _buttons(penalty: Penalty, to_come: list[Deadline]) -> tuple[Button, ...]:
    open_codes = {deadline.code for deadline in to_come}
    buttons = []
    if "hearing" in open_codes:
        buttons.append(Button("button_write_hearing", "paper:start:hearing"))
    if "reconsideration" in open_codes:
        buttons.append(Button("button_write_reconsideration", "paper:start:reconsideration"))
        card = "recon_must_first" if penalty.paper == "on_the_spot" else "recon_choice"
        buttons.append(Button("button_which_way", f"consult:card:{card}"))
    buttons.append(Button("button_count_again", "deadlines:start"))
    buttons.append(Button("button_ask_person", "menu:human"))
    return tuple(buttons)
