"""Open pages: thousands of web sockets on one process, one message to each, and what an idle one costs.

The peer of the same run is a bare aiohttp server that holds the same sockets and sends the same frames,
without a database or an outbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from actions.base import Outgoing
from bot.channels.web_session import COOKIE, address_of
from bot.config import ROOT
from bot.nlu_server import free_port
from bot.relay import utc_now
from tickets import conversations
from tickets.database import Database

PAGES = int(os.environ.get("BENCH_PAGES", "5000"))
OPENED_AT_ONCE = 50
BATCH = 250
TEXT = "您反映的事已经派人去看了。"


@dataclass(frozen=True, slots=True)
class Held:
    """What holding the pages cost.

    Attributes:
        kib_each: memory of the server for each idle connection.
        seconds: from the first message written to the last one read.
    """

    name: str
    open_seconds: float
    kib_each: float
    seconds: float


def batched(items: list[Any], size: int) -> Iterator[list[Any]]:
    """The items in lists of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _rss_kib(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


async def _settled(process: int) -> None:
    """Wait until what a server reads at its start is read: its memory no longer grows."""
    before = 0
    while _rss_kib(process) - before > 1024:
        before = _rss_kib(process)
        await asyncio.sleep(3)


@asynccontextmanager
async def _process(*arguments: str, port: int, **environment: str) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(120), aiohttp.ClientSession() as session:
            while process.returncode is None:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/healthz"):
                        break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.2)
        await _settled(process.pid)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _hold(
    name: str, port: int, pid: int, tokens: list[str], send: asyncio.Event, all_open: asyncio.Event
) -> Held:
    """Open a page for each token, wait for `send`, and read until each has the message."""
    url = f"http://127.0.0.1:{port}"
    gate = asyncio.Semaphore(OPENED_AT_ONCE)
    before, begin = _rss_kib(pid), time.perf_counter()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
            )
        )

        async def open_page(token: str) -> aiohttp.ClientWebSocketResponse:
            async with gate:
                headers = {"Origin": url, "Cookie": f"{COOKIE}={token}"}
                socket = await session.ws_connect(f"{url}/chat/socket", headers=headers, max_msg_size=0)
                while json.loads(await socket.receive_str())["type"] != "history":
                    pass
                return socket

        async def read(socket: aiohttp.ClientWebSocketResponse) -> None:
            while json.loads(await socket.receive_str())["type"] != "message":
                pass

        sockets = await asyncio.gather(*(open_page(token) for token in tokens))
        opened = time.perf_counter() - begin
        each = (_rss_kib(pid) - before) / len(tokens)
        reading = asyncio.gather(*(read(socket) for socket in sockets))
        all_open.set()
        await send.wait()
        begin = time.perf_counter()
        await reading
        return Held(name, opened, each, time.perf_counter() - begin)


async def _ours(folder: Path) -> Held:
    port = free_port()
    tokens = [secrets.token_urlsafe(32) for _ in range(PAGES)]
    settings = {
        "WENFA_PORT": str(port),
        "WENFA_DATA_FOLDER": str(folder),
        "WENFA_NLU_ENABLED": "0",
        "WENFA_VECTORS": "off",
        "WENFA_ENV_FILE": os.devnull,
    }
    async with _process("bot.cli", "serve", port=port, **settings) as pid:
        database = Database(f"sqlite+aiosqlite:///{folder / 'wenfa.db'}")
        ids = []
        for some_tokens in batched(tokens, BATCH):
            async with database.transaction() as session:
                for token in some_tokens:
                    found = await conversations.open_conversation(
                        session, "web", address_of(token), utc_now()
                    )
                    ids.append(found.id)
        send, all_open = asyncio.Event(), asyncio.Event()
        held = asyncio.create_task(_hold("wenfa serve", port, pid, tokens, send, all_open))
        await all_open.wait()
        content = Outgoing(TEXT).as_json()
        begin = time.perf_counter()
        send.set()
        # In pieces: nobody holds the database's write lock for seconds.
        for some in batched(ids, BATCH):
            async with database.transaction() as session:
                # As a campaign does.
                await conversations.post_to_each(session, some, content, sender="assistant", now=utc_now())
        sys.stderr.write(f"written in {time.perf_counter() - begin:.2f} s, by the measuring process\n")
        try:
            return await held
        finally:
            await database.close()


async def _bare() -> Held:
    port = free_port()
    tokens = [secrets.token_urlsafe(32) for _ in range(PAGES)]
    async with _process("bench.web", str(port), port=port) as pid:
        send, all_open = asyncio.Event(), asyncio.Event()
        held = asyncio.create_task(_hold("bare aiohttp", port, pid, tokens, send, all_open))
        await all_open.wait()
        send.set()
        async with aiohttp.ClientSession() as session, session.post(f"http://127.0.0.1:{port}/send"):
            return await held


def _bare_server(port: int) -> None:
    """The peer: sockets in a dictionary, frames sent one after the other."""
    sockets: dict[str, web.WebSocketResponse] = {}

    async def open_page(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=30, compress=False)
        await socket.prepare(request)
        await socket.send_str(json.dumps({"type": "history", "messages": []}))
        sockets[hashlib.sha256(request.headers["Cookie"].encode()).hexdigest()] = socket
        async for _frame in socket:
            pass
        return socket

    async def send(_request: web.Request) -> web.Response:
        for socket in sockets.values():
            await socket.send_str(json.dumps({"type": "message", "message": {"text": TEXT}}))
        return web.Response()

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.add_routes(
        [web.get("/chat/socket", open_page), web.post("/send", send), web.get("/healthz", healthz)]
    )
    web.run_app(app, host="127.0.0.1", port=port, print=None)


async def run() -> list[Held]:
    """Measure both, on a new database."""
    with tempfile.TemporaryDirectory() as folder:
        return [await _bare(), await _ours(Path(folder))]


def _ratios(ours: Held, peer: Held) -> tuple[float, float, float]:
    return (
        ours.open_seconds / peer.open_seconds,
        ours.kib_each / peer.kib_each,
        ours.seconds / peer.seconds,
    )


def main() -> None:
    """Print the figures and ours over the peer's."""
    bare, ours = asyncio.run(run())
    lines = [
        f"## {PAGES} open pages on one process\n",
        "| server | opened in s | KiB each | one message to each in s |\n|---|---|---|---|",
        *(f"| {h.name} | {h.open_seconds:.1f} | {h.kib_each:.1f} | {h.seconds:.2f} |" for h in (bare, ours)),
        "| ratio | " + " | ".join(f"{ratio:.1f}" for ratio in _ratios(ours, bare)) + " |",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        _bare_server(int(sys.argv[1]))
    else:
        main()
