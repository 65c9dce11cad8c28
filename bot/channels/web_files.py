"""Files that were made in a browser's own conversation; to everybody else there are none."""

from __future__ import annotations

from aiohttp import web

from bot.channels.web_frames import CHANNEL_NAME
from bot.channels.web_session import address_of, token_of
from bot.files import download, read_for
from bot.typedefs import SERVICES


async def show_own(request: web.Request) -> web.Response:
    """The handler of /chat/file/<sha256>."""
    token = token_of(request)
    sha256 = request.match_info["sha256"]
    found = await read_for(request.app[SERVICES], CHANNEL_NAME, address_of(token), sha256) if token else None
    return download(found)
