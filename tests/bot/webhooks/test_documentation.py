"""The example that receivers copy from docs/webhooks.md works."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.config import ROOT
from bot.webhooks.signing import sign
from tickets.webhook_events import EVENTS
from tickets.webhooks import new_secret

TEXT = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET, BODY = new_secret(), "正文".encode()


@pytest.fixture
def is_genuine() -> Any:
    """The function as it stands there."""
    [code] = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own document
    return names["is_genuine"]


def test_the_example_tells_genuine_from_forged(is_genuine: Any) -> None:
    now = datetime.now(UTC)
    headers = sign(SECRET, "evt_1", now, BODY)

    assert is_genuine(SECRET, headers, BODY)
    assert not is_genuine(SECRET, headers, BODY + b" ")
    assert not is_genuine(new_secret(), headers, BODY)
    assert not is_genuine(SECRET, {**headers, "webhook-id": "evt_2"}, BODY)
    assert not is_genuine(SECRET, sign(SECRET, "evt_1", now - timedelta(minutes=6), BODY), BODY)


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_documented(event: str) -> None:
    assert f"`{event}`" in TEXT
