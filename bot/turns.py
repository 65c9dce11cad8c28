"""One turn: what a burst of messages means, the action that answers it, and all of it saved together.

Asking the NLU and the knowledge base happens outside any transaction. Then one transaction loads the
conversation, lets the action do its work, and saves state, tickets, replies and "handled" together, or not
at all.
"""

from __future__ import annotations

import asyncio
import copy
import secrets
from typing import TYPE_CHECKING

import structlog

from actions.base import CHINA, Reply, Turn, Understanding
from actions.dialogue import command_in, respond
from bot.gathering import as_one, problems_of, says_anything, words_of
from bot.missed import missed_in
from bot.text_cleaning import clean
from bot.texts import render
from knowledge_base.models import Answer
from tickets import conversations
from tickets.aftercare import Aftercare
from tickets.duplicates import Duplicates
from tickets.errors import BotError, DatabaseBusy
from tickets.files import keep_file
from tickets.live import LiveDesk
from tickets.models import Mode
from tickets.paper_drafts import PaperDrafts
from tickets.quality import collect
from tickets.service import TicketService
from tickets.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from actions.base import Outgoing
    from bot.services import Services
    from bot.understanding import UnderstandingClient
    from tickets import models

log = structlog.get_logger()


class Turns:
    """Takes bursts of stored messages through their turns.

    Attributes:
        nlu: what is asked for the meaning of words.
    """

    def __init__(self, services: Services, nlu: UnderstandingClient, now: Callable[[], datetime]) -> None:
        self._services = services
        self.nlu = nlu
        self._now = now

    async def take(self, burst: Sequence[models.Message]) -> None:
        """Answer a burst.

        Raises: DatabaseBusy and OperationalError, which may pass; whatever an action raises. Nothing is saved
        then.
        """
        await self._services.ready()
        conversation_id = burst[0].conversation_id
        _, written = command_in(words_of(burst))
        message_text = clean(written)
        understanding, answer = await self._understand(message_text, conversation_id)
        async with self._services.database.transaction() as session:
            conversation = await conversations.lock(session, conversation_id)
            if not await conversations.begin_turn(session, [stored.id for stored in burst]):
                return  # another process was quicker
            turn = self._turn(session, burst, conversation, message_text, understanding, answer)
            replies = [Reply(key) for key in problems_of(burst)]
            try:
                # A savepoint: what an action began before it was refused is not kept.
                async with session.begin_nested():
                    if says_anything(turn.message) or not replies:
                        replies += await respond(turn)
                    if missed := missed_in(turn, replies):
                        await collect(session, missed, turn.now)
                conversation.state = turn.state
            except DatabaseBusy:
                raise
            except BotError as error:
                log.info("turn_refused", message=burst[0].id, code=error.code)
                replies = [Reply(error.reply_key)]
            await self._keep_files(session, conversation_id, replies)
            await self._finish(session, burst, [render(reply) for reply in replies])

    def _turn(
        self,
        session: AsyncSession,
        burst: Sequence[models.Message],
        conversation: models.Conversation,
        text: str,
        understanding: Understanding,
        answer: Answer | None,
    ) -> Turn:
        now = self._now()
        return Turn(
            message=as_one(burst, conversation),
            text=text,
            understanding=understanding,
            answer=answer,
            # A deep copy: a change inside the loaded value would not be seen as a change, and not be saved.
            state=copy.deepcopy(conversation.state or {}),
            conversation_id=conversation.id,
            message_id=burst[-1].id,
            message_ids=tuple(stored.id for stored in burst),
            now=now,
            tickets=self._services.bound(TicketService, session, now),
            aftercare=self._services.bound(Aftercare, session, now),
            duplicates=self._services.bound(Duplicates, session, now),
            live=self._services.bound(LiveDesk, session, now),
            drafts=self._services.bound(PaperDrafts, session, now),
            topics=self._services.bound(Topics, session, now),
            is_with_officer=conversation.mode is Mode.OFFICER,
            knowledge=self._services.knowledge,
        )

    async def _understand(self, text: str, conversation_id: int) -> tuple[Understanding, Answer | None]:
        """What the NLU and the knowledge base make of a text, asked at the same time."""
        if not any(character.isalnum() for character in text):
            return Understanding(), None
        knowledge = self._services.knowledge
        today = self._now().astimezone(CHINA).date()
        # "那罚多少？" asks about the card that was shown last.
        card = knowledge.cards.get(await self._last_card(conversation_id))
        context = Answer("answer", "", card=card) if card else None
        understanding, answer = await asyncio.gather(
            self.nlu.parse(text), asyncio.to_thread(knowledge.answer, text, as_of=today, context=context)
        )
        return understanding, answer

    async def _last_card(self, conversation_id: int) -> str:
        async with self._services.database.reading() as session:
            return str((await conversations.state_of(session, conversation_id)).get("card", ""))

    async def _keep_files(
        self, session: AsyncSession, conversation_id: int, replies: Sequence[Reply]
    ) -> None:
        for file in (reply.file for reply in replies if reply.file is not None):
            await keep_file(
                session,
                self._services.vault,
                conversation_id,
                name=file.name,
                media_type=file.media_type,
                content=file.content,
                now=self._now(),
            )

    async def _finish(
        self, session: AsyncSession, burst: Sequence[models.Message], replies: list[Outgoing]
    ) -> None:
        now = self._now()
        conversation_id = burst[0].conversation_id
        for reply in replies:
            await conversations.post(session, conversation_id, reply.as_json(), sender="assistant", now=now)
        await conversations.mark_handled(session, [stored.id for stored in burst], now)

    async def apologise(self, burst: Sequence[models.Message]) -> None:
        """Tell the citizen that something went wrong, with a number to quote; the exception under way is
        logged under it.
        """
        incident = secrets.token_hex(4)
        log.exception(
            "turn_failed", incident=incident, conversation=burst[0].conversation_id, message=burst[0].id
        )
        apology = render(Reply("internal_error", {"incident": incident}))
        async with self._services.database.transaction() as session:
            await self._finish(session, burst, [apology])
