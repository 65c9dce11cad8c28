"""What a turn costs: CPU and latency of a whole turn beside a bare NLU parse and a bare commit, in one
run.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from actions.base import Message
from bot.app import open_services
from bot.config import ROOT, Settings
from bot.nlu_server import NluServer, ensure_model, free_port
from bot.relay import Relay, utc_now
from bot.understanding import UnderstandingClient
from tickets import conversations

ROUNDS = 200
WARM_UP = 20
QUESTION = "在福清养狗要登记吗"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one kind of work costs, each figure for one piece of it.

    Attributes:
        cpu_ms: CPU of our process and, where it works too, of the NLU server.
        p50_ms: latency.
        p95_ms: latency.
    """

    name: str
    cpu_ms: float
    p50_ms: float
    p95_ms: float


async def measure(name: str, work: Callable[[int], Awaitable[object]], server: int) -> Cost:
    """Do `work` again and again. `server` is the process id of the NLU server."""
    for number in range(WARM_UP):
        await work(number)
    latencies = []
    cpu = time.process_time() + _cpu_of(server)
    for number in range(WARM_UP, WARM_UP + ROUNDS):
        begin = time.perf_counter()
        await work(number)
        latencies.append((time.perf_counter() - begin) * 1000)
    cpu = time.process_time() + _cpu_of(server) - cpu
    return Cost(
        name, cpu * 1000 / ROUNDS, statistics.median(latencies), statistics.quantiles(latencies, n=20)[-1]
    )


def _cpu_of(process: int) -> float:
    """User and system seconds that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run() -> list[Cost]:
    """Measure all, on a new database and a server of our own."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = NluServer(await ensure_model(ROOT / "var" / "models"), free_port())
        await server.start()
        stack.push_async_callback(server.stop)
        await server.wait_ready()
        if server.process is None:
            raise RuntimeError("the NLU server has no process")
        services = await open_services(Settings(data_folder=folder))
        stack.push_async_callback(services.database.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        nlu = UnderstandingClient(server.url, session=session, timeout_seconds=30)
        relay = Relay(services, nlu)
        numbers = itertools.count()

        async def parse(number: int) -> None:
            await nlu.parse(QUESTION)

        async def commit(number: int) -> None:
            now = utc_now()
            async with services.database.transaction() as transaction:
                conversation = await conversations.open_conversation(transaction, "bench", "commit", now)
                update_id = f"c{next(numbers)}"
                await conversations.receive(transaction, conversation, update_id, {"text": "x"}, now)

        def turn(address: str, text: str) -> Callable[[int], Awaitable[object]]:
            async def one(number: int) -> None:
                await relay.receive(Message("bench", address, f"t{next(numbers)}", text=text))
                await relay.idle()

            return one

        pid = server.process.pid
        return [
            await measure("bare NLU parse", parse, pid),
            await measure("bare commit", commit, pid),
            await measure("turn: greeting", turn("greeting", "你好"), pid),
            await measure("turn: question with card", turn("question", QUESTION), pid),
            await measure("turn: the same, 220 turns later", turn("question", QUESTION), pid),
        ]


def main() -> None:
    """Print the figures and their ratios to a parse and a commit together."""
    costs = asyncio.run(run())
    base = costs[0].p50_ms + costs[1].p50_ms
    print("## A turn\n")  # noqa: T201 - what a benchmark is for
    print("| work | CPU ms | p50 ms | p95 ms | p50 / (parse + commit) |\n|---|---|---|---|---|")  # noqa: T201
    for cost in costs:
        figures = (cost.cpu_ms, cost.p50_ms, cost.p95_ms, cost.p50_ms / base)
        print(f"| {cost.name} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |")  # noqa: T201


if __name__ == "__main__":
    main()
