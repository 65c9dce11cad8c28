"""The web chat: a page, its WebSocket, photos, and a plain page for browsers without JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.assets import Assets
from bot.channels import web_session
from bot.channels.web_chat import ChatSocket
from bot.channels.web_embed import EmbedDoor
from bot.channels.web_files import show_own
from bot.channels.web_frames import CHANNEL_NAME, shown_content
from bot.channels.web_intake import Intake
from bot.channels.web_pages import FOLDER, OFFLINE_PATH, Pages
from bot.channels.web_photos import PhotoDoor
from bot.channels.web_plain import PlainChat
from bot.channels.web_sockets import Listeners
from bot.fanout import RedisFanout
from bot.files import PATH as LINK_PATH
from bot.files import show_linked
from bot.openapi import openapi_document
from bot.security import is_same_origin
from bot.typedefs import SETTINGS
from bot.typing_board import TOPIC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.base import Outgoing
    from bot.typing_board import TypingBoard

DOCUMENT = Path(__file__).parent / "openapi.yml"
ICON_SECONDS = 24 * 3600
# Addresses that browsers and phones ask for by themselves.
_ROOT_FILES = {"/favicon.ico": "icon-48.png", "/apple-touch-icon.png": "icon-180.png"}


class WebChannel:
    """The channel "web". An address is the hash of the token in a browser's cookie."""

    name = CHANNEL_NAME

    def __init__(self) -> None:
        self._listeners = Listeners()
        self._intake = Intake(self._listeners)
        self._assets = Assets(FOLDER / "static", "/static/chat")
        self._pages = Pages(self._assets)

    async def send(self, address: str, message_id: int, sender: str, content: Outgoing) -> None:
        """Show a message on all open pages of the conversation.

        With none open it counts as delivered all the same: a page fetches what was said when it opens.
        """
        message: dict[str, Any] = {
            "id": message_id,
            "from": sender,
            "client_id": None,
            "at": datetime.now(UTC).isoformat(),
            **shown_content(content.as_json()),
        }
        await self._listeners.push(address, {"type": "message", "message": message})

    async def typing(self, address: str, by: str = "assistant") -> None:
        """Show that an answer is being written, by the "assistant" or an "officer"."""
        await self._listeners.push(address, {"type": "typing", "by": by})

    async def read_by_officer(self, address: str, message_id: int) -> None:
        """Show that the officer has read up to that message."""
        await self._listeners.push(address, {"type": "read", "id": message_id})

    def setup(self, app: web.Application) -> None:
        """Add the routes. The application must hold SETTINGS, and SERVICES and RELAY once it runs."""
        chat = ChatSocket(self._listeners, self._intake)
        photos = PhotoDoor(self._intake)
        embed = EmbedDoor(self._assets, self._pages)
        plain = PlainChat(self._listeners, self._intake, self._pages)
        app.add_routes(
            [
                web.get("/", self._chat_page),
                web.get("/embed", embed.page),
                web.get("/embed.js", embed.script),
                web.get("/chat/socket", chat.open),
                web.post("/chat/photo", photos.receive),
                web.get("/chat/photo/{sha256:[0-9a-f]{64}}", photos.show),
                web.get("/chat/file/{sha256:[0-9a-f]{64}}", show_own),
                web.get(LINK_PATH + "{token:[A-Za-z0-9_-]{20,200}}", show_linked),
                web.post("/chat/leave", self._leave),
                web.get("/chat/plain", plain.show),
                web.post("/chat/plain", plain.receive),
                web.get("/report", plain.show_form),
                web.post("/report", plain.receive_form),
                web.get("/chat/openapi.json", self._document),
                web.get("/manifest.webmanifest", self._manifest),
                web.get("/worker.js", self._worker),
                web.get(OFFLINE_PATH, self._offline),
                *(web.get(path, self._root_file) for path in _ROOT_FILES),
                *self._assets.routes(),
            ]
        )
        app.on_shutdown.append(self._close)

    def fanout(self, url: str, board: TypingBoard) -> RedisFanout:
        """Join the pages of other processes, and who types there; the caller runs what is returned."""

        async def deliver(address: str, frame: Mapping[str, Any]) -> None:
            if address == TOPIC:
                board.hear(frame)
            else:
                await self._listeners.push_here(address, frame)

        fanout = RedisFanout(url, deliver)
        self._listeners.publish = board.publish = fanout.publish
        return fanout

    def error_page(self, status: int, words: str) -> web.Response:
        """A page in the chat's looks that says what went wrong."""
        return self._pages.error(status, words)

    async def _chat_page(self, request: web.Request) -> web.Response:
        response = self._pages.chat(request)
        web_session.remember(
            response, web_session.token_of(request) or web_session.new_token(), request.app[SETTINGS]
        )
        return response

    async def _leave(self, request: web.Request) -> web.StreamResponse:
        """Let go of the conversation on this device, as on a computer that others use too."""
        if not is_same_origin(request, request.app[SETTINGS]):
            raise web.HTTPForbidden
        # JavaScript or not, people come back to the page they left from.
        back = "/chat/plain" if request.query.get("to") == "plain" else "/"
        response = web.Response(status=303, headers={"Location": back})
        web_session.forget(response, request.app[SETTINGS])
        return response

    async def _document(self, request: web.Request) -> web.Response:
        return web.json_response(openapi_document(DOCUMENT, request.app[SETTINGS].base_url))

    async def _manifest(self, request: web.Request) -> web.Response:
        return self._pages.manifest()

    async def _worker(self, request: web.Request) -> web.Response:
        return self._pages.worker()

    async def _offline(self, request: web.Request) -> web.Response:
        return self._pages.offline()

    async def _root_file(self, request: web.Request) -> web.Response:
        return self._assets.response(_ROOT_FILES[request.path], request, max_age_seconds=ICON_SECONDS)

    async def _close(self, _app: web.Application) -> None:
        await self._listeners.close()
