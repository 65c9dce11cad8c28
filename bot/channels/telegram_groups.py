"""Groups: whoever addresses the bot gets the rule, and nothing of anybody's own.

What is said in a group is not stored, starts no flow and reaches no ticket: everybody there would read the
answer. For all but rules and danger there is a button that opens the private chat.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from telegram import MessageEntity, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import TelegramError

from actions import consult, emergency
from actions.base import CHINA, Reply
from actions.emergency_rules import find_emergency
from bot.channels.telegram_view import link_keyboard, pieces
from bot.security import RateLimiter
from bot.text_cleaning import clean, simplify
from bot.texts import render, text

if TYPE_CHECKING:
    from telegram import Bot
    from telegram import Message as TelegramMessage

    from bot.services import Services

log = structlog.get_logger()

MAX_REMEMBERED_UPDATES = 1_000


class GroupChats:
    """Answers in groups; keeps nothing but the numbers of the updates that it has answered."""

    def __init__(self, bot: Bot, services: Services) -> None:
        self._bot = bot
        self._services = services
        # Telegram takes 20 messages a minute to one group.
        self._limit = RateLimiter(burst=6, per_second=0.2)
        self._answered: OrderedDict[int, None] = OrderedDict()

    async def answer(self, update_id: int, message: TelegramMessage) -> None:
        """Answer if the bot was addressed, once. Doesn't raise for what Telegram refuses."""
        words = self._addressed_words(message)
        if words is None or update_id in self._answered or self._limit.take(str(message.chat.id)):
            return
        self._answered[update_id] = None
        while len(self._answered) > MAX_REMEMBERED_UPDATES:
            self._answered.popitem(last=False)
        try:
            await self._send(message, await self._reply_to(words))
        except TelegramError as error:
            log.warning("telegram_group_unanswered", error=type(error).__name__)

    def _addressed_words(self, message: TelegramMessage) -> str | None:
        """What was said to the bot: after its name, or in answer to it. None if it was not addressed."""
        words = message.text or message.caption or ""
        name = f"@{self._bot.username}".lower()
        kinds: list[str | None] = [MessageEntity.MENTION, MessageEntity.BOT_COMMAND]
        parse = message.parse_entities if message.text else message.parse_caption_entities
        found = parse(kinds).values() if words else ()
        named = [said for said in found if said.lower().endswith(name)]
        answered = message.reply_to_message
        is_reply = bool(answered and answered.from_user and answered.from_user.id == self._bot.id)
        if not named and not is_reply:
            return None
        for said in named:
            words = words.replace(said, " ")
        return words.strip()

    async def _reply_to(self, words: str) -> Reply | None:
        """The rule, or whom to call; None for what belongs into the private chat."""
        if kind := find_emergency(simplify(words)):
            return Reply(emergency.TEXTS.get(kind, "emergency_any"))
        asked = clean(words)
        if not asked:
            return None
        await self._services.ready()
        today = datetime.now(UTC).astimezone(CHINA).date()
        knowledge = self._services.knowledge
        found = await asyncio.to_thread(knowledge.answer, asked, as_of=today)
        if found.kind != "answer" or found.card is None:
            return None
        return consult.card_alone(knowledge, found)

    async def _send(self, message: TelegramMessage, reply: Reply | None) -> None:
        """All in one message, in answer to the one that asked."""
        private = link_keyboard(text("button_private"), f"https://t.me/{self._bot.username}")
        piece = pieces(render(reply if reply else Reply("group_private")))[0]
        await self._bot.send_message(
            message.chat.id,
            piece.html or piece.text,
            parse_mode=ParseMode.HTML if piece.html else None,
            reply_markup=private,
            reply_parameters=ReplyParameters(message.message_id, allow_sending_without_reply=True),
        )
