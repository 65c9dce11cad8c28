"""The officers' group on Telegram, over real HTTP against the fake Bot API."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from bot.app import running_task
from bot.channels.telegram import TelegramChannel
from bot.nlu_server import free_port
from bot.relay import Relay
from bot.services import Services
from bot.texts import text
from bot.understanding import UnderstandingClient
from tests.factories import make_conversation, make_officer, make_ticket
from tests.fakes import CHAT, TOKEN, BotApi
from tickets import staff_chat
from tickets.casework import find_ticket
from tickets.models import Message, Officer, Role, StaffTopic, Ticket
from tickets.service import TicketService
from tickets.workflow import Status

GROUP = -1001234567890
TOPIC = 501


@dataclass
class Group:
    """The group, one escalated ticket of 龙田's squad, and an officer of it."""

    api: BotApi
    channel: TelegramChannel
    services: Services
    officer: Officer
    ticket_no: str

    def write(self, words: str, *, topic: int | None = TOPIC, user: int = CHAT) -> int:
        """Somebody writes in the group."""
        parts: dict[str, Any] = {
            "chat": {"id": GROUP, "type": "supergroup", "is_forum": True},
            "from": {"id": user, "is_bot": False, "first_name": "林"},
        }
        if topic is not None:
            parts |= {"message_thread_id": topic, "is_topic_message": True}
        return self.api.write(words, **parts)

    async def said(self, count: int) -> list[str]:
        """What the bot has said in the group."""
        await self.api.wait_for("sendMessage", count)
        return [one["text"] for one in self.api.sent() if one["chat_id"] == GROUP]

    async def ticket(self) -> Ticket:
        async with self.services.database.reading() as session:
            return (await session.scalars(select(Ticket))).one()

    async def replies_with(self, words: str) -> int:
        """How many messages to citizens hold these words."""
        async with self.services.database.reading() as session:
            contents = await session.scalars(select(Message.content))
            return sum(words in str(content.get("text")) for content in contents)

    async def link(self) -> None:
        """The officer sends the code from the desk in private."""
        async with self.services.database.transaction() as session:
            code = await staff_chat.new_link_code(session, self.officer.id, datetime.now(UTC))
        before = len(self.api.sent())
        self.api.write(f"/link {code.lower()}")
        await self.api.wait_for("sendMessage", before + 1)


@pytest.fixture
async def group(services: Services, http: aiohttp.ClientSession) -> AsyncIterator[Group]:
    api = BotApi()
    server = await api.start()
    nlu = UnderstandingClient(f"http://127.0.0.1:{free_port()}", session=http)
    channel = TelegramChannel(
        TOKEN,
        Relay(services, nlu),
        services,
        api_url=str(server.make_url("")),
        poll_seconds=1,
        first_pause_seconds=0.05,
        timeout_seconds=1,
        staff_chat=GROUP,
    )
    assert channel.staff is not None
    async with services.database.transaction() as session:
        officer = await make_officer(session, department="squad_longtian")
        conversation = await make_conversation(session)
        filed = await make_ticket(
            session,
            Status.ASSIGNED,
            conversation_id=conversation.id,
            category="dog",
            summary="楼上的狗整夜叫，我的电话13800138000",
        )
        ticket = await find_ticket(session, filed.ticket_no)
        ticket.escalation_level, ticket.department = 1, "squad_longtian"
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(running_task(channel.run))
        yield Group(api, channel, services, officer, ticket.ticket_no)
    await server.close()


async def open_topic(group: Group) -> None:
    assert group.channel.staff is not None
    await group.channel.staff.tell_due()


async def test_an_escalated_ticket_becomes_a_topic_without_personal_data(group: Group) -> None:
    await open_topic(group)
    await open_topic(group)

    (created,) = group.api.sent("createForumTopic")
    assert created["chat_id"] == GROUP
    assert created["name"].startswith(group.ticket_no)
    (summary,) = await group.said(1)
    assert "整夜叫" in summary
    assert "13800138000" not in summary


async def test_a_linked_officers_words_reach_the_citizen_once(group: Group) -> None:
    await open_topic(group)
    await group.link()
    update = group.write("已经派人上门，请留意")
    await group.said(3)
    group.api.repeat(update)
    group.write("/help")
    said = await group.said(4)

    assert said[1:] == [text("staff_replied"), text("staff_help")]
    assert await group.replies_with("已经派人上门") == 1


async def test_commands_take_close_and_hand_back(group: Group) -> None:
    await open_topic(group)
    await group.link()

    group.write("/back 不是我们片区")
    group.write("/take@wenfa_bot")
    group.write("/close 狗主人已被教育")
    said = await group.said(5)

    assert said[1:] == [
        text("staff_handed_back"),
        text("staff_taken", name=group.officer.display_name),
        text("staff_closed"),
    ]
    ticket = await group.ticket()
    assert ticket.status is Status.RESOLVED
    assert ticket.officer_id == group.officer.id


async def test_a_stranger_in_the_group_changes_nothing(group: Group) -> None:
    await open_topic(group)

    group.write("/close 我是路人", user=4711)

    assert (await group.said(2))[1] == text("staff_unknown")
    assert (await group.ticket()).status is Status.ASSIGNED


@pytest.mark.parametrize(
    "change", [{"department": "squad_haikou"}, {"role": Role.KNOWLEDGE_EDITOR}, {"is_active": False}]
)
async def test_rights_follow_the_account(group: Group, change: dict[str, Any]) -> None:
    await open_topic(group)
    await group.link()
    async with group.services.database.transaction() as session:
        officer = await session.get(Officer, group.officer.id)
        for name, value in change.items():
            setattr(officer, name, value)

    group.write("这件事我来答")
    said = await group.said(3)

    assert said[1] in {text("staff_not_yours"), text("staff_unknown")}
    assert await group.replies_with("这件事我来答") == 0


async def test_closing_without_a_word_is_refused_and_said(group: Group) -> None:
    await open_topic(group)
    await group.link()

    group.write("/take")
    group.write("/close")
    said = await group.said(4)

    assert "要写说明" in said[2]
    assert (await group.ticket()).status is Status.IN_PROGRESS


async def test_news_of_the_ticket_come_into_its_topic(group: Group) -> None:
    await open_topic(group)
    async with group.services.database.transaction() as session:
        tickets = group.services.bound(TicketService, session, datetime.now(UTC))
        ticket = await group.ticket()
        await tickets.add_citizen_message(
            group.ticket_no, "狗又叫了，我住3栋502室", conversation_id=ticket.conversation_id or 0
        )

    await open_topic(group)

    said = await group.said(2)
    assert said[1].startswith("诉求人补充：狗又叫了")
    assert "502" not in said[1]


async def test_a_topic_that_telegram_refuses_is_opened_later(group: Group) -> None:
    group.api.fail("createForumTopic", 400, "Bad Request: not enough rights to create a topic")
    await open_topic(group)
    async with group.services.database.transaction() as session:
        topic = (await session.scalars(select(StaffTopic))).one()
        assert topic.topic_id is None
        topic.created_at -= timedelta(minutes=staff_chat.CLAIM_MINUTES + 1)

    await open_topic(group)

    assert len(group.api.sent("createForumTopic")) == 2
    async with group.services.database.reading() as session:
        assert (await session.scalars(select(StaffTopic.topic_id))).one() == TOPIC


async def test_a_code_is_good_once_and_for_minutes(group: Group) -> None:
    now = datetime.now(UTC)
    async with group.services.database.transaction() as session:
        code = await staff_chat.new_link_code(session, group.officer.id, now)
        late = now + timedelta(minutes=staff_chat.CODE_MINUTES)
        assert await staff_chat.use_link_code(session, code, 1, late) is None
        assert await staff_chat.use_link_code(session, code, 1, now) is not None
        assert await staff_chat.use_link_code(session, code, 2, now) is None
