"""When it is not clear what is meant: one question, whose buttons name what competes."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from actions.base import Understanding
from tests.talk import Talk
from tickets import models

pytestmark = pytest.mark.nlu

TEXT = "门口那个夜宵摊的烟"


class Fixed:
    """An NLU that makes the same of every text."""

    def __init__(self, understanding: Understanding) -> None:
        self._understanding = understanding

    async def parse(self, text: str) -> Understanding:
        return self._understanding


def unsure(**chances: float) -> Understanding:
    return Understanding(
        intent=max(chances, key=lambda intent: chances[intent]),
        confidence=max(chances.values()),
        intents=tuple(sorted(chances.items(), key=lambda item: -item[1])),
        category="cooking_fume",
        categories=(("cooking_fume", 0.6), ("street_vending", 0.5), ("dog", 0.1)),
    )


def labels(replies: list[dict]) -> list[str]:
    return [button["label"] for button in replies[-1]["buttons"]]


async def said(talk: Talk, understanding: Understanding, text: str = TEXT) -> list[dict]:
    """Say something that gets this understanding; what is said afterwards is understood as usual."""
    usual, talk.relay.turns.nlu = talk.relay.turns.nlu, Fixed(understanding)
    try:
        return await talk.say(text)
    finally:
        talk.relay.turns.nlu = usual


async def draft_of(talk: Talk) -> dict:
    """The report under way, or the text that waits, as it is stored."""
    async with talk.services.database.reading() as session:
        state = await session.scalar(select(models.Conversation.state))
    return dict(state["flow"]["draft"] if "flow" in state else state["held"])


async def test_buttons_name_the_categories_likeliest_first(talk: Talk) -> None:
    complaint = await said(talk, unsure(complaint=0.45, legal_consult=0.4))
    assert [label[:2] for label in labels(complaint)] == ["反映", "反映", "问“", "找工"]
    assert "油烟" in labels(complaint)[0]

    question = await said(talk, unsure(complaint=0.35, legal_consult=0.45))
    assert labels(question)[0].startswith("问“")


async def test_status_is_offered_only_where_it_was_hinted_at(talk: Talk) -> None:
    assert "查进度" not in labels(await said(talk, unsure(complaint=0.45, legal_consult=0.4)))
    assert labels(await said(talk, unsure(ticket_status=0.45, complaint=0.3)))[0] == "查进度"


async def test_everything_is_offered_while_understanding_is_down(talk: Talk) -> None:
    replies = await said(talk, Understanding.unavailable())

    assert labels(replies) == ["反映这件事", "问规定", "查进度", "找工作人员"]


async def test_named_category_goes_into_the_report_with_the_text(talk: Talk) -> None:
    replies = await said(talk, unsure(complaint=0.45, legal_consult=0.4))
    await talk.press(labels(replies)[1])

    draft = await draft_of(talk)
    assert (draft["what"], draft["category"]) == (TEXT, "street_vending")


@pytest.mark.parametrize(
    "instead",
    [{"text": "我要投诉"}, {"text": "我要反映问题"}, {"payload": "menu:report", "label": "我要反映问题"}],
)
async def test_opening_a_report_instead_of_tapping_keeps_the_text(
    talk: Talk, instead: dict[str, str]
) -> None:
    await said(talk, unsure(complaint=0.45, legal_consult=0.4))
    await talk.say(**instead)

    draft = await draft_of(talk)
    assert draft["what"] == TEXT


async def test_person_gets_the_text_that_was_not_understood(talk: Talk) -> None:
    await said(talk, unsure(complaint=0.45, legal_consult=0.4))
    replies = await talk.say("转人工")

    assert replies[-1]["key"] == "handoff_confirm"
    assert TEXT in replies[-1]["text"]
