"""What goes wrong on citizens' pages: a page in Chinese with a way on, never an exception."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from bot.texts import text
from bot.typedefs import WEB_CHANNEL

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

log = structlog.get_logger()

_KEYS = {404: "page_not_found", 405: "page_not_found", 413: "page_too_large", 429: "page_too_many"}


@web.middleware
async def error_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what aiohttp itself refuses, and what nobody expected, in words."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        own = error.text if _speaks_chinese(error) else None
        return _page(request, error.status, own or text(_KEYS.get(error.status, "page_refused")))
    except Exception:
        incident = secrets.token_hex(4)
        log.exception("request_failed", incident=incident, path=request.path)
        return _page(request, 500, text("page_failed", incident=incident))


def _speaks_chinese(error: web.HTTPException) -> bool:
    """A handler of ours gave the words itself."""
    return error.text is not None and not error.text.isascii()


def _page(request: web.Request, status: int, words: str) -> web.StreamResponse:
    if "text/html" in request.headers.get("Accept", ""):
        return request.app[WEB_CHANNEL].error_page(status, words)
    return web.Response(text=words, status=status)
