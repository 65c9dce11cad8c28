"""Who is typing right now, in this process; forgotten after some seconds, and no harm if it is lost."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

# A page says so again every three seconds while its citizen types.
FRESH_SECONDS = 5.0
MAX_KEPT = 5_000


class TypingBoard:
    """Remembers by conversation id when its citizen last typed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._typed: OrderedDict[int, float] = OrderedDict()

    def typed(self, conversation_id: int) -> None:
        """The citizen types."""
        self._typed[conversation_id] = self._clock()
        self._typed.move_to_end(conversation_id)
        while len(self._typed) > MAX_KEPT:
            self._typed.popitem(last=False)

    def sent(self, conversation_id: int) -> None:
        """The citizen has sent it."""
        self._typed.pop(conversation_id, None)

    def is_typing(self, conversation_id: int) -> bool:
        """Whether the citizen was typing a moment ago."""
        return self._clock() - self._typed.get(conversation_id, float("-inf")) < FRESH_SECONDS
