"""Which browser a session is in, in a few words that an officer recognises."""

from __future__ import annotations

# Sign in the user agent -> name. Most browsers also name those they are like, so the first that fits counts.
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "安卓"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def browser_of(user_agent: str) -> str:
    """For example "Edge，Windows"; a program without a known name by its own first word."""
    found = [
        next((name for sign, name in signs if sign in user_agent), "") for signs in (_BROWSERS, _SYSTEMS)
    ]
    return "，".join(filter(None, found)) or user_agent.split("/")[0][:20] or "未知"
