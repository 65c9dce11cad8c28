"""No faster than a channel's server allows."""

from __future__ import annotations

import pytest

from bot.channels import pacing
from bot.security import RateLimiter


async def test_the_next_message_waits_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = 0.0, []

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    monkeypatch.setattr(pacing.asyncio, "sleep", sleep)
    monkeypatch.setattr(
        pacing, "RateLimiter", lambda burst, rate: RateLimiter(burst, rate, clock=lambda: now)
    )
    pace = pacing.Pace(overall=(3, 10.0), each=(1, 1.0))

    await pace.wait("a")
    await pace.wait("b")
    at_once = list(slept)
    await pace.wait("a")

    assert at_once == []
    assert slept == [pytest.approx(1.0)]
