"""The five seconds in which the answer to a push may be the reply."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Slot:
    """One open HTTP request of WeChat's. The first one to offer words gets it."""

    def __init__(self) -> None:
        self._words: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._is_written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @property
    def is_waiting(self) -> bool:
        """Whether it can still be answered."""
        return not self._words.done()

    async def offer(self, words: str) -> bool:
        """Let the request be answered with these words. Returns whether it was."""
        if self._words.done():
            return False
        self._words.set_result(words)
        return await self._is_written

    def decline(self) -> None:
        """The reply has another form: the request need not wait for it."""
        if not self._words.done():
            self._words.set_result(None)

    async def words(self, seconds: float) -> str | None:
        """What to answer; None when nothing came in time. After that nothing can be offered any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.wait([self._words])
        self.decline()
        return self._words.result()

    def close(self, is_written: bool) -> None:
        """The request is over."""
        self.decline()
        if not self._is_written.done():
            self._is_written.set_result(is_written)


class Slots:
    """The open requests by follower."""

    def __init__(self) -> None:
        self._open: dict[str, list[Slot]] = {}

    def of(self, open_id: str) -> Slot | None:
        """The oldest request of a follower that still waits, if there is one."""
        return next((slot for slot in self._open.get(open_id, ()) if slot.is_waiting), None)

    @contextlib.contextmanager
    def opened(self, open_id: str) -> Iterator[Slot]:
        """An open request, for the block."""
        slot = Slot()
        self._open.setdefault(open_id, []).append(slot)
        try:
            yield slot
        finally:
            slot.close(False)
            self._open[open_id].remove(slot)
            if not self._open[open_id]:
                del self._open[open_id]
