"""One turn of a conversation, from what a citizen sent to the replies in the outbox.

A message is stored before anything else happens, in a transaction of its own: from then on it can't be lost.
What it means is asked outside any transaction. Then one transaction loads the conversation, lets the action
do its work, and saves state, tickets, replies and "handled" together, or not at all. A crash in between
leaves the message unhandled; the next start takes it up again.
"""

from __future__ import annotations

import asyncio
import copy
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.exc import OperationalError

from actions.base import CHINA, Location, Message, Reply, Turn, Understanding
from actions.dialogue import command_in, respond
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
from tickets.service import TicketService

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from actions.base import Outgoing
    from bot.services import Services
    from bot.understanding import UnderstandingClient
    from tickets import models

log = structlog.get_logger()

MAX_TEXT_CHARACTERS = 10_000
# A locked database is a passing thing; the message is stored and can wait.
ATTEMPTS = 4
FIRST_WAIT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Received:
    """That a message is stored. `message_id` is None when it was stored before."""

    message_id: int | None
    conversation_id: int
    is_duplicate: bool


def utc_now() -> datetime:
    """This moment, aware."""
    return datetime.now(UTC)


class Relay:
    """Takes messages from all channels through their turns, in order within each conversation.

    Args:
        on_replies: called after a commit that put messages into the outbox.
        now: the clock, for tests.
    """

    def __init__(
        self,
        services: Services,
        nlu: UnderstandingClient,
        *,
        on_replies: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._services = services
        self._nlu = nlu
        self._on_replies = on_replies
        self._now = now
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()

    async def receive(self, message: Message) -> Received:
        """Store a message and start its turn. When this returns, the message is safe."""
        now = self._now()
        async with self._services.database.transaction() as session:
            conversation = await conversations.open_conversation(
                session, message.channel, message.address, now
            )
            stored = await conversations.receive(
                session, conversation, message.update_id, _content(message), now
            )
            conversation_id, message_id = conversation.id, stored.id if stored else None
        self._work_on(conversation_id)
        return Received(message_id, conversation_id, stored is None)

    async def resume(self, channels: Sequence[str]) -> None:
        """Take up the messages that a crash left unhandled on these channels."""
        async with self._services.database.reading() as session:
            stored = await conversations.unhandled(session, channels=channels)
        waiting = {message.conversation_id for message in stored}
        for conversation_id in waiting:
            self._work_on(conversation_id)

    async def idle(self) -> None:
        """Wait until no turn is under way."""
        while self._workers:
            await asyncio.gather(*self._workers.values(), return_exceptions=True)

    def wake_outbox(self) -> None:
        """Have the outbox looked at now; the desk calls this after a commit."""
        self._on_replies()

    def _work_on(self, conversation_id: int) -> None:
        """One worker for each conversation keeps its messages in order."""
        if conversation_id in self._workers:
            self._again.add(conversation_id)
            return
        self._workers[conversation_id] = asyncio.create_task(self._work(conversation_id))

    async def _work(self, conversation_id: int) -> None:
        try:
            while True:
                self._again.discard(conversation_id)
                async with self._services.database.reading() as session:
                    waiting = await conversations.unhandled(session, conversation_id)
                for message in waiting:
                    await self._handle(message)
                if not waiting and conversation_id not in self._again:
                    return
        except Exception:
            log.exception("conversation_stuck", conversation=conversation_id)
        finally:
            del self._workers[conversation_id]

    async def _handle(self, stored: models.Message) -> None:
        """Take one stored message through its turn; an unexpected error is told to the citizen with a number
        to quote.
        """
        for attempt in range(ATTEMPTS):
            try:
                await self._take_turn(stored)
                break
            except (OperationalError, DatabaseBusy):
                log.warning("database_busy", message=stored.id, attempt=attempt)
                await asyncio.sleep(FIRST_WAIT_SECONDS * 2**attempt)
            except Exception:
                await self._apologise(stored)
                break
        else:
            await self._apologise(stored)
        self._on_replies()

    async def _take_turn(self, stored: models.Message) -> None:
        await self._services.ready()
        _, written = command_in(str(stored.content.get("text", "")))
        message_text = clean(written)
        understanding, answer = await self._understand(message_text, stored.conversation_id)
        async with self._services.database.transaction() as session:
            conversation = await conversations.lock(session, stored.conversation_id)
            if await conversations.begin_turn(session, stored.id) is None:
                return  # another process was quicker
            turn = self._turn(session, stored, conversation, message_text, understanding, answer)
            try:
                # A savepoint: what an action began before it was refused is not kept.
                async with session.begin_nested():
                    replies = await respond(turn)
                conversation.state = turn.state
            except DatabaseBusy:
                raise
            except BotError as error:
                log.info("turn_refused", message=stored.id, code=error.code)
                replies = [Reply(error.reply_key)]
            await self._keep_files(session, stored.conversation_id, replies)
            await self._finish(
                session, stored.id, stored.conversation_id, [render(reply) for reply in replies]
            )

    def _turn(
        self,
        session: AsyncSession,
        stored: models.Message,
        conversation: models.Conversation,
        text: str,
        understanding: Understanding,
        answer: Answer | None,
    ) -> Turn:
        now = self._now()
        return Turn(
            message=_message(stored, conversation),
            text=text,
            understanding=understanding,
            answer=answer,
            # A deep copy: a change inside the loaded value would not be seen as a change, and not be saved.
            state=copy.deepcopy(conversation.state or {}),
            conversation_id=conversation.id,
            message_id=stored.id,
            now=now,
            tickets=self._services.bound(TicketService, session, now),
            aftercare=self._services.bound(Aftercare, session, now),
            duplicates=self._services.bound(Duplicates, session, now),
            live=self._services.bound(LiveDesk, session, now),
            drafts=self._services.bound(PaperDrafts, session, now),
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
            self._nlu.parse(text), asyncio.to_thread(knowledge.answer, text, as_of=today, context=context)
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
        self, session: AsyncSession, message_id: int, conversation_id: int, replies: list[Outgoing]
    ) -> None:
        now = self._now()
        for reply in replies:
            await conversations.post(session, conversation_id, reply.as_json(), sender="assistant", now=now)
        await conversations.mark_handled(session, message_id, now)

    async def _apologise(self, stored: models.Message) -> None:
        incident = secrets.token_hex(4)
        log.exception(
            "turn_failed", incident=incident, conversation=stored.conversation_id, message=stored.id
        )
        apology = render(Reply("internal_error", {"incident": incident}))
        async with self._services.database.transaction() as session:
            await self._finish(session, stored.id, stored.conversation_id, [apology])


def _content(message: Message) -> dict[str, Any]:
    """The JSON that the message table keeps of what a citizen sent."""
    content: dict[str, Any] = {"text": message.text[:MAX_TEXT_CHARACTERS]}
    for name in ("payload", "label", "photo"):
        if value := getattr(message, name):
            content[name] = value
    if message.location:
        content["location"] = asdict(message.location)
    return content


def _message(stored: models.Message, conversation: models.Conversation) -> Message:
    """The inverse of `_content`."""
    content = stored.content
    return Message(
        channel=conversation.channel,
        address=conversation.address,
        update_id=stored.update_id or "",
        text=content.get("text", ""),
        payload=content.get("payload"),
        label=content.get("label"),
        photo=content.get("photo"),
        location=Location(**content["location"]) if "location" in content else None,
    )
