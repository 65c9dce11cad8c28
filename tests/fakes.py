"""Servers of other people that the tests stand in for. They speak the real protocol over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "123456:TEST-token"
CHAT = 77


@dataclass
class BotApi:
    """Telegram's Bot API as far as we use it, after https://core.telegram.org/bots/api.

    Attributes:
        calls: method and parameters of each call, in order.
        failures: answers (status, body) given to the next calls of a method instead of success; None is one.
        delays: seconds that the next call of a method takes.
    """

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failures: dict[str, deque[tuple[int, dict[str, Any]] | None]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    delays: dict[str, float] = field(default_factory=dict)
    _updates: list[dict[str, Any]] = field(default_factory=list)
    _written: dict[int, dict[str, Any]] = field(default_factory=dict)
    _again: list[dict[str, Any]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _next_update: int = 1000
    _next_message: int = 1

    async def start(self) -> TestServer:
        """Serve on a free port of 127.0.0.1."""
        app = web.Application()
        app.router.add_post(f"/bot{TOKEN}/{{method}}", self._call)
        app.router.add_get(f"/file/bot{TOKEN}/{{path:.*}}", self._file)
        server = TestServer(app, host="127.0.0.1")
        await server.start_server()
        return server

    def fail(self, method: str, status: int, description: str, **parameters: Any) -> None:
        """Let the next call of `method` fail as Telegram words it."""
        body = {"ok": False, "error_code": status, "description": description}
        if parameters:
            body["parameters"] = parameters
        self.failures.setdefault(method, deque()).append((status, body))

    def succeed(self, method: str) -> None:
        """Let the next call of `method` succeed, before those that shall fail."""
        self.failures.setdefault(method, deque()).append(None)

    def write(self, text: str | None = None, *, chat_type: str = "private", **parts: Any) -> int:
        """A person writes a message. Returns the update's id."""
        message: dict[str, Any] = {
            "message_id": self._number_message(),
            "date": 1_790_000_000,
            "chat": {"id": CHAT, "type": chat_type},
            "from": {"id": CHAT, "is_bot": False, "first_name": "市民"},
            **parts,
        }
        if text is not None:
            message["text"] = text
        return self._add({"message": message})

    def happen(self, **update: Any) -> int:
        """Any other update."""
        return self._add(update)

    def press(self, data: str, message: dict[str, Any]) -> int:
        """A person presses a button under a message that the bot sent."""
        query = {
            "id": "q1",
            "from": {"id": CHAT, "is_bot": False, "first_name": "市民"},
            "chat_instance": "1",
            "data": data,
            "message": message,
        }
        return self._add({"callback_query": query})

    def repeat(self, update_id: int) -> None:
        """Telegram delivers an update again, as after a lost confirmation."""
        self._again.append(self._written[update_id])
        self._news.set()

    def sent(self, method: str = "sendMessage") -> list[dict[str, Any]]:
        """Parameters of all successful and failed calls of a method."""
        return [parameters for name, parameters in self.calls if name == method]

    async def wait_for(self, method: str, count: int, seconds: float = 15.0) -> list[dict[str, Any]]:
        """Wait until a method was called `count` times."""
        async with asyncio.timeout(seconds):
            while len(self.sent(method)) < count:
                await asyncio.sleep(0.02)
        return self.sent(method)

    def _number_message(self) -> int:
        self._next_message += 1
        return self._next_message

    def _add(self, update: dict[str, Any]) -> int:
        self._next_update += 1
        self._written[self._next_update] = {"update_id": self._next_update, **update}
        self._updates.append(self._written[self._next_update])
        self._news.set()
        return self._next_update

    async def _call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        parameters = {name: _parsed(value) for name, value in (await request.post()).items()}
        if method != "getUpdates":
            self.calls.append((method, parameters))
        await asyncio.sleep(self.delays.pop(method, 0))
        if self.failures.get(method) and (failure := self.failures[method].popleft()):
            return web.json_response(failure[1], status=failure[0])
        return web.json_response({"ok": True, "result": await self._result(method, parameters)})

    async def _result(self, method: str, parameters: dict[str, Any]) -> Any:
        if method == "getMe":
            return {"id": 1, "is_bot": True, "first_name": "问法", "username": "wenfa_bot"}
        if method == "getUpdates":
            return await self._pending(parameters)
        if method in {"sendMessage", "sendDocument", "sendPhoto"}:
            chat = {"id": parameters["chat_id"], "type": "private"}
            return {"message_id": self._number_message(), "date": 1_790_000_000, "chat": chat}
        if method == "createForumTopic":
            return {"message_thread_id": 501, "name": parameters["name"], "icon_color": 7322096}
        if method == "getFile":
            name = parameters["file_id"]
            return {"file_id": name, "file_unique_id": name, "file_path": f"photos/{name}"}
        return True

    async def _pending(self, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """What was not confirmed yet; waits a little if there is nothing, as long polling does."""
        offset = int(parameters.get("offset") or 0)
        self._updates = [update for update in self._updates if update["update_id"] >= offset]
        if not self._updates and not self._again:
            self._news.clear()
            try:
                async with asyncio.timeout(0.5):
                    await self._news.wait()
            except TimeoutError:
                return []
        again, self._again = self._again, []
        return again + [update for update in self._updates if update["update_id"] >= offset]

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["path"].removeprefix("photos/")
        if name not in self.files:
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        return web.Response(body=self.files[name])


def _parsed(value: Any) -> Any:
    """JSON where it is some; a text or an uploaded file as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
