"""A citizen in a test: says things, presses buttons, and remembers what came back."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from actions.base import Location, Message
from bot.notify import OutboxWorker
from bot.relay import Relay
from bot.services import Services
from tickets import models


@dataclass
class Listener:
    """A channel that keeps what it is given."""

    name: str = "test"
    sent: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, address: str, message_id: int, sender: str, content: Any) -> None:
        """Keep one message, with who sent it to whom."""
        self.sent.append({**content.as_json(), "address": address, "sender": sender, "id": message_id})


class Talk:
    """Conversations through the real relay, database and outbox."""

    def __init__(self, services: Services, relay: Relay) -> None:
        self.services = services
        self.relay = relay
        self.listener = Listener()
        self.outbox = OutboxWorker(services.database, {"test": self.listener})
        self._numbers = itertools.count(1)
        self.last: list[dict[str, Any]] = []

    async def say(self, text: str = "", *, address: str = "citizen", **given: Any) -> list[dict[str, Any]]:
        """Send one message and return the replies to it."""
        update_id = given.pop("update_id", f"u{next(self._numbers)}")
        await self.relay.receive(Message("test", address, update_id, text=text, **given))
        return await self.replies()

    async def press(self, label: str, *, address: str = "citizen") -> list[dict[str, Any]]:
        """Press a button of the last replies by its label."""
        payload = next(
            button["payload"]
            for reply in reversed(self.last)
            for button in reply.get("buttons", ())
            if button["label"] == label
        )
        return await self.say(payload=payload, label=label, address=address)

    async def share(self, latitude: float, longitude: float) -> list[dict[str, Any]]:
        """Share a place."""
        return await self.say(location=Location(latitude, longitude))

    async def replies(self) -> list[dict[str, Any]]:
        """All that came since the last call."""
        await self.relay.idle()
        while await self.outbox.deliver_due():
            pass
        self.last, self.listener.sent = self.listener.sent, []
        return self.last

    async def keys(self, text: str = "", **given: Any) -> list[str]:
        """Say something and return only which texts came back."""
        return [reply["key"] for reply in await self.say(text, **given)]

    async def tickets(self) -> list[models.Ticket]:
        """All tickets, oldest first."""
        async with self.services.database.reading() as session:
            return list(await session.scalars(select(models.Ticket).order_by(models.Ticket.id)))
