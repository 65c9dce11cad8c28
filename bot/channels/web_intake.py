"""The way in for what a browser sends: limits first, then the relay, then the conversation's other pages."""

from __future__ import annotations

import asyncio
import math
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from actions.base import Location, Message
from bot.channels.web_frames import shown_content
from bot.channels.web_sockets import Listener, Listeners
from bot.security import RateLimiter
from bot.typedefs import RELAY, SERVICES
from tickets import transcript

if TYPE_CHECKING:
    from bot.relay import Received
    from tickets.photos import StoredPhoto

log = structlog.get_logger()

RETRY_SECONDS = 5
# Decoding takes memory and a processor; citizens' words must get through meanwhile.
MAX_DECODED_AT_ONCE = 2


class SlowDown(Exception):
    """Too much at once; nothing was kept.

    Attributes:
        seconds: when to try again.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class NotStored(Exception):
    """The message could not be stored; it may be sent again as it is.

    Attributes:
        incident: the number under which the cause is in the log.
    """

    def __init__(self, incident: str) -> None:
        super().__init__(incident)
        self.incident = incident


@dataclass(frozen=True, slots=True)
class Taken:
    """Where a message is stored, now or since it came the first time."""

    message_id: int
    conversation_id: int


class Intake:
    """Takes messages from browsers."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners
        # People write slower than this; a queue that was kept offline drains at this pace.
        self._by_address = RateLimiter(burst=12, per_second=0.5)
        # Generous, because a mobile network shows many people under one address.
        self._by_network = RateLimiter(burst=120, per_second=4)
        self._photos = RateLimiter(burst=10, per_second=1 / 6)
        self._decoding = asyncio.Semaphore(MAX_DECODED_AT_ONCE)

    def check_rate(self, address: str, network: str | None, *, is_photo: bool = False) -> None:
        """Count one message.

        Raises: SlowDown.
        """
        limiter = self._photos if is_photo else self._by_address
        wait = limiter.take(address) or self._by_network.take(network)
        if wait:
            raise SlowDown(math.ceil(wait))

    async def keep_photo(self, app: web.Application, photo: bytes) -> dict[str, Any]:
        """Put a photo into the store and return the parts of a message that it makes.

        Raises: PhotoRejected; NotStored, when the disk refused it.
        """
        try:
            async with self._decoding:
                stored = await asyncio.to_thread(app[SERVICES].photos.save, photo)
        except OSError as error:
            raise NotStored(_log_incident("photo_not_stored")) from error
        return photo_parts(stored)

    async def take(self, app: web.Application, message: Message, *, origin: Listener | None = None) -> Taken:
        """Hand a message to the relay and show it on the conversation's other pages.

        Args:
            origin: the page it came from, which shows it already.

        Raises: NotStored.
        """
        try:
            received = await app[RELAY].receive(message)
            stored_id = await self._id_of(app, message, received)
        except Exception as error:
            raise NotStored(_log_incident("message_not_stored")) from error
        if not received.is_duplicate:
            await self._listeners.push(message.address, _as_frame(message, stored_id), but=origin)
        return Taken(stored_id, received.conversation_id)

    async def _id_of(self, app: web.Application, message: Message, received: Received) -> int:
        if received.message_id is not None:
            return received.message_id
        async with app[SERVICES].database.reading() as session:
            stored_id = await transcript.message_id_of(session, received.conversation_id, message.update_id)
        if stored_id is None:
            raise LookupError("a duplicate of nothing")
        return stored_id


def photo_parts(stored: StoredPhoto) -> dict[str, Any]:
    """The parts of a message with a photo: the photo, and where it was taken if it says so."""
    return {"photo": stored.sha256, "photo_place": Location(*stored.gps) if stored.gps else None}


def _log_incident(event: str) -> str:
    """Log the exception under way and return the number that it is logged under."""
    incident = secrets.token_hex(4)
    log.exception(event, incident=incident)
    return incident


def _as_frame(message: Message, message_id: int) -> dict[str, Any]:
    content = {
        "text": message.text,
        "label": message.label,
        "payload": message.payload,
        "photo": message.photo,
        "location": asdict(message.location) if message.location else None,
    }
    shown = {
        "id": message_id,
        "from": "citizen",
        "client_id": message.update_id,
        "at": datetime.now(UTC).isoformat(),
        **shown_content(content),
    }
    return {"type": "message", "message": shown}
