"""转人工: a consultation ticket, answered in the same conversation."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.factories import make_officer, make_service
from tests.talk import Talk
from tickets.errors import ReviewRequired
from tickets.live import LiveDesk
from tickets.models import Conversation, Role
from tickets.values import Actor
from tickets.workflow import ActorKind, TicketKind

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


async def test_a_rule_that_names_only_a_category_holds_back_the_answer_to_a_question_from_a_chat(
    talk: Talk,
) -> None:
    """On the ticket's page and in the live talk; asking back and greeting is free."""
    plain = "自家楼顶也要先到窗口申请。"
    await talk.say("在自家楼顶加盖一层算不算违法建设")
    await talk.press("问工作人员")
    await talk.press("转给工作人员")
    (ticket,) = await talk.tickets()
    assert "illegal_construction" in ticket.categories
    async with talk.services.database.transaction() as session:
        officer = await make_officer(session, role=Role.LEGAL_ADVISER, department="legal")
        actor = Actor(ActorKind.OFFICER, str(officer.id), "安律师", role=Role.LEGAL_ADVISER)
        service, live = make_service(session), make_service(session).bound(LiveDesk)
        with pytest.raises(ReviewRequired) as caught:
            await service.reply(ticket.ticket_no, plain, actor=actor)
        assert caught.value.reasons == ["building"]
        await live.take_over(ticket.conversation_id or 0, actor=actor, ticket_no=ticket.ticket_no)
        with pytest.raises(ReviewRequired):
            await live.say(ticket.conversation_id or 0, plain, actor=actor)
        with pytest.raises(ReviewRequired):
            await live.hand_back(ticket.conversation_id or 0, plain, actor=actor, resolve=True)
        await live.say(ticket.conversation_id or 0, "您好！房子在哪个镇？", actor=actor)


async def test_a_question_that_waited_keeps_what_it_is_about(talk: Talk) -> None:
    await talk.say("在福清养狗要登记吗？")
    async with talk.services.database.transaction() as session:
        conversation = (await session.scalars(select(Conversation))).one()
        waiting = {"what": "楼顶加盖算违建吗", "category": "illegal_construction"}
        conversation.state = {**conversation.state, "held": waiting}

    await talk.say("转人工")
    await talk.press("转给工作人员")

    (ticket,) = await talk.tickets()
    assert (ticket.summary, ticket.category) == (waiting["what"], "illegal_construction")


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
