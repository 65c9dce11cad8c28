"""The chat and the report form for browsers without JavaScript: forms that are posted, pages that come back.

Each form carries a random `client_id`, so that a reload or an impatient second press sends nothing twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from actions.base import Message
from bot.channels import web_session
from bot.channels.web_frames import (
    CHANNEL_NAME,
    FrameRefused,
    check_button,
    check_text,
    compose,
    is_client_id,
    shown,
)
from bot.channels.web_intake import Intake, NotStored, SlowDown
from bot.channels.web_pages import Pages
from bot.channels.web_photos import photo_text_key
from bot.channels.web_place import place_of
from bot.channels.web_sockets import Listeners
from bot.channels.web_texts import web_text
from bot.channels.web_upload import FormRefused, PostedForm, read_form
from bot.security import client_network, is_same_origin
from bot.typedefs import SERVICES, SETTINGS
from tickets import transcript
from tickets.errors import PhotoRejected

HISTORY_LENGTH = 50
REPLY_SECONDS = 4.0
QUIET_SECONDS = 0.4
CHAT = "/chat/plain"
# The fields of the report form, with what stands before each in the message that they become.
FORM_FIELDS = {"what": "我要反映：", "place": "地点：", "happened": "时间：", "contact": "联系电话："}


class FormNotTaken(Exception):
    """The form comes back to the citizen, with `text` above it and what they wrote still in it."""

    def __init__(self, status: int, text_key: str, **params: object) -> None:
        super().__init__(text_key)
        self.status = status
        self.text = web_text(text_key, **params)


class PlainChat:
    """The handlers of /chat/plain and /report."""

    def __init__(self, listeners: Listeners, intake: Intake, pages: Pages) -> None:
        self._listeners = listeners
        self._intake = intake
        self._pages = pages

    async def show(self, request: web.Request) -> web.Response:
        """The conversation so far and a form to go on."""
        return await self._chat_page(request)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Take a text, a photo, or the button that was pressed."""
        form = PostedForm()
        try:
            await self._read(request, form)
            await self._send(request, form, _said(form))
        except FormNotTaken as refused:
            return await self._chat_page(request, form, refused)
        return web.Response(status=303, headers={"Location": f"{CHAT}#latest"})

    async def show_form(self, request: web.Request) -> web.Response:
        """The report form, empty."""
        return self._form_page(request)

    async def receive_form(self, request: web.Request) -> web.StreamResponse:
        """Take a filled-in report as one message, its photo as another; the chat asks for what is missing."""
        form = PostedForm()
        try:
            await self._read(request, form)
            await self._send(request, form, _report(form))
        except FormNotTaken as refused:
            return self._form_page(request, form, refused)
        return web.Response(status=303, headers={"Location": f"{CHAT}#latest"})

    async def _read(self, request: web.Request, form: PostedForm) -> None:
        if not is_same_origin(request, request.app[SETTINGS]):
            raise FormNotTaken(403, "not_from_page")
        try:
            posted = await read_form(request)
        except FormRefused as error:
            raise FormNotTaken(400, "bad_frame") from error
        form.fields, form.photo = posted.fields, posted.photo
        if web_session.token_of(request) is None:
            raise FormNotTaken(401, "no_cookie")
        if not is_client_id(form.get("client_id")):
            raise FormNotTaken(400, "bad_frame")
        if posted.is_photo_too_large:
            raise FormNotTaken(413, "photo_too_large")

    async def _send(self, request: web.Request, form: PostedForm, parts: dict[str, Any]) -> None:
        """Send what the form says, the words before the photo, and give the assistant a moment to answer."""
        address = web_session.address_of(web_session.token_of(request) or "")
        client_id = form.get("client_id")
        messages: list[Message] = [compose(address, client_id, **parts)] if parts else []
        try:
            self._intake.check_rate(address, client_network(request))
            if form.photo:
                self._intake.check_rate(address, None, is_photo=True)
                kept = await self._intake.keep_photo(request.app, form.photo)
                messages.append(compose(address, f"{client_id}-photo", **kept))
            async with self._listeners.reply_awaited(
                address, up_to_seconds=REPLY_SECONDS, quiet_seconds=QUIET_SECONDS
            ):
                for message in messages:
                    await self._intake.take(request.app, message)
        except SlowDown as error:
            raise FormNotTaken(429, "slow_down_plain", seconds=error.seconds) from error
        except PhotoRejected as error:
            raise FormNotTaken(415, photo_text_key(error)) from error
        except NotStored as error:
            raise FormNotTaken(503, "try_again_plain") from error

    async def _chat_page(
        self, request: web.Request, form: PostedForm | None = None, refused: FormNotTaken | None = None
    ) -> web.Response:
        response = self._pages.plain(
            await self._history(request),
            status=refused.status if refused else 200,
            problem=refused.text if refused else "",
            text=form.get("text") if form else "",
            new_id=_new_id,
        )
        return _remembered(request, response)

    def _form_page(
        self, request: web.Request, form: PostedForm | None = None, refused: FormNotTaken | None = None
    ) -> web.Response:
        here = place_of(request)
        empty = {"place": here.words} if here else {}
        response = self._pages.form(
            status=refused.status if refused else 200,
            problem=refused.text if refused else "",
            fields={name: form.get(name) if form else empty.get(name, "") for name in FORM_FIELDS},
            new_id=_new_id,
        )
        return _remembered(request, response)

    async def _history(self, request: web.Request) -> Sequence[dict[str, Any]]:
        token = web_session.token_of(request)
        if token is None:
            return ()
        async with request.app[SERVICES].database.reading() as session:
            address = web_session.address_of(token)
            conversation_id = await transcript.conversation_id_at(session, CHANNEL_NAME, address)
            if conversation_id is None:
                return ()
            messages = await transcript.history(session, conversation_id, limit=HISTORY_LENGTH)
        return [shown(message) for message in messages]


def _said(form: PostedForm) -> dict[str, Any]:
    """The message in the chat's form: a button, else the text; nothing if there is a photo alone."""
    try:
        if form.get("payload"):
            return check_button(form.get("payload"), form.get("label"))
        if form.photo and not form.get("text").strip():
            return {}
        return {"text": check_text(form.get("text"))}
    except FrameRefused as error:
        raise FormNotTaken(400, error.text_key) from error


def _report(form: PostedForm) -> dict[str, Any]:
    """The fields of the report form as one text, each on a line of its own."""
    if not form.get("what").strip():
        raise FormNotTaken(400, "form_needs_what")
    lines = [
        f"{title}{form.get(name).strip()}" for name, title in FORM_FIELDS.items() if form.get(name).strip()
    ]
    try:
        return {"text": check_text("\n".join(lines))}
    except FrameRefused as error:
        raise FormNotTaken(400, error.text_key) from error


def _new_id() -> str:
    return str(uuid.uuid4())


def _remembered(request: web.Request, response: web.Response) -> web.Response:
    token = web_session.token_of(request) or web_session.new_token()
    web_session.remember(response, token, request.app[SETTINGS])
    return response
