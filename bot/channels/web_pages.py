"""The pages of the web chat, rendered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from bot import dates
from bot.assets import Assets
from bot.channels.web_place import place_of
from bot.security import content_security_policy, socket_sources

FOLDER = Path(__file__).parent
NAME = "问法"
BUREAU = "福清市城市管理局"
OFFLINE_PATH = "/offline"
MENU = (
    ("menu:consult", "办事问规定", "book"),
    ("menu:report", "我要反映问题", "megaphone"),
    ("menu:status", "查进度", "clock"),
    ("menu:human", "找人工", "person"),
)


class Pages:
    """Renders the templates; what a citizen or officer wrote is escaped by them."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["spoken_moment"] = spoken_moment
        self._environment.globals.update(asset=assets.url, name=NAME, bureau=BUREAU, menu=MENU)

    def chat(self, request: web.Request, *, frame_ancestors: str = "") -> web.Response:
        """The chat page. It holds nothing personal: the socket brings that.

        Args:
            frame_ancestors: origins that may show the page inside theirs, separated by blanks.
        """
        response = self._html("chat.html", here=place_of(request), is_embedded=bool(frame_ancestors))
        changes = {"frame_ancestors": frame_ancestors} if frame_ancestors else {}
        response.headers["Content-Security-Policy"] = content_security_policy(
            connect_src=socket_sources(request.host), **changes
        )
        # Asked for again on each visit, so that the cookie is prolonged.
        response.headers["Cache-Control"] = "private, no-cache"
        return response

    def plain(self, messages: Sequence[dict[str, Any]], *, status: int = 200, **values: Any) -> web.Response:
        """The chat without JavaScript."""
        return self._private("plain.html", status, messages=messages, **values)

    def form(self, *, status: int = 200, **values: Any) -> web.Response:
        """The report form without JavaScript."""
        return self._private("form.html", status, **values)

    def error(self, status: int, words: str) -> web.Response:
        """A page that says what went wrong."""
        return self._private("error.html", status, words=words)

    def offline(self) -> web.Response:
        """The page that the service worker keeps for when there is no network."""
        return self._html("offline.html")

    def worker(self) -> web.Response:
        """The service worker, with the addresses of what it keeps."""
        kept = [OFFLINE_PATH, self._assets.url("chat.css"), self._assets.url("icon.svg")]
        script = self._environment.get_template("worker.js").render(version=self._assets.version, kept=kept)
        response = web.Response(text=script, content_type="text/javascript")
        response.headers["Cache-Control"] = "no-cache"
        return response

    def manifest(self) -> web.Response:
        """What a phone needs to know to put the chat on its home screen."""
        icons = [
            {"src": self._assets.url("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
            {"src": self._assets.url("icon-192.png"), "sizes": "192x192", "type": "image/png"},
            {"src": self._assets.url("icon-512.png"), "sizes": "512x512", "type": "image/png"},
            {
                "src": self._assets.url("icon-maskable-512.png"),
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "maskable",
            },
        ]
        return web.json_response(
            {
                "id": "/",
                "name": f"{NAME} · {BUREAU}",
                "short_name": NAME,
                "description": "问城市管理规定、反映身边问题、查办理进度",
                "lang": "zh-CN",
                "start_url": "/",
                "scope": "/",
                "display": "standalone",
                "background_color": "#f4f2ec",
                "theme_color": "#16436b",
                "icons": icons,
            },
            content_type="application/manifest+json",
        )

    def _private(self, template: str, status: int, **values: Any) -> web.Response:
        response = self._html(template, status=status, **values)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _html(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        text = self._environment.get_template(template).render(**values)
        return web.Response(text=text, status=status, content_type="text/html")


def spoken_moment(at: str | datetime, now: datetime | None = None) -> str:
    """ "今天 14:05", "昨天 14:05", "11月23日 14:05", in Chinese time."""
    moment = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(dates.CHINA)
    days = ((now or datetime.now(UTC)).astimezone(dates.CHINA).date() - moment.date()).days
    day = {0: "今天", 1: "昨天"}.get(days) or dates.day(moment)
    return f"{day} {moment:%H:%M}"
