"""Telegram for staff: a forum group in which each escalated ticket is a topic.

What an officer writes there goes to the citizen, with that officer's rights; commands take, close and hand
back. What stands in the group is masked, because it lies on servers that aren't ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog
from telegram.error import TelegramError

from bot.desk.context import actor_of, reach_of
from bot.desk.errors import text_for
from bot.desk.permissions import Permission, may
from bot.privacy import mask
from bot.relay import utc_now
from bot.texts import text
from tickets import staff_chat
from tickets.categories import CATEGORIES
from tickets.errors import BotError
from tickets.models import EntryKind
from tickets.oversight import Oversight
from tickets.workflow import ALLOWED, ActorKind, Status

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from telegram import Bot
    from telegram import Message as TelegramMessage

    from bot.services import Services
    from tickets.models import Entry, Officer, Ticket
    from tickets.values import Actor

log = structlog.get_logger()

PAUSE_SECONDS = 5.0
MAX_REPLY = 2_000
MAX_SUMMARY = 600
# A topic's name has at most 128 characters.
MAX_TOPIC_NAME = 100
_LABELS = {
    EntryKind.CITIZEN_MESSAGE: "诉求人补充",
    EntryKind.REPLY: "答复",
    EntryKind.NOTE: "内部备注",
    EntryKind.ASSIGNMENT: "转办",
    EntryKind.URGE: "催办",
    EntryKind.SUPERVISION: "督办",
    EntryKind.ESCALATION: "升级提醒",
    EntryKind.EXTENSION: "延期",
    EntryKind.HAND_BACK: "退单",
    EntryKind.RULING: "审定",
    EntryKind.RATING: "评价",
}

Work = Callable[["AsyncSession", "Ticket", "Actor", "Officer", str], Awaitable[str]]


class StaffGroup:
    """One forum group.

    Args:
        chat_id: of the group.
        on_replies: called after a commit that put messages into the outbox.
    """

    def __init__(
        self, bot: Bot, services: Services, chat_id: int, *, on_replies: Callable[[], None] = lambda: None
    ) -> None:
        self._bot = bot
        self._services = services
        self.chat_id = chat_id
        self._on_replies = on_replies
        self._commands: dict[str, Work] = {
            "/take": self._take_ticket,
            "/close": self._close,
            "/back": self._hand_back,
        }

    async def run(self) -> None:
        """Open topics and tell news until cancelled."""
        while True:
            try:
                await self.tell_due()
            except Exception:
                log.exception("staff_group_failed")
            await asyncio.sleep(PAUSE_SECONDS)

    async def tell_due(self) -> None:
        """Open the topics that are missing and tell what is new in the others."""
        while await self._open_topic():
            pass
        await self._tell_news()

    async def take(self, update_id: int, message: TelegramMessage) -> None:
        """Act on what was written in a topic. What is no topic of ours is passed over."""
        sender, topic_id = message.from_user, message.message_thread_id
        words = (message.text or "").strip()
        if sender is None or sender.is_bot or topic_id is None or not words:
            return
        answer = await self._act(update_id, topic_id, sender.id, words)
        if answer:
            self._on_replies()
            await self._say(topic_id, answer)

    async def link(self, code: str, telegram_user_id: int) -> str:
        """Link an account by the code that it sent in private. Returns what to answer."""
        async with self._services.database.transaction() as session:
            officer = await staff_chat.use_link_code(session, code, telegram_user_id, utc_now())
        return text("staff_linked", name=officer.display_name) if officer else text("staff_code_wrong")

    async def _act(self, update_id: int, topic_id: int, user_id: int, words: str) -> str | None:
        try:
            async with self._services.database.transaction() as session:
                found = await staff_chat.topic_at(session, self.chat_id, topic_id)
                if found is None or update_id <= found[0].last_update_id:
                    return None
                topic, ticket = found
                topic.last_update_id = update_id
                officer = await staff_chat.officer_of(session, user_id)
                if officer is None:
                    return text("staff_unknown")
                if not may(officer.role, Permission.WORK_TICKETS) or not reach_of(officer).covers(ticket):
                    return text("staff_not_yours")
                answer = await self._work(session, ticket, officer, words)
                # Whoever wrote it sees it already.
                topic.told_entry = ticket.entry_count
                return answer
        except BotError as error:
            return text_for(error)

    async def _work(self, session: AsyncSession, ticket: Ticket, officer: Officer, words: str) -> str:
        command, _, rest = words.partition(" ")
        command = command.partition("@")[0].lower()
        if not command.startswith("/"):
            return await self._reply(session, ticket, actor_of(officer), officer, words)
        work = self._commands.get(command)
        if work is None:
            return text("staff_help")
        return await work(session, ticket, actor_of(officer), officer, rest.strip())

    async def _reply(
        self, session: AsyncSession, ticket: Ticket, actor: Actor, officer: Officer, words: str
    ) -> str:
        if len(words) > MAX_REPLY:
            return text("staff_too_long", most=MAX_REPLY)
        await self._services.tickets(session, utc_now()).reply(ticket.ticket_no, words, actor=actor)
        return text("staff_replied")

    async def _take_ticket(
        self, session: AsyncSession, ticket: Ticket, actor: Actor, officer: Officer, words: str
    ) -> str:
        tickets = self._services.tickets(session, utc_now())
        await tickets.assign(ticket.ticket_no, officer_id=officer.id, actor=actor)
        if Status.IN_PROGRESS in ALLOWED[ticket.status]:
            await tickets.change_status(ticket.ticket_no, Status.IN_PROGRESS, actor=actor)
        return text("staff_taken", name=officer.display_name)

    async def _close(
        self, session: AsyncSession, ticket: Ticket, actor: Actor, officer: Officer, words: str
    ) -> str:
        tickets = self._services.tickets(session, utc_now())
        await tickets.change_status(ticket.ticket_no, Status.RESOLVED, actor=actor, note=words)
        return text("staff_closed")

    async def _hand_back(
        self, session: AsyncSession, ticket: Ticket, actor: Actor, officer: Officer, words: str
    ) -> str:
        oversight = self._services.bound(Oversight, session, utc_now())
        await oversight.hand_back(ticket.ticket_no, words, actor=actor)
        return text("staff_handed_back")

    async def _open_topic(self) -> bool:
        """Open one topic. Returns whether there may be more."""
        async with self._services.database.transaction() as session:
            ticket = await staff_chat.claim_ticket(session, self.chat_id, utc_now())
        if ticket is None:
            return False
        category = CATEGORIES[ticket.category].name if ticket.category in CATEGORIES else ticket.category
        try:
            topic = await self._bot.create_forum_topic(
                self.chat_id, f"{ticket.ticket_no} {category}"[:MAX_TOPIC_NAME]
            )
        except TelegramError as error:
            log.warning("staff_topic_not_opened", error=type(error).__name__)
            return False
        async with self._services.database.transaction() as session:
            await staff_chat.topic_opened(session, ticket.id, topic.message_thread_id, ticket.entry_count)
        await self._say(topic.message_thread_id, self._summary(ticket))
        return True

    def _summary(self, ticket: Ticket) -> str:
        place = mask(str((ticket.place or {}).get("text") or "没有写"))
        return text(
            "staff_summary",
            ticket_no=ticket.ticket_no,
            department=self._services.routing.department(ticket.department).name,
            place=place,
            summary=mask(ticket.summary)[:MAX_SUMMARY],
        )

    async def _tell_news(self) -> None:
        async with self._services.database.transaction() as session:
            told = []
            for topic, ticket in await staff_chat.topics_with_news(session):
                entries = await staff_chat.entries_after(session, ticket.id, topic.told_entry)
                topic.told_entry = ticket.entry_count
                told += [(topic.topic_id, _told(entry)) for entry in entries]
        for topic_id, words in told:
            if topic_id is not None:
                await self._say(topic_id, words)

    async def _say(self, topic_id: int, words: str) -> None:
        """Say it in the topic. What can't be said is still on the desk."""
        try:
            await self._bot.send_message(self.chat_id, words, message_thread_id=topic_id)
        except TelegramError as error:
            log.warning("staff_message_not_sent", error=type(error).__name__)


def _told(entry: Entry) -> str:
    label = entry.to_status.label if entry.to_status else _LABELS.get(entry.kind, "更新")
    name = entry.actor_name if entry.actor_kind is ActorKind.OFFICER else ""
    who = f"（{name}）" if name else ""
    return f"{label}{who}：{mask(entry.text)[:MAX_SUMMARY]}" if entry.text else f"{label}{who}"
