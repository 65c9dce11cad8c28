"""`wenfa serve` as its users have it: a process of its own, asked over the network only."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.config import ROOT
from bot.nlu_server import free_port

START_SECONDS = 90
STOP_SECONDS = 30
REPLY_SECONDS = 20
STARTED = "按 Ctrl-C 停止"
_LINK = re.compile(r"/desk/welcome/\S+")


def clean_environment(**settings: str) -> dict[str, str]:
    """This process's environment with no settings of Wenfa but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WENFA_")}
    return {**kept, "WENFA_ENV_FILE": os.devnull, **settings}


def project_without_rasa(folder: Path) -> Path:
    """A copy of the project in which nobody has made `.venv-rasa`."""
    shutil.copytree(ROOT / "bot", folder / "project" / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "project"


@dataclass
class Served:
    """One data folder and one port; the process on them can be stopped and started again.

    Attributes:
        settings: `WENFA_...` variables beside port and data folder.
        project: where the package `bot` is taken from.
    """

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    project: Path = ROOT
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None
    _starts: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def printed(self) -> str:
        """Standard output since the last start."""
        return self._log("out").read_text(encoding="utf-8")

    @property
    def complaints(self) -> str:
        """Standard error since the last start."""
        return self._log("err").read_text(encoding="utf-8")

    @property
    def welcome_path(self) -> str:
        """Path of the first administrator's one-time link."""
        found = _LINK.search(self.printed)
        assert found, self.printed
        return found.group()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    async def start(self) -> None:
        """Start and wait for the greeting."""
        await self.launch()
        async with asyncio.timeout(START_SECONDS):
            while STARTED not in self.printed:
                assert self.process is not None
                assert self.process.returncode is None, self.complaints
                await asyncio.sleep(0.05)

    async def launch(self) -> None:
        """Start and don't wait."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._starts += 1
        environment = clean_environment(
            WENFA_PORT=str(self.port),
            WENFA_DATA_FOLDER=str(self.folder / "data"),
            WENFA_NLU_PORT="0",
            WENFA_VECTORS="off",
        )
        with self._log("out").open("wb") as out, self._log("err").open("wb") as err:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot.cli",
                "serve",
                cwd=self.project,
                env=environment | self.settings,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    async def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, and return the exit status."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await self.exit_status()

    async def exit_status(self) -> int:
        """Wait for the end; a process that doesn't end is killed, and that is a failure."""
        assert self.process is not None
        try:
            return await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except TimeoutError:
            self.process.kill()
            raise

    async def close(self) -> None:
        """Stop it if it runs."""
        if self.process is not None and self.process.returncode is None:
            await self.end()

    async def health(self) -> dict[str, Any]:
        """What /healthz says."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/healthz") as answer:
            found: dict[str, Any] = await answer.json()
        return found

    async def until_nlu(self, *states: str, restarts: int = 0) -> dict[str, Any]:
        """Wait until the language understanding is in one of these states, after at least so many restarts.
        Returns what /healthz says then.
        """
        async with asyncio.timeout(START_SECONDS):
            while True:
                health = await self.health()
                if health["nlu"]["state"] in states and health["nlu"]["restarts"] >= restarts:
                    return health
                await asyncio.sleep(0.1)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}-{self._starts}.txt"


class ChatPage:
    """A citizen's page, as the web server sees it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last: dict[str, Any] = {}

    async def say(self, text: str) -> dict[str, Any]:
        """Send a text; the first reply to it."""
        await self._send({"type": "message", "text": text})
        return await self.reply()

    async def press(self, label: str) -> None:
        """Wait for a button with this label, and press it."""
        while not (found := [each for each in self._last.get("buttons", ()) if each["label"] == label]):
            await self.reply()
        self._last = {}
        await self._send({"type": "button", **found[0]})

    async def reply(self) -> dict[str, Any]:
        """The next message from the other side."""
        async with asyncio.timeout(REPLY_SECONDS):
            while True:
                frame = json.loads(await self._socket.receive_str())
                if frame["type"] == "message" and frame["message"]["from"] != "citizen":
                    self._last = frame["message"]
                    return self._last

    async def _send(self, frame: dict[str, Any]) -> None:
        await self._socket.send_json({**frame, "client_id": str(uuid.uuid4())})


@contextlib.asynccontextmanager
async def chatting(served: Served) -> AsyncIterator[ChatPage]:
    """A new citizen's open page."""
    # Numbers as host names get cookies only in an "unsafe" jar.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(f"{served.url}/"):
            pass
        headers = {"Origin": served.url}
        async with session.ws_connect(f"{served.url}/chat/socket", headers=headers) as socket:
            yield ChatPage(socket)


def processes_of(ancestor: int) -> set[int]:
    """All living descendants of a process."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                # The name in brackets may hold anything; state and parent stand after it.
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    parents[int(folder.name)] = int(parent)
    found: set[int] = set()
    while more := {pid for pid, parent in parents.items() if parent in found | {ancestor}} - found:
        found |= more
    return found


def lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
