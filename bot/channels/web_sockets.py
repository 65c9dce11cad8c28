"""The open pages of each conversation, and how a frame gets to them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiohttp import WSCloseCode, web

# A page that can't take a frame for so long is as good as gone; it fetches what it missed when it comes back.
SEND_TIMEOUT_SECONDS = 5.0
MAX_PAGES_OF_CONVERSATION = 10


class Listener(Protocol):
    """Whoever wants to hear what happens in a conversation. `push` doesn't raise."""

    async def push(self, frame: Mapping[str, Any]) -> None: ...


class Page:
    """One open WebSocket.

    Attributes:
        network: what `client_network` said of it.
        conversation_id: None until the conversation's first message is stored.
    """

    def __init__(self, socket: web.WebSocketResponse, address: str, network: str | None) -> None:
        self._socket = socket
        self.address = address
        self.network = network
        self.conversation_id: int | None = None
        self.seen_message_id = 0

    async def push(self, frame: Mapping[str, Any]) -> None:
        """Send a frame; a page that is gone or stuck is dropped."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                await self._socket.send_str(json.dumps(frame, ensure_ascii=False))
        except (TimeoutError, ConnectionError):
            await self.close(WSCloseCode.GOING_AWAY)

    async def close(self, code: int) -> None:
        """Close the connection, without waiting long for the other side's word on it."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                await self._socket.close(code=code)
        except (TimeoutError, ConnectionError):
            pass


class _Waiter:
    """Notices that a reply was sent."""

    def __init__(self) -> None:
        self.replied = asyncio.Event()

    async def push(self, frame: Mapping[str, Any]) -> None:
        if frame["type"] == "message" and frame["message"]["from"] != "citizen":
            self.replied.set()


class Listeners:
    """Who listens to which conversation.

    Attributes:
        publish: told of every push, for pages that hang on other processes; None where there is one process.
    """

    def __init__(self) -> None:
        self._by_address: dict[str, set[Listener]] = {}
        self.publish: Callable[[str, Mapping[str, Any]], Awaitable[None]] | None = None

    def count(self, address: str) -> int:
        """How many listen to that conversation."""
        return len(self._by_address.get(address, ()))

    @asynccontextmanager
    async def added(self, address: str, listener: Listener) -> AsyncIterator[None]:
        """Let it listen inside the block."""
        self._by_address.setdefault(address, set()).add(listener)
        try:
            yield
        finally:
            listeners = self._by_address[address]
            listeners.discard(listener)
            if not listeners:
                del self._by_address[address]

    async def push(self, address: str, frame: Mapping[str, Any], *, but: Listener | None = None) -> None:
        """Send a frame to all who listen, at the same time, on other processes too."""
        if self.publish is not None:
            await self.publish(address, frame)
        await self.push_here(address, frame, but=but)

    async def push_here(self, address: str, frame: Mapping[str, Any], *, but: Listener | None = None) -> None:
        """Send a frame to those who listen on this process."""
        listeners = [listener for listener in self._by_address.get(address, ()) if listener is not but]
        await asyncio.gather(*(listener.push(frame) for listener in listeners))

    @asynccontextmanager
    async def reply_awaited(
        self, address: str, *, up_to_seconds: float, quiet_seconds: float
    ) -> AsyncIterator[None]:
        """Leave the block once a reply has come and `quiet_seconds` more have passed, or it took too long."""
        waiter = _Waiter()
        async with self.added(address, waiter):
            yield
            try:
                async with asyncio.timeout(up_to_seconds):
                    await waiter.replied.wait()
            except TimeoutError:
                return
            await asyncio.sleep(quiet_seconds)

    async def close(self) -> None:
        """Close all pages: the server goes away, they come back to the next one."""
        pages = [
            item for listeners in self._by_address.values() for item in listeners if isinstance(item, Page)
        ]
        await asyncio.gather(*(page.close(WSCloseCode.GOING_AWAY) for page in pages))
