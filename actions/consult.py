"""Questions about the law: a checked card with its citations, or an honest "I don't know" and a person."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from actions.base import Button, Reply
from actions.card_tools import tools_for
from actions.draft import held, hold, likely_categories, said_place, says_something, sure_category
from knowledge_base.models import Answer, Citation
from tickets.feedback import record_feedback

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from actions.base import Turn
    from knowledge_base.base import KnowledgeBase
    from knowledge_base.models import Article, Cite

_EXAMPLE = re.compile(
    r"(?:请|能|可以|帮我)?(?:给我?)?(?:再)?(?:举|讲|说|看|来)(?:一|1)?个?(?:实际的?)?(?:例子|案例)(?:听听|看看|来说)?"
    r"|(?:有没有|有|有什么)(?:这样的|类似的?)?(?:例子|案例)(?:没有)?|(?:例子|案例|以案释法)"
)
# Buttons for the cards that lie close; more would be a list, not a choice.
MAX_ALTERNATIVES = 4
MAX_RELATED = 2


async def ask(turn: Turn) -> list[Reply]:
    """The citizen wants to ask but hasn't yet."""
    turn.state.pop("flow", None)
    return [Reply("consult_ask")]


async def answer(turn: Turn) -> list[Reply]:
    """Answer the question in `turn.text`, or refer it to a person."""
    if says_something(turn.text):
        turn.state.pop("held", None)  # a newer question takes the place of what waited
    turn.state["question"] = turn.message.text.strip()
    turn.state["question_category"] = sure_category(turn)
    turn.state["question_categories"] = likely_categories(turn)
    turn.state["asked_place"] = said_place(turn)
    return replies_for(turn, turn.answer)


async def other_department(turn: Turn) -> list[Reply]:
    """Not the bureau's matter: say whose it is if a card knows, and where to turn."""
    if turn.answer is not None and turn.answer.kind == "answer":
        return await answer(turn)
    hold(turn)
    return [
        Reply(
            "other_department",
            buttons=(Button("button_report_anyway", "report:held"), Button("button_human", "human:held")),
        )
    ]


def replies_for(turn: Turn, found: Answer | None) -> list[Reply]:
    """The replies to what the knowledge base found."""
    if found is not None and found.kind == "refer" and found.names_articles:
        return [_articles_told(found)]
    if found is None or found.kind in {"refer", "handoff", "emergency", "out_of_scope"}:
        return [_no_support(found)]
    if found.kind == "clarify" and not found.alternatives:
        return [Reply("consult_ask")]
    if found.kind == "clarify":
        buttons = tuple(
            Button("button_card", f"consult:card:{card.id}", {"title": card.title})
            for card in found.alternatives[:MAX_ALTERNATIVES]
        )
        return [Reply("consult_clarify", buttons=(*buttons, Button("button_human", "human:question")))]
    return [_card(turn, found)]


def _card(turn: Turn, found: Answer) -> Reply:
    if found.card is None:
        raise ValueError("an answer without a card is not an answer")
    turn.state["card"] = found.card.id
    buttons = [
        Button("button_helpful", f"consult:helpful:{found.card.id}"),
        Button("button_unhelpful", f"consult:unhelpful:{found.card.id}"),
        Button("button_ask_person", "human:question"),
    ]
    buttons[:0] = tools_for(found.card)
    if found.card.id in turn.knowledge.examples:
        buttons.insert(0, Button("button_example", f"consult:example:{found.card.id}"))
    if found.card.category:
        buttons.append(Button("button_report_this", f"report:start:{found.card.category}"))
    buttons += [
        Button("button_card", f"consult:card:{card.id}", {"title": card.title})
        for card in found.related[:MAX_RELATED]
    ]
    shown = _by_itself(turn.knowledge, found)
    articles = _articles(turn.knowledge, shown.citations, found.as_of)
    return Reply("card", kind="card", answer=shown, articles=articles, buttons=tuple(buttons))


def _by_itself(knowledge: KnowledgeBase, found: Answer) -> Answer:
    """The answer with what its own card cites: the cards that came close are buttons, not text. Law of an
    earlier day is called what it is today.
    """
    cites = found.citations
    if found.related and found.card is not None:
        own = {(knowledge.library.find(cite.law), cite.article) for cite in found.card.cites}
        cites = tuple(cite for cite in cites if (cite.law, cite.article) in own)
    return replace(found, citations=tuple(knowledge.as_today(cite) for cite in cites))


def _articles_told(found: Answer) -> Reply:
    """The articles that a question named, or what became of them."""
    return Reply(
        "consult_articles",
        {"text": found.text},
        (Button("button_ask_person", "human:question"), Button("button_ask_again", "menu:consult")),
    )


def card_alone(knowledge: KnowledgeBase, found: Answer) -> Reply:
    """The card of an answer and nothing to press, for where no conversation goes on."""
    shown = _by_itself(knowledge, found)
    articles = _articles(knowledge, shown.citations, found.as_of)
    return Reply("card", kind="card", answer=shown, articles=articles)


def _sorry() -> Reply:
    return Reply(
        "feedback_unhelpful",
        buttons=(Button("button_ask_person", "human:question"), Button("button_ask_again", "menu:consult")),
    )


def _shown(turn: Turn, card_id: str) -> Answer | None:
    """A card as an answer of its own, if it still is one today."""
    card = turn.knowledge.cards.get(card_id)
    if card is None or not card.is_valid_on(turn.today):
        return None
    articles = _articles(turn.knowledge, card.cites)
    citations = tuple(Citation(a.law, a.article, a.status, a.effective_from) for a in articles)
    return Answer("answer", card.answer, citations, card, confidence=1.0, as_of=turn.today)


def _articles(
    knowledge: KnowledgeBase, cites: Iterable[Cite | Citation], day: date | None = None
) -> tuple[Article, ...]:
    """The texts as they read on that day (today if None), each with its status of today."""
    found = []
    for cite in cites:
        article = knowledge.article(cite.law, cite.article, day)
        if article is not None:
            found.append(replace(article, status=knowledge.status_today(article.law, article.effective_from)))
    return tuple(found)


def _no_support(found: Answer | None) -> Reply:
    if found is not None and found.kind == "out_of_scope":
        return Reply("out_of_scope")
    key = "consult_handoff" if found is not None and found.kind == "handoff" else "consult_no_support"
    return Reply(
        key,
        buttons=(Button("button_ask_person", "human:question"), Button("button_ask_again", "menu:consult")),
    )


def wants_example(turn: Turn) -> bool:
    """ "举个例子" after a card that has one."""
    return bool(_EXAMPLE.fullmatch(turn.text.strip(" 。！!？?吗呢吧"))) and (
        turn.state.get("card") in turn.knowledge.examples
    )


async def example(turn: Turn) -> list[Reply]:
    """The invented case that shows the rule of the card that was shown last."""
    return await on_button(turn, f"example:{turn.state['card']}")


async def on_button(turn: Turn, rest: str) -> list[Reply]:
    """`held`: answer the text that waits; `card:<id>`: show that card; `law:<id>`: its articles;
    `example:<id>`: an invented case that shows its rule; `helpful:<id>`, `unhelpful:<id>`: its use.
    """
    verb, _, card_id = rest.partition(":")
    if verb == "held":
        waiting = held(turn)
        if not waiting.what:
            return await ask(turn)
        turn.state["question"] = waiting.what
        turn.state["question_category"] = waiting.category
        turn.state["question_categories"] = waiting.categories
        return replies_for(turn, turn.knowledge.answer(waiting.what, as_of=turn.today))
    if verb in {"helpful", "unhelpful"}:
        await record_feedback(
            turn.tickets.session,
            message_id=turn.message_id,
            conversation_id=turn.conversation_id,
            card_id=card_id,
            question=turn.state.get("question", ""),
            helpful=verb == "helpful",
            now=turn.now,
        )
        return [Reply("thanks_feedback") if verb == "helpful" else _sorry()]
    if verb == "example":
        card_id = turn.knowledge.examples.get(card_id, "")
    found = _shown(turn, card_id)
    if found is None:
        return [Reply("card_gone", buttons=(Button("button_ask_person", "human:question"),))]
    if verb == "law":
        return [Reply("card_law", articles=_articles(turn.knowledge, found.citations))]
    return [_card(turn, found)]
