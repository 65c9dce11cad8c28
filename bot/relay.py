"""From what a citizen sent to the replies in the outbox, in order within each conversation.

A message is stored before anything else happens, in a transaction of its own: from then on it can't be lost.
Messages that come in one burst are one turn (`bot/gathering.py`), which `bot/turns.py` takes. A crash in
between leaves the message unhandled; the next start takes it up again.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import OperationalError

from bot.gathering import Patience, content_of, is_on_its_way, next_burst
from bot.media import MediaIntake
from bot.turns import Turns
from tickets import conversations, models, outbox
from tickets.errors import DatabaseBusy
from tickets.transcript import conversation_id_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from actions.base import Message
    from bot.services import Services
    from bot.understanding import UnderstandingClient

log = structlog.get_logger()

# A locked database is a passing thing; the message is stored and can wait.
ATTEMPTS = 4
FIRST_WAIT_SECONDS = 0.2
# Whoever waits looks again after this long, though nobody called: another process may have been quicker.
LONGEST_WAIT_SECONDS = 10.0


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
        patience: how long to wait for the rest of what somebody is writing; none by default.
        on_turn: called with channel and address when somebody has written whom the assistant will answer.
    """

    def __init__(
        self,
        services: Services,
        nlu: UnderstandingClient,
        *,
        on_replies: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = utc_now,
        patience: Patience | None = None,
        on_turn: Callable[[str, str], None] = lambda channel, address: None,
    ) -> None:
        self._services = services
        self._on_replies = on_replies
        self._now = now
        self.turns = Turns(services, nlu, now)
        self._patience = patience or Patience()
        self._on_turn = on_turn
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._news: dict[int, asyncio.Event] = {}
        self.media = MediaIntake(services)

    async def receive(self, message: Message) -> Received:
        """Store a message and start its turn. When this returns, the message is safe."""
        now = self._now()
        async with self._services.database.transaction() as session:
            conversation = await conversations.open_conversation(
                session, message.channel, message.address, now
            )
            stored = await conversations.receive(
                session, conversation, message.update_id, content_of(message), now
            )
            conversation_id, message_id = conversation.id, stored.id if stored else None
            is_ours = conversation.mode is models.Mode.ASSISTANT
        if message_id is not None and is_ours:
            self._on_turn(message.channel, message.address)
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

    async def left(self, channel: str, address: str) -> None:
        """The citizen blocked us or unsubscribed: deliver nothing until they write again."""
        now = self._now()
        async with self._services.database.transaction() as session:
            conversation_id = await conversation_id_at(session, channel, address)
            if conversation_id is not None:
                await outbox.recipient_gone(session, conversation_id, now)

    def _work_on(self, conversation_id: int) -> None:
        """One worker for each conversation keeps its messages in order."""
        if conversation_id in self._workers:
            self._news[conversation_id].set()
            return
        self._news[conversation_id] = asyncio.Event()
        self._workers[conversation_id] = asyncio.create_task(self._work(conversation_id))

    async def _work(self, conversation_id: int) -> None:
        news = self._news[conversation_id]
        fetching: dict[int, asyncio.Task[None]] = {}
        try:
            while True:
                news.clear()
                waiting = await self._waiting(conversation_id)
                if not waiting and not news.is_set():
                    return
                for message in waiting:
                    task = fetching.get(message.id)
                    if is_on_its_way(message.content) and (task is None or task.done()):
                        fetching[message.id] = asyncio.create_task(self._fetch(message, news))
                await self._step(waiting, news)
        except Exception:
            log.exception("conversation_stuck", conversation=conversation_id)
        finally:
            for task in fetching.values():
                task.cancel()
            del self._workers[conversation_id], self._news[conversation_id]

    async def _step(self, waiting: Sequence[models.Message], news: asyncio.Event) -> None:
        """Take the next turn, or wait for what may still belong to it."""
        if not waiting:
            return
        burst = next_burst(waiting, self._now(), self._patience)
        if not burst.wait_seconds:
            await self._handle(burst.messages)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(burst.wait_seconds, LONGEST_WAIT_SECONDS)):
                await news.wait()

    async def _waiting(self, conversation_id: int) -> Sequence[models.Message]:
        async with self._services.database.reading() as session:
            return await conversations.unhandled(session, conversation_id)

    async def _fetch(self, message: models.Message, news: asyncio.Event) -> None:
        """Fetch a message's photo or recording. A failure of the database is met by fetching again."""
        try:
            await self.media.settle(message, self._now())
        except Exception:
            log.exception("media_not_settled", message=message.id)
        news.set()

    async def _handle(self, burst: Sequence[models.Message]) -> None:
        """Take a burst through its turn; an unexpected error is told to the citizen with a number to
        quote.
        """
        for attempt in range(ATTEMPTS):
            try:
                await self.turns.take(burst)
                break
            except (OperationalError, DatabaseBusy):
                log.warning("database_busy", message=burst[0].id, attempt=attempt)
                await asyncio.sleep(FIRST_WAIT_SECONDS * 2**attempt)
            except Exception:
                await self.turns.apologise(burst)
                break
        else:
            await self.turns.apologise(burst)
        self._on_replies()
