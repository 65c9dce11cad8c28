"""转人工: a consultation ticket, answered in the same conversation."""

from __future__ import annotations

import pytest

from tests.talk import Talk
from tickets.workflow import TicketKind

pytestmark = pytest.mark.nlu

QUESTION = "我家老房子翻建，村里和镇里说的不一样，到底该听谁的"


async def test_a_question_goes_to_a_person(talk: Talk) -> None:
    await talk.say("我要找工作人员")
    replies = await talk.say(QUESTION)

    (ticket,) = await talk.tickets()
    assert replies[-1]["key"] == "handoff_filed"
    assert ticket.kind is TicketKind.CONSULTATION
    assert ticket.summary == QUESTION


async def test_the_question_asked_before_is_offered(talk: Talk) -> None:
    await talk.say("在福清养狗要登记吗？")
    confirm = await talk.press("问工作人员")
    await talk.press("转给工作人员")

    (ticket,) = await talk.tickets()
    assert confirm[0]["key"] == "handoff_confirm"
    assert (ticket.summary, ticket.category) == ("在福清养狗要登记吗？", "dog")


async def test_sending_twice_files_once(talk: Talk) -> None:
    await talk.say("在福清养狗要登记吗？")
    confirm = await talk.press("问工作人员")
    await talk.press("转给工作人员")
    talk.last = confirm
    replies = await talk.press("转给工作人员")

    assert [reply["key"] for reply in replies] == ["handoff_already_sent"]
    assert len(await talk.tickets()) == 1


async def test_it_can_be_cancelled(talk: Talk) -> None:
    await talk.say("我要找工作人员")

    assert await talk.keys("算了") == ["handoff_cancelled"]
    assert await talk.tickets() == []
