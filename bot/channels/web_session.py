"""Which conversation a browser belongs to: a random token in a cookie. Only its hash is stored."""

from __future__ import annotations

import hashlib
import re
import secrets

from aiohttp import web

from bot.config import Settings

COOKIE = "wenfa_chat"
# The same token for a frame on a site of another domain, where browsers keep the first cookie away.
FRAME_COOKIE = "wenfa_frame"
MAX_AGE_SECONDS = 180 * 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def token_of(request: web.Request) -> str | None:
    """The browser's token, or None if it has none of ours."""
    token = request.cookies.get(COOKIE) or request.cookies.get(FRAME_COOKIE, "")
    return token if _TOKEN.fullmatch(token) else None


def new_token() -> str:
    """A token that nobody can guess (256 bits)."""
    return secrets.token_urlsafe(32)


def address_of(token: str) -> str:
    """The conversation's address: whoever reads it in the database can't take the conversation over."""
    return hashlib.sha256(token.encode()).hexdigest()


def remember(response: web.Response, token: str, settings: Settings) -> None:
    """Set the cookie; each visit prolongs it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=MAX_AGE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.public_url.startswith("https://"),
        path="/",
    )


def remember_in_frame(response: web.StreamResponse, token: str, settings: Settings) -> None:
    """Set the cookie for a frame on another domain, in a jar of that site's own; browsers take it by HTTPS
    only.
    """
    _set_frame_cookie(response, token, MAX_AGE_SECONDS, settings)


def forget(response: web.StreamResponse, settings: Settings) -> None:
    """Take the cookies back: the browser starts a new conversation at its next visit."""
    response.del_cookie(
        COOKIE, path="/", httponly=True, samesite="Lax", secure=settings.public_url.startswith("https://")
    )
    _set_frame_cookie(response, "", 0, settings)


def _set_frame_cookie(response: web.StreamResponse, token: str, seconds: int, settings: Settings) -> None:
    # Written out, because the library's cookies don't know "Partitioned" before Python 3.14.
    if settings.public_url.startswith("https://"):
        attributes = f"Max-Age={seconds}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
        response.headers.add("Set-Cookie", f"{FRAME_COOKIE}={token}; {attributes}")
