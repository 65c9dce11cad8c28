"""How much one person may send through a messenger. People never get there; what floods us does.

Three albums with some words between them are within the first limit. Above it nothing of a report is lost:
words, photos and places are stored as ever and read together, and only what can be done again at any time (a
button, a command, a remark about a sticker) is passed over. The second limit keeps our disk from being
filled; from there on nothing is taken until it is calm again. Each is told once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from bot.security import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Callable

# At once, and a second after that.
EASY = (60, 0.5)
MOST = (300, 0.25)
# A flood that lasts is told again after so long.
TOLD_EVERY_SECONDS = 600


class Flood(IntEnum):
    """How much somebody sends."""

    NONE = 0
    FAST = 1
    TOO_MUCH = 2


@dataclass(frozen=True, slots=True)
class Pressure:
    """What to do with one message.

    Attributes:
        text_key: what to tell whoever sent it; None if there is nothing to tell, or they know.
    """

    flood: Flood
    text_key: str | None = None

    @property
    def takes_words(self) -> bool:
        """Whether what may be part of a report is taken."""
        return self.flood is not Flood.TOO_MUCH

    @property
    def takes_buttons(self) -> bool:
        """Whether buttons, commands and other things that can be done again are taken."""
        return self.flood is Flood.NONE


_TEXT_KEYS = {Flood.FAST: "flood_fast", Flood.TOO_MUCH: "flood_too_much"}


class FloodGate:
    """Counts what each person sends, in this process's memory.

    Args:
        easy, most: the two limits, for tests: at once, and a second after that.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        *,
        easy: tuple[int, float] = EASY,
        most: tuple[int, float] = MOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._easy = RateLimiter(*easy, clock=clock)
        self._most = RateLimiter(*most, clock=clock)
        self._told = RateLimiter(1, 1 / TOLD_EVERY_SECONDS, clock=clock)

    def pass_through(self, address: str) -> Pressure:
        """Count one message of the person at that address."""
        flood = Flood.FAST if self._easy.take(address) else Flood.NONE
        if self._most.take(address):
            flood = Flood.TOO_MUCH
        if flood is Flood.NONE or self._told.take(f"{flood} {address}"):
            return Pressure(flood)
        return Pressure(flood, _TEXT_KEYS[flood])
