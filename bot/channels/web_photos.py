"""Photos in and out of the web chat."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.channels.web_frames import CHANNEL_NAME, compose, is_client_id
from bot.channels.web_intake import RETRY_SECONDS, Intake, NotStored, SlowDown
from bot.channels.web_session import address_of, token_of
from bot.channels.web_texts import TEXTS, web_text
from bot.channels.web_upload import FormRefused, PostedForm, read_form
from bot.security import client_network, content_security_policy, is_same_origin
from bot.services import read_photo
from bot.typedefs import SERVICES, SETTINGS
from tickets import transcript
from tickets.errors import PhotoRejected
from tickets.photos import MEDIA_TYPE

PHOTO_SECONDS = 7 * 24 * 3600


class PhotoDoor:
    """The handlers under /chat/photo."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def receive(self, request: web.Request) -> web.Response:
        """Take one photo: a form with the fields `client_id` and `photo`. The answer is JSON."""
        if not is_same_origin(request, request.app[SETTINGS]):
            return _refusal(403, "not_from_page")
        token = token_of(request)
        if token is None:
            return _refusal(401, "no_session")
        try:
            form = await read_form(request)
            self._intake.check_rate(address_of(token), client_network(request), is_photo=True)
            return await self._take(request, address_of(token), form)
        except FormRefused:
            return _refusal(400, "photo_missing")
        except SlowDown as error:
            return _refusal(429, "slow_down", retry_after_seconds=error.seconds)
        except PhotoRejected as error:
            return _refusal(413 if error.reason == "too_large" else 415, photo_text_key(error))
        except NotStored:
            return _refusal(503, "try_again", retry_after_seconds=RETRY_SECONDS)

    async def _take(self, request: web.Request, address: str, form: PostedForm) -> web.Response:
        if form.is_photo_too_large:
            raise PhotoRejected("too_large")
        client_id = form.get("client_id")
        if not form.photo or not is_client_id(client_id):
            raise FormRefused
        kept = await self._intake.keep_photo(request.app, form.photo)
        received = await self._intake.take(request.app, compose(address, client_id, **kept))
        answer = {"id": received.message_id, "client_id": client_id, "photo": f"/chat/photo/{kept['photo']}"}
        return web.json_response(answer)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """A photo of the browser's own conversation; to everybody else there is none."""
        token, sha256 = token_of(request), request.match_info["sha256"]
        if token is None or not await _is_theirs(request.app, address_of(token), sha256):
            raise web.HTTPNotFound(text=web_text("photo_gone"))
        content = await read_photo(request.app[SERVICES], sha256)
        if content is None:
            raise web.HTTPNotFound(text=web_text("photo_gone"))
        headers = {
            "Cache-Control": f"private, max-age={PHOTO_SECONDS}, immutable",
            "Content-Security-Policy": content_security_policy(script_src="'none'", style_src="'none'"),
        }
        return web.Response(body=content, content_type=MEDIA_TYPE, headers=headers)


def photo_text_key(error: PhotoRejected) -> str:
    """The sentence that says why a photo was not taken."""
    key = f"photo_{error.reason}"
    return key if key in TEXTS else "photo_not_an_image"


async def _is_theirs(app: web.Application, address: str, sha256: str) -> bool:
    async with app[SERVICES].database.reading() as session:
        conversation_id = await transcript.conversation_id_at(session, CHANNEL_NAME, address)
        return conversation_id is not None and await transcript.has_photo(session, conversation_id, sha256)


def _refusal(status: int, text_key: str, *, retry_after_seconds: int | None = None) -> web.Response:
    answer: dict[str, Any] = {"code": text_key, "text": web_text(text_key, seconds=retry_after_seconds)}
    headers = {}
    if retry_after_seconds is not None:
        answer["retry_after_seconds"] = retry_after_seconds
        headers["Retry-After"] = str(retry_after_seconds)
    return web.json_response(answer, status=status, headers=headers)
