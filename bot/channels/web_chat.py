"""The chat's WebSocket. Whatever a page sends, it gets an answer and stays connected."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiohttp import WSMsgType, web
from sqlalchemy.ext.asyncio import AsyncSession

from actions.base import Message
from bot.channels.web_frames import (
    CHANNEL_NAME,
    MAX_FRAME_BYTES,
    MAX_PAGE_TEXT,
    ClientFrame,
    FrameRefused,
    Older,
    Ping,
    Seen,
    Typing,
    error_frame,
    read_frame,
    shown,
)
from bot.channels.web_intake import RETRY_SECONDS, Intake, NotStored, SlowDown
from bot.channels.web_session import address_of, token_of
from bot.channels.web_sockets import MAX_PAGES_OF_CONVERSATION, Listeners, Page
from bot.security import RateLimiter, client_network, is_same_origin
from bot.typedefs import SERVICES, SETTINGS, TYPING
from tickets import transcript
from tickets.models import Message as StoredMessage

HEARTBEAT_SECONDS = 30.0
HISTORY_LENGTH = 50
# A page that missed more than this gets the newest messages instead of the gap.
MAX_MISSED = 150
# Close codes of our own, which tell the page what to do.
NO_SESSION = 4401
TOO_MANY_PAGES = 4429


class ChatSocket:
    """The handler of /chat/socket."""

    def __init__(self, listeners: Listeners, intake: Intake) -> None:
        self._listeners = listeners
        self._intake = intake
        self._frames = RateLimiter(burst=60, per_second=10)

    async def open(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one page for as long as it is open.

        `?after=` is the newest message that the page has: it gets what came later, else the newest of all.
        """
        # A browser always says where a socket comes from; without the word it isn't one of our pages.
        if "Origin" not in request.headers or not is_same_origin(request, request.app[SETTINGS]):
            raise web.HTTPForbidden
        # Compression costs some 300 KiB for each connection and saves little on short frames.
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS, max_msg_size=MAX_FRAME_BYTES, compress=False
        )
        await socket.prepare(request)
        token = token_of(request)
        if token is None:
            await socket.close(code=NO_SESSION)
            return socket
        page = Page(socket, address_of(token), client_network(request))
        if self._listeners.count(page.address) >= MAX_PAGES_OF_CONVERSATION:
            await page.close(TOO_MANY_PAGES)
            return socket
        # Listen first, read the history second: what comes in between arrives twice rather than never.
        async with self._listeners.added(page.address, page):
            await page.push({"type": "hello", "max_text": MAX_PAGE_TEXT})
            await self._send_history(request.app, page, _number(request.query.get("after", "")))
            async for frame in socket:
                await self._slow(page)
                if frame.type == WSMsgType.TEXT:
                    await self._on_text(request.app, page, frame.data)
                elif frame.type == WSMsgType.BINARY:
                    await page.push(error_frame("bad_frame"))
        return socket

    async def _slow(self, page: Page) -> None:
        """Read no further from a page that floods; the network then holds it back."""
        await asyncio.sleep(min(1.0, self._frames.take(page.address)))

    async def _on_text(self, app: web.Application, page: Page, raw: str) -> None:
        try:
            await self._on_frame(app, page, read_frame(raw, page.address))
        except FrameRefused as error:
            await page.push(error_frame(error.text_key, error.client_id))

    async def _on_frame(self, app: web.Application, page: Page, frame: ClientFrame) -> None:
        match frame:
            case Message():
                await self._on_message(app, page, frame)
            case Seen(message_id):
                await self._on_seen(app, page, message_id)
            case Older(before):
                await self._send_older(app, page, before)
            case Typing():
                await self._on_typing(app, page)
            case Ping():
                await page.push({"type": "pong"})

    async def _on_message(self, app: web.Application, page: Page, message: Message) -> None:
        try:
            self._intake.check_rate(page.address, page.network)
            received = await self._intake.take(app, message, origin=page)
        except SlowDown as error:
            await page.push(error_frame("slow_down", message.update_id, retry_after_seconds=error.seconds))
            return
        except NotStored:
            await page.push(error_frame("try_again", message.update_id, retry_after_seconds=RETRY_SECONDS))
            return
        page.conversation_id = received.conversation_id
        if TYPING in app:
            await app[TYPING].sent(received.conversation_id)
        await page.push({"type": "ack", "client_id": message.update_id, "id": received.message_id})

    async def _on_seen(self, app: web.Application, page: Page, message_id: int) -> None:
        if message_id <= page.seen_message_id:
            return
        database = app[SERVICES].database
        async with database.reading() as session:
            conversation_id = await self._conversation_id(session, page)
        if conversation_id is not None:
            async with database.transaction() as session:
                await transcript.mark_seen(session, conversation_id, message_id)
            page.seen_message_id = message_id
            await self._listeners.push(page.address, {"type": "seen", "id": message_id}, but=page)

    async def _on_typing(self, app: web.Application, page: Page) -> None:
        async with app[SERVICES].database.reading() as session:
            conversation_id = await self._conversation_id(session, page)
        if conversation_id is not None and TYPING in app:
            await app[TYPING].typed(conversation_id)

    async def _send_history(self, app: web.Application, page: Page, after: int) -> None:
        async with app[SERVICES].database.reading() as session:
            conversation_id = await self._conversation_id(session, page)
            if conversation_id is None:
                messages: Sequence[StoredMessage] = ()
            else:
                limit = MAX_MISSED if after else HISTORY_LENGTH
                messages = await transcript.history(session, conversation_id, after=after, limit=limit)
                if after and len(messages) == MAX_MISSED:
                    after = 0
                    messages = await transcript.history(session, conversation_id, limit=HISTORY_LENGTH)
        frame = _history_frame(messages)
        # A page replaces what it shows unless these simply follow it.
        await page.push({**frame, "follows": after > 0})

    async def _send_older(self, app: web.Application, page: Page, before: int) -> None:
        async with app[SERVICES].database.reading() as session:
            conversation_id = await self._conversation_id(session, page)
            messages: Sequence[StoredMessage] = ()
            if conversation_id is not None:
                messages = await transcript.history(
                    session, conversation_id, before=before, limit=HISTORY_LENGTH
                )
        await page.push({**_history_frame(messages), "before": before})

    async def _conversation_id(self, session: AsyncSession, page: Page) -> int | None:
        if page.conversation_id is None:
            page.conversation_id = await transcript.conversation_id_at(session, CHANNEL_NAME, page.address)
        return page.conversation_id


def _history_frame(messages: Sequence[StoredMessage]) -> dict[str, Any]:
    return {
        "type": "history",
        "messages": [shown(message) for message in messages],
        "has_older": len(messages) >= HISTORY_LENGTH,
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
