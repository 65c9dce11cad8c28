"""Who is typing right now; forgotten after some seconds, and no harm if it is lost."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

# A page says so again every three seconds while its citizen types.
FRESH_SECONDS = 5.0
MAX_KEPT = 5_000
# What a frame to the other processes is addressed to; no conversation of a channel is.
TOPIC = "typing"


class TypingBoard:
    """Remembers by conversation id when its citizen last typed.

    Attributes:
        publish: told of what was noticed here, for the boards of other processes; None where there is one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._typed: OrderedDict[int, float] = OrderedDict()
        self.publish: Callable[[str, Mapping[str, Any]], Awaitable[None]] | None = None

    async def typed(self, conversation_id: int) -> None:
        """The citizen types."""
        await self._notice(conversation_id, is_typing=True)

    async def sent(self, conversation_id: int) -> None:
        """The citizen has sent it."""
        if self.is_typing(conversation_id):
            await self._notice(conversation_id, is_typing=False)

    def hear(self, frame: Mapping[str, Any]) -> None:
        """What another process noticed. Raises: KeyError, for a frame that says something else."""
        self._keep(int(frame["conversation"]), bool(frame["is_typing"]))

    def is_typing(self, conversation_id: int) -> bool:
        """Whether the citizen was typing a moment ago."""
        return self._clock() - self._typed.get(conversation_id, float("-inf")) < FRESH_SECONDS

    async def _notice(self, conversation_id: int, *, is_typing: bool) -> None:
        self._keep(conversation_id, is_typing)
        if self.publish is not None:
            await self.publish(TOPIC, {"conversation": conversation_id, "is_typing": is_typing})

    def _keep(self, conversation_id: int, is_typing: bool) -> None:
        self._typed.pop(conversation_id, None)
        if is_typing:
            self._typed[conversation_id] = self._clock()
        while len(self._typed) > MAX_KEPT:
            self._typed.popitem(last=False)
