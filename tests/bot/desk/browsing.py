"""A browser without JavaScript, and the people who use it."""

from __future__ import annotations

import html
import io
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import FormData, web
from aiohttp.test_utils import TestClient
from argon2 import PasswordHasher

from bot.services import Services
from tests.factories import NOW
from tickets.models import Officer, Role
from tickets.officers import create_officer

PASSWORD = "seven boats at dawn"
# Cheap, so that the tests are fast; a hash carries its own cost.
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@dataclass
class Clock:
    """The desk's clock, moved by the test."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **length: float) -> None:
        """Let time pass."""
        self.now += timedelta(**length)


@dataclass
class Outbox:
    """Stands where the relay stands; counts how often it is asked to deliver."""

    woken: int = 0

    def wake_outbox(self) -> None:
        """Called after a commit."""
        self.woken += 1


@dataclass
class ShownPages:
    """Stands where the web channel stands; keeps what it was asked to show."""

    shown: list[tuple[str, Any]] = field(default_factory=list)

    async def typing(self, address: str, by: str = "assistant") -> None:
        """Called when somebody types."""
        self.shown.append(("typing", by))

    async def read_by_officer(self, address: str, message_id: int) -> None:
        """Called when the officer has read it."""
        self.shown.append(("read", message_id))


@dataclass
class Page:
    """What came back."""

    status: int
    text: str
    path: str
    headers: Any = field(default_factory=dict)

    @property
    def hidden(self) -> dict[str, str]:
        """Hidden fields of the page; of several with one name the last."""
        return {name: html.unescape(value) for name, value in HIDDEN.findall(self.text)}


class Browser:
    """Keeps cookies, and sends the hidden fields of the last page along with a form."""

    def __init__(self, client: TestClient[web.Request, web.Application]) -> None:
        self.client = client
        self.page = Page(0, "", "")

    async def get(self, path: str) -> Page:
        """Open a page of the desk."""
        return await self._keep(await self.client.get(f"/desk{path}"))

    async def post(self, path: str, **fields: str) -> Page:
        """Send a form from the page that is open."""
        hidden = {
            name: self.page.hidden[name] for name in ("csrf_token", "version") if name in self.page.hidden
        }
        return await self._keep(await self.client.post(f"/desk{path}", data={**hidden, **fields}))

    async def post_large(self, path: str, **fields: str) -> Page:
        """The same as a stream, for bodies that would hold up the event loop."""
        hidden = {name: self.page.hidden[name] for name in ("csrf_token", "version")}
        body = io.BytesIO(urlencode({**hidden, **fields}).encode())
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._keep(await self.client.post(f"/desk{path}", data=body, headers=headers))

    async def post_photos(self, path: str, photos: list[bytes], **fields: str) -> Page:
        """Send a form with files in its field `photo`."""
        named = {f"{number}.jpg": photo for number, photo in enumerate(photos)}
        return await self.post_files(path, named, field="photo", **fields)

    async def post_files(
        self, path: str, files: dict[str, bytes], *, field: str = "file", **fields: str
    ) -> Page:
        """Send a form with files, by their names, in one of its fields."""
        # As browsers write the names of files.
        form = FormData(quote_fields=False)
        for name in ("csrf_token", "version"):
            if name in self.page.hidden:
                form.add_field(name, self.page.hidden[name])
        for name, value in fields.items():
            form.add_field(name, value)
        for name, content in files.items():
            form.add_field(field, io.BytesIO(content), filename=name, content_type="application/octet-stream")
        return await self._keep(await self.client.post(f"/desk{path}", data=form))

    async def sign_in(self, username: str, password: str = PASSWORD) -> Page:
        """Through the form."""
        await self.get("/sign-in")
        return await self.post("/sign-in", username=username, password=password)

    async def _keep(self, response: Any) -> Page:
        text = await response.text(errors="replace")
        self.page = Page(response.status, text, response.url.path_qs, response.headers)
        return self.page


async def add_officer(parts: Services, username: str = "lin", **changes: Any) -> Officer:
    """An account with `PASSWORD`."""
    values: dict[str, Any] = {
        "display_name": "林国强",
        "role": Role.OFFICER,
        "department": "squad_longtian",
        "password_hash": PASSWORD_HASH,
        "now": NOW,
    }
    async with parts.database.transaction() as session:
        return await create_officer(session, username=username, **(values | changes))
