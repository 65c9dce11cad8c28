"""The chat inside the bureau's own site: one script tag there, a page of ours in a frame, a list of sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.channels import web_session
from bot.typedefs import SETTINGS

if TYPE_CHECKING:
    from bot.assets import Assets
    from bot.channels.web_pages import Pages

# The tag on the bureau's site has one address for ever, so the script can't be cached for long.
SCRIPT_SECONDS = 600


class EmbedDoor:
    """The handlers of /embed.js and /embed. Without WENFA_EMBED_ORIGINS there is nothing behind them."""

    def __init__(self, assets: Assets, pages: Pages) -> None:
        self._assets = assets
        self._pages = pages

    async def script(self, request: web.Request) -> web.Response:
        """The script that the tag loads."""
        _origins(request)
        response = self._assets.response("embed.js", request, max_age_seconds=SCRIPT_SECONDS)
        # Other sites are meant to load it.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    async def page(self, request: web.Request) -> web.Response:
        """The chat page for a frame on one of the listed sites."""
        origins = _origins(request)
        # Browsers that know `frame-ancestors` don't look at X-Frame-Options, which could only say "nobody".
        response = self._pages.chat(request, frame_ancestors=f"'self' {' '.join(origins)}")
        token = web_session.token_of(request) or web_session.new_token()
        web_session.remember(response, token, request.app[SETTINGS])
        web_session.remember_in_frame(response, token, request.app[SETTINGS])
        return response


def _origins(request: web.Request) -> tuple[str, ...]:
    origins = request.app[SETTINGS].embed_origins
    if not origins:
        raise web.HTTPNotFound
    return origins
