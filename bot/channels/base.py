"""What the relay and the outbox ask of a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from actions.base import Outgoing


class DeliveryFailed(Exception):
    """The channel could not deliver now; the outbox tries again.

    Attributes:
        retry_after_seconds: how long the channel's server asked us to wait, or None.
    """

    def __init__(self, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class RecipientGone(Exception):
    """The citizen blocked us or the chat no longer exists: trying again is of no use."""


class WaitsForCitizen(Exception):
    """The channel lets us say no more until the citizen writes again; then everything goes out."""


class BadUpdate(Exception):
    """What came to a webhook is in no form that its sender uses."""


class Channel(Protocol):
    """A way in and out. `name` is what conversations are stored under."""

    name: str

    async def send(self, address: str, message_id: int, sender: str, content: Outgoing) -> None:
        """Deliver one message to the conversation at `address`.

        Args:
            message_id: the stored message's id, by which a channel can drop what it has shown already.
            sender: "assistant" or "officer".

        Raises: DeliveryFailed; RecipientGone; WaitsForCitizen.
        """
        ...


@runtime_checkable
class ShowsTyping(Protocol):
    """A channel that can show that an answer is being written."""

    async def typing(self, address: str, by: str = "assistant") -> None:
        """Show for some seconds that the "assistant" or an "officer" writes. Doesn't raise."""
        ...
