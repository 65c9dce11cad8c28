"""What an officer is told of how their words travelled, and an editor of a campaign's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.broadcast import content
from bot.services import Services
from tests.bot.desk.browsing import Browser
from tests.factories import NOW, make_conversation, make_service, make_ticket
from tickets import outbox
from tickets.campaigns import send_due
from tickets.models import Campaign, Officer, OutboxItem, Role
from tickets.topics import Topics
from tickets.values import Actor
from tickets.workflow import ActorKind

LIN = Actor(ActorKind.OFFICER, "1", "林国强", role=Role.OFFICER, department="squad_longtian")
Happens = Callable[[AsyncSession, OutboxItem], Awaitable[None]]

OUTCOMES: dict[str, Happens] = {
    "已送达": lambda session, item: outbox.delivered(session, item.id, NOW),
    "等待送达": lambda session, item: outbox.failed(session, item.id, "busy", NOW, NOW + timedelta(hours=1)),
    "等诉求人再来消息时送达": lambda session, item: outbox.wait_for_citizen(session, item.id, NOW),
    "没有送达：诉求人已不在这个渠道": lambda session, item: outbox.recipient_gone(
        session, item.conversation_id, NOW
    ),
    "没有送达": lambda session, item: outbox.failed(session, item.id, "errcode 45002", NOW, None),
}


@pytest.mark.parametrize("label", OUTCOMES)
async def test_an_officer_sees_how_the_reply_travelled(
    signed_in: Browser, parts: Services, label: str
) -> None:
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, "wechat", "follower", NOW)
        filed = await make_ticket(session, conversation_id=conversation.id)
        await make_service(session).reply(filed.ticket_no, "明天上午去看", actor=LIN)
        item = (await session.scalars(select(OutboxItem).order_by(OutboxItem.id.desc()).limit(1))).one()
        await OUTCOMES[label](session, item)

    page = await signed_in.get(f"/tickets/{filed.ticket_no}")

    assert f">{label}</p>" in page.text


async def test_a_campaigns_page_counts_what_arrived(
    browser: Browser, parts: Services, administrator: Officer
) -> None:
    async with parts.database.transaction() as session:
        topics = parts.bound(Topics, session, NOW)
        for number in range(4):
            conversation = await make_conversation(session, address=f"visitor-{number}")
            await topics.subscribe(conversation.id, "law")
        session.add(
            Campaign(
                topic="law",
                title="宪法宣传周",
                text="宪法管什么？",
                written_by_id=administrator.id,
                created_at=NOW,
                state="scheduled",
                scheduled_at=NOW,
            )
        )
        await session.flush()
        await send_due(session, NOW, content, 10)
        first, second, third, _waiting = await outbox.claim(session, NOW)
        await outbox.delivered(session, first.item_id, NOW)
        await outbox.recipient_gone(session, second.conversation_id, NOW)
        await outbox.failed(session, third.item_id, "errcode 45002", NOW, None)
    await browser.sign_in("chen")

    page = await browser.get("/campaigns/1")

    numbers = ("已发", "送达", "已拉黑或注销", "没有发成", "从这条退订")
    shown = [page.text.partition(f"<dt>{name}</dt><dd>")[2].partition("<")[0] for name in numbers]
    assert shown == ["4", "1", "1", "1", "0"]
