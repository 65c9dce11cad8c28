"""A real Chromium, a real server process, and pages that fail a test when the browser complains."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from bot.nlu_server import free_port

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 60


def chromium_path() -> str:
    """The browser that CHROMIUM_PATH names, or the system's own."""
    path = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(path).is_file():
        pytest.fail(
            "no Chromium: `apt-get install chromium fonts-noto-cjk`, or name one in CHROMIUM_PATH",
            pytrace=False,
        )
    return path


@dataclass
class ServerProcess:
    """The scripted web chat (tests/web_chat.py) in a process of its own; a restart keeps port and data."""

    folder: Path
    port: int = field(default_factory=free_port)
    embed_origins: tuple[str, ...] = ()
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.web_chat",
            str(self.folder),
            str(self.port),
            *self.embed_origins,
            cwd=ROOT,
        )
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            while True:
                assert self._process.returncode is None, "the server did not start"
                try:
                    async with session.get(self.url):
                        return
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.1)

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    path = chromium_path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("server"))
    await server.start()
    yield server
    await server.stop()


@dataclass
class Visitor:
    """One person's browser: opens pages, remembers what the browser complained about."""

    context: BrowserContext
    url: str
    complaints: list[str] = field(default_factory=list)
    # A connection that breaks is part of some tests.
    may_lose_connection: bool = False

    async def open(self, path: str = "/") -> Page:
        page = await self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: said.type in {"error", "warning"} and self._complain(said.text))
        await page.goto(f"{self.url}{path}")
        if path == "/":
            await page.wait_for_selector("html[data-loaded]")
        return page

    def _complain(self, text: str) -> None:
        is_connection = any(word in text for word in ("WebSocket", "ERR_", "Failed to load resource"))
        if not (self.may_lose_connection and is_connection):
            self.complaints.append(text)


NewVisitor = Callable[..., Any]


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(browser: Browser, server: ServerProcess) -> AsyncIterator[NewVisitor]:
    """Makes visitors: `await visitor(375, touch=True, dark=True, ...)`; none may complain in the end."""
    visitors: list[Visitor] = []

    async def new(
        width: int = 375,
        height: int = 740,
        *,
        dark: bool = False,
        touch: bool = False,
        url: str = "",
        **more: Any,
    ) -> Visitor:
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            has_touch=touch,
            is_mobile=touch,
            locale="zh-CN",
            timezone_id="Asia/Tokyo",
            **more,
        )
        context.set_default_timeout(15_000)
        visitors.append(Visitor(context, url or server.url))
        return visitors[-1]

    yield new
    for each in visitors:
        await each.context.close()
    assert [complaint for each in visitors for complaint in each.complaints] == []
