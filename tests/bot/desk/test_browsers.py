from __future__ import annotations

import pytest

from bot.desk.browsers import browser_of


@pytest.mark.parametrize(
    ("user_agent", "shown"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36 Edg/131.0",
            "Edge，Windows",
        ),
        ("Mozilla/5.0 (Linux; Android 14; V2254A) Chrome/116.0 Mobile MicroMessenger/8.0.47", "微信，安卓"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1",
            "Safari，iPhone",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox，Linux"),
        ("curl/8.5.0", "curl"),
        ("", "未知"),
    ],
)
def test_a_browser_is_named_as_people_know_it(user_agent: str, shown: str) -> None:
    assert browser_of(user_agent) == shown
