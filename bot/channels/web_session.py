"""Which conversation a browser belongs to: a random token in a cookie. Only its hash is stored."""

from __future__ import annotations

import hashlib
import re
import secrets

from aiohttp import web

from bot.config import Settings

COOKIE = "wenfa_chat"
MAX_AGE_SECONDS = 180 * 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def token_of(request: web.Request) -> str | None:
    """The browser's token, or None if it has none of ours."""
    token = request.cookies.get(COOKIE, "")
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


def forget(response: web.StreamResponse, settings: Settings) -> None:
    """Take the cookie back: the browser starts a new conversation at its next visit."""
    response.del_cookie(
        COOKIE, path="/", httponly=True, samesite="Lax", secure=settings.public_url.startswith("https://")
    )
