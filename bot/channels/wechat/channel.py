"""What goes out to WeChat: the reply to a push where that still waits, else customer-service messages."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from actions.base import CHINA
from bot.channels.base import DeliveryFailed, RecipientGone, WaitsForCitizen
from bot.channels.pacing import Pace
from bot.channels.pieces import SentPieces
from bot.channels.wechat.client import WeChatError, WeChatUnreachable
from bot.channels.wechat.messages import CHANNEL_NAME
from bot.channels.wechat.slots import Slots
from bot.channels.wechat.tokens import TokenUnavailable
from bot.channels.wechat.view import as_plain, bodies, image_body, template_data, text_body
from bot.files import text_with_link
from bot.media import MediaUnavailable
from bot.services import read_photo
from bot.texts import text
from tickets.photos import MAX_PHOTO_BYTES
from tickets.recordings import MAX_RECORDING_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actions.base import Media, Outgoing
    from bot.channels.wechat.client import WeChatClient
    from bot.channels.wechat.view import Body
    from bot.relay import Relay
    from bot.services import Services

log = structlog.get_logger()

OVERALL_PACE = (30, 20.0)
FOLLOWER_PACE = (8, 2.0)
# errcode of the platform: an open id that is none of ours, somebody who doesn't follow us, or blocked us.
GONE = frozenset({40003, 43004, 43019, 50005})
# More than 48 hours, or too many messages, since the follower wrote.
WINDOW_CLOSED = frozenset({45015, 45047})
# How long to wait after: busy, the day's quota, the minute's quota.
SECONDS_TO_WAIT = {-1: 5.0, 45009: 3600.0, 45011: 60.0}
NO_MENUS = frozenset({40008, 40058})
MEDIA_GONE = frozenset({40007, 41006})
TOO_LARGE = 0


@dataclass(frozen=True, slots=True)
class Template:
    """The template by which news of a ticket reach somebody who hasn't written for 48 hours.

    Attributes:
        kind: "template" (模板消息) or "subscribe" (订阅通知).
        fields: what ticket_no, status, text and time are called in it.
    """

    id: str
    kind: str
    fields: Mapping[str, str]


class WeChatChannel:
    """Conversations with followers; `address` is the open id.

    Args:
        base_url: where people reach our pages.
        template: None if the account has none; such news then wait until the follower writes.
    """

    name = CHANNEL_NAME

    def __init__(
        self,
        client: WeChatClient,
        relay: Relay,
        services: Services,
        *,
        base_url: str,
        template: Template | None = None,
    ) -> None:
        self._client = client
        self._services = services
        self._base_url = base_url
        self._template = template
        self._pace = Pace(OVERALL_PACE, FOLLOWER_PACE)
        self._sent = SentPieces()
        self.slots = Slots()
        relay.media.add_source(self.name, self.fetch)

    async def send(self, address: str, message_id: int, sender: str, content: Outgoing) -> None:
        """Deliver a message, in several if it is longer than WeChat allows. Tried again, it goes on with the
        one that failed.
        """
        with _in_our_words():
            parts = await self._bodies(address, message_id, sender, content)
            try:
                for number, body in enumerate(parts):
                    if number >= self._sent.of(message_id):
                        await self._say(address, body)
                        self._sent.add(message_id)
            except WeChatError as error:
                if error.code not in WINDOW_CLOSED:
                    raise
                await self._send_news(address, content)
        self._sent.forget(message_id)

    async def typing(self, address: str, by: str = "assistant") -> None:
        """Show that an answer is being written, unless it will be the reply to an open push."""
        if self.slots.of(address) is not None:
            return
        with contextlib.suppress(WeChatError, WeChatUnreachable, TokenUnavailable):
            await self._client.call(
                "/cgi-bin/message/custom/typing", {"touser": address, "command": "Typing"}
            )

    async def fetch(self, media: Media) -> bytes:
        """Download a photo or a voice message.

        Raises: MediaUnavailable; WeChatUnreachable and WeChatError, which may pass.
        """
        limit = MAX_PHOTO_BYTES if media.kind == "photo" else MAX_RECORDING_BYTES
        try:
            return await self._client.download(media.ref, limit)
        except WeChatError as error:
            if error.code == TOO_LARGE:
                raise MediaUnavailable("too_large") from error
            if error.code in MEDIA_GONE:
                raise MediaUnavailable from error
            raise

    async def _bodies(self, address: str, message_id: int, sender: str, content: Outgoing) -> list[Body]:
        words = await text_with_link(self._services, self._base_url, self.name, address, content)
        if sender == "officer" and not content.key:
            words = text("from_officer") + words
        parts = bodies(content, message_id, words=words)
        photo = await read_photo(self._services, content.photo) if content.photo else None
        if photo is not None:
            media_id = await self._client.upload("image", "photo.jpg", "image/jpeg", photo)
            parts.append(image_body(media_id))
        return parts

    async def _say(self, address: str, body: Body) -> None:
        slot = self.slots.of(address)
        if slot is not None and body["msgtype"] == "text" and await slot.offer(body["text"]["content"]):
            return
        if slot is not None:
            slot.decline()
        await self._pace.wait(address)
        try:
            await self._client.send(address, body)
        except WeChatError as error:
            if body["msgtype"] != "msgmenu" or error.code not in NO_MENUS:
                raise
            await self._client.send(address, text_body(as_plain(body)))

    async def _send_news(self, address: str, content: Outgoing) -> None:
        """News of a ticket by the template; whatever else there is waits.

        Raises: WaitsForCitizen; WeChatError; WeChatUnreachable.
        """
        if self._template is None or content.progress is None:
            raise WaitsForCitizen
        news = {**content.progress, "text": content.text}
        body: Body = {
            "touser": address,
            "template_id": self._template.id,
            "data": template_data(self._template.fields, news, datetime.now(UTC).astimezone(CHINA)),
        }
        path = "/cgi-bin/message/subscribe/bizsend"
        if self._template.kind == "template":
            path, body = "/cgi-bin/message/template/send", {**body, "url": f"{self._base_url}/"}
        try:
            await self._client.call(path, body)
        except WeChatError as error:
            if error.code in GONE or error.code in SECONDS_TO_WAIT:
                raise
            # The follower wants no such messages, or the template is gone.
            log.warning("wechat_template_refused", code=error.code)
            raise WaitsForCitizen from error


@contextlib.contextmanager
def _in_our_words() -> Iterator[None]:
    """Say what the platform refused as the outbox understands it."""
    try:
        yield
    except WeChatError as error:
        if error.code in GONE:
            raise RecipientGone(f"errcode {error.code}") from error
        raise DeliveryFailed(f"errcode {error.code}", SECONDS_TO_WAIT.get(error.code)) from error
    except (WeChatUnreachable, TokenUnavailable) as error:
        raise DeliveryFailed(f"{type(error).__name__} {error}".strip()) from error
