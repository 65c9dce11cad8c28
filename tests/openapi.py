"""What schemathesis holds an OpenAPI document to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

_HELD = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]


async def ask_as_declared(
    cases: Any, base_url: str, headers: Callable[[Any], dict[str, str]], *, examples: int, **options: Any
) -> None:
    """Send some requests to an address and hold the answers to the document.

    Args:
        cases: a strategy of requests, always in the same order.
        headers: what goes with one of them, which it may change before.
        options: for sending.
    """
    checks = [CHECKS.get_one(name) for name in _HELD]

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: Any) -> None:
        case.call_and_validate(base_url=base_url, headers=headers(case), checks=checks, **options)

    await asyncio.to_thread(ask)
