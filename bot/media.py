"""Photos and recordings that a channel's server still holds: fetched after their message is stored.

Fetching may fail or take long, so it happens outside any transaction, and what came of it is written into the
stored message: a photo's hash, a recording's hash, or the key of a text that says why there is neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import structlog

from actions.base import Location
from bot.gathering import media_of
from tickets import conversations
from tickets.errors import PhotoRejected, RecordingRejected
from tickets.recordings import keep_recording

if TYPE_CHECKING:
    from datetime import datetime

    from actions.base import Media
    from bot.services import Services
    from tickets import models
    from tickets.photos import StoredPhoto

log = structlog.get_logger()

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.5
# For all attempts together; what takes longer counts as failed, and the citizen is asked to send it again.
LONGEST_SECONDS = 25.0

Fetch = Callable[["Media"], Awaitable[bytes]]


class MediaUnavailable(Exception):
    """The channel will never hand it out: gone, or larger than we take.

    Attributes:
        reason: "too_large" or "failed".
    """

    def __init__(self, reason: str = "failed") -> None:
        super().__init__(reason)
        self.reason = reason


class MediaIntake:
    """Fetches from the channels that registered themselves."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sources: dict[str, Fetch] = {}

    def add_source(self, channel: str, fetch: Fetch) -> None:
        """Have `fetch` called for the messages of that channel.

        It raises MediaUnavailable, or anything else for what may succeed the next time.
        """
        self._sources[channel] = fetch

    async def settle(self, stored: models.Message, now: datetime) -> None:
        """Fetch what the message refers to and write the outcome into it. Doesn't raise, unless the
        database does.
        """
        channel, media = media_of(stored.content)
        found: dict[str, Any] = {"problem": f"{media.kind}_failed"}
        content: bytes | None = None
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                content = await self._fetch(channel, media)
            if media.kind == "photo":
                photo = await asyncio.to_thread(self._services.photos.save, content)
                found = {"photo": photo.sha256, "photo_place": _place_of(photo)}
        except MediaUnavailable as error:
            found = {"problem": f"{media.kind}_{error.reason}"}
        except PhotoRejected as error:
            found = {"problem": error.reply_key}
        except Exception as error:
            log.warning("media_failed", channel=channel, message=stored.id, error=type(error).__name__)
        async with self._services.database.transaction() as session:
            if media.kind == "voice" and content is not None:
                try:
                    sha256 = await keep_recording(
                        session, self._services.vault, stored.conversation_id, content, now
                    )
                    found = {"recording": sha256}
                except RecordingRejected as error:
                    found = {"problem": error.reply_key}
            await conversations.settle_media(session, stored.id, found)

    async def _fetch(self, channel: str, media: Media) -> bytes:
        fetch = self._sources.get(channel)
        if fetch is None:
            raise MediaUnavailable
        for attempt in range(ATTEMPTS - 1):
            try:
                return await fetch(media)
            except MediaUnavailable:
                raise
            except Exception as error:
                log.info("media_again", channel=channel, error=type(error).__name__)
                await asyncio.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
        return await fetch(media)


def _place_of(photo: StoredPhoto) -> dict[str, Any] | None:
    return asdict(Location(*photo.gps)) if photo.gps else None
