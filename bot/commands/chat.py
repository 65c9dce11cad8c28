"""`wenfa chat`: conversations as JSON lines, through the same relay, actions and database as every channel.

In: {"conversation", "text"} or {"conversation", "photo": path} or {"conversation", "location": {"latitude",
"longitude"}} or {"conversation", "button": payload}. Out: {"conversation", "replies": [{"kind", "text",
"buttons"?, "card"?}]}.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from actions.base import Location, Message, Reply
from bot.app import open_services
from bot.nlu_server import NluServerError, running_server
from bot.notify import OutboxWorker
from bot.relay import Relay
from bot.texts import render
from bot.understanding import UnderstandingClient
from tickets.errors import PhotoRejected
from tickets.photos import StoredPhoto

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from typing import TextIO

    from actions.base import Outgoing
    from bot.config import Settings
    from bot.services import Services

# The bench sends whole files at once; waiting for a slow machine is better than an answer without
# understanding.
NLU_TIMEOUT_SECONDS = 30.0


class BadLine(Exception):
    """A line that is no message; the text says why."""


@dataclass(slots=True)
class ConsoleChannel:
    """Keeps what is sent, until the command prints it."""

    name: str = "console"
    sent: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, address: str, message_id: int, sender: str, content: Outgoing) -> None:
        """Keep one message."""
        self.sent.append(content.as_json())

    def take(self) -> list[dict[str, Any]]:
        """All that was sent since the last call."""
        taken, self.sent = self.sent, []
        return taken


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: everything is a setting."""
    parser.set_defaults(
        run=lambda args: asyncio.run(converse(args.settings, sys.stdin, sys.stdout, sys.stderr))
    )


async def converse(settings: Settings, lines: Iterable[str], output: TextIO, errors: TextIO) -> int:
    """Answer every line in order. Returns 0 if each was answered, else 1."""
    failures = 0
    try:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(
                running_server(settings.data_folder / "models", settings.nlu_port)
            )
            services = await open_services(settings)
            stack.push_async_callback(services.database.close)
            session = await stack.enter_async_context(aiohttp.ClientSession())
            nlu = UnderstandingClient(url, session=session, timeout_seconds=NLU_TIMEOUT_SECONDS)
            console = ConsoleChannel()
            talk = _Talk(
                services, Relay(services, nlu), OutboxWorker(services.database, {"console": console}), console
            )
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    answer = await talk.answer(line)
                except BadLine as error:
                    failures += 1
                    errors.write(f"line {number}: {error}\n")
                    continue
                output.write(json.dumps(answer, ensure_ascii=False) + "\n")
                output.flush()
    except NluServerError as error:
        errors.write(f"{error}\n")
        return 1
    return 1 if failures else 0


@dataclass(slots=True)
class _Talk:
    services: Services
    relay: Relay
    outbox: OutboxWorker
    console: ConsoleChannel

    async def answer(self, line: str) -> dict[str, Any]:
        """One line through the whole path.

        Raises: BadLine.
        """
        wanted = _read(line)
        conversation = str(wanted["conversation"])
        try:
            message = await self._message(conversation, wanted)
        except PhotoRejected as error:
            refusal = render(Reply(error.reply_key))
            return {"conversation": wanted["conversation"], "replies": [refusal.as_json()]}
        await self.relay.receive(message)
        await self.relay.idle()
        while await self.outbox.deliver_due():
            pass
        return {"conversation": wanted["conversation"], "replies": self.console.take()}

    async def _message(self, conversation: str, wanted: dict[str, Any]) -> Message:
        photo, location = None, None
        if "photo" in wanted:
            photo = await self._store_photo(str(wanted["photo"]))
        if "location" in wanted:
            location = _location(wanted["location"])
        return Message(
            channel="console",
            address=conversation,
            update_id=secrets.token_hex(8),
            text=str(wanted.get("text", "")),
            payload=wanted.get("button"),
            photo=photo.sha256 if photo else None,
            photo_place=Location(*photo.gps) if photo and photo.gps else None,
            location=location,
        )

    async def _store_photo(self, path: str) -> StoredPhoto:
        try:
            content = await asyncio.to_thread(Path(path).read_bytes)
        except OSError as error:
            raise BadLine(f"photo {path}: {error.strerror}") from error
        return await asyncio.to_thread(self.services.photos.save, content)


def _read(line: str) -> dict[str, Any]:
    try:
        wanted = json.loads(line)
    except ValueError as error:
        raise BadLine(f"not JSON: {error}") from error
    if not isinstance(wanted, dict) or "conversation" not in wanted:
        raise BadLine('expected an object with "conversation"')
    if not any(name in wanted for name in ("text", "photo", "location", "button")):
        raise BadLine('expected "text", "photo", "location" or "button"')
    return wanted


def _location(given: Any) -> Location:
    try:
        return Location(
            float(given["latitude"]), float(given["longitude"]), str(given.get("datum", "WGS-84"))
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadLine('location: expected {"latitude", "longitude"}') from error
