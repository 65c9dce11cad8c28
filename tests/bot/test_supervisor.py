"""A dead child is started again; ending the supervisor ends the child."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

import pytest

from bot.supervisor import Supervisor


class Sleeper:
    """A real child process that does nothing."""

    def __init__(self, code: str = "import time; time.sleep(60)") -> None:
        self.process: asyncio.subprocess.Process | None = None
        self.started = 0
        self._code = code

    async def start(self) -> None:
        self.started += 1
        self.process = await asyncio.create_subprocess_exec(sys.executable, "-c", self._code)

    async def wait_ready(self) -> None:
        await asyncio.sleep(0)

    async def stop(self) -> None:
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@contextlib.asynccontextmanager
async def supervised(child: Sleeper):
    supervisor = Supervisor("child", child, first_pause_seconds=0.05)
    task = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_killed_child_is_started_again() -> None:
    child = Sleeper()
    async with supervised(child) as supervisor:
        await until(lambda: supervisor.state == "ready")
        assert child.process is not None
        os.kill(child.process.pid, signal.SIGKILL)
        await until(lambda: child.started == 2 and supervisor.state == "ready")

        assert supervisor.health() == {"state": "ready", "restarts": 1, "error": ""}


async def test_ending_the_supervisor_ends_the_child() -> None:
    child = Sleeper()
    async with supervised(child) as supervisor:
        await until(lambda: supervisor.state == "ready")

    assert supervisor.state == "stopped"
    assert child.process is not None
    assert child.process.returncode is not None


@pytest.mark.parametrize("code", ["raise SystemExit(3)"])
async def test_a_child_that_ends_at_once_is_not_started_in_a_tight_loop(code: str) -> None:
    child = Sleeper(code)
    async with supervised(child) as supervisor:
        await until(lambda: child.started == 3)

        assert supervisor.restarts == 2


async def test_a_child_that_cannot_start_says_why() -> None:
    class Missing(Sleeper):
        async def start(self) -> None:
            raise FileNotFoundError("no interpreter")

    async with supervised(Missing()) as supervisor:
        await until(lambda: supervisor.state == "waiting")

        assert supervisor.health()["error"] == "no interpreter"
