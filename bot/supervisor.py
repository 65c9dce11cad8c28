"""Keeps a child process alive: starts it, waits for its end, starts it again after a pause that grows."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

FIRST_PAUSE_SECONDS = 1.0
LAST_PAUSE_SECONDS = 60.0
# A child that lived this long has recovered; its next death begins at the first pause again.
STABLE_SECONDS = 300.0


class Child(Protocol):
    """A process that can be started and waited for."""

    @property
    def process(self) -> asyncio.subprocess.Process | None: ...

    async def start(self) -> None: ...

    async def wait_ready(self) -> None: ...

    async def stop(self) -> None: ...


class Supervisor:
    """Runs one child and knows how it is.

    Attributes:
        state: "starting", "ready", "waiting" (dead, to be started again) or "stopped".
        restarts: how often the child was started again.
    """

    def __init__(
        self,
        name: str,
        child: Child,
        *,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.state = "starting"
        self.restarts = 0
        self.error = ""
        self._child = child
        self._first_pause_seconds = first_pause_seconds
        self._on_ready = on_ready

    async def run(self) -> None:
        """Keep the child alive until cancelled, and stop it then."""
        pause = self._first_pause_seconds
        try:
            while True:
                started = time.monotonic()
                await self._run_once()
                if time.monotonic() - started > STABLE_SECONDS:
                    pause = self._first_pause_seconds
                self.state = "waiting"
                log.warning("child_ended", child=self.name, error=self.error, again_in_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE_SECONDS)
                self.restarts += 1
        finally:
            self.state = "stopped"
            await self._child.stop()

    async def _run_once(self) -> None:
        self.state = "starting"
        try:
            await self._child.start()
            await self._child.wait_ready()
            self.state, self.error = "ready", ""
            log.info("child_ready", child=self.name)
            self._on_ready()
            if self._child.process is not None:
                code = await self._child.process.wait()
                self.error = f"exit status {code}"
        except Exception as error:
            self.error = str(error)
            await self._child.stop()

    def health(self) -> dict[str, object]:
        """For /healthz."""
        return {"state": self.state, "restarts": self.restarts, "error": self.error}
