"""Telegram, through python-telegram-bot's `Bot`.

Updates come by long polling, or to a webhook when the assistant has a public address. Either way an update is
confirmed to Telegram only after the relay has stored it, so that a crash in between makes Telegram send it
again, and the relay knows it by its id. (The library's own `Updater` confirms first.)
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from telegram import Bot, BotCommand, MenuButtonCommands, Update
from telegram.constants import ChatAction, ParseMode
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from bot.channels.base import BadUpdate, DeliveryFailed, RecipientGone
from bot.channels.pacing import Pace
from bot.channels.pieces import SentPieces
from bot.channels.telegram_groups import GroupChats
from bot.channels.telegram_intake import CHANNEL_NAME, UPDATES, Intake
from bot.channels.telegram_staff import StaffGroup
from bot.channels.telegram_view import Piece, pieces
from bot.files import read_attached
from bot.media import MediaUnavailable
from bot.services import read_photo
from bot.texts import text
from bot.texts.zh import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from actions.base import Media, Outgoing
    from bot.channels.flood import FloodGate
    from bot.relay import Relay
    from bot.services import Services

log = structlog.get_logger()

T = TypeVar("T")

POLL_SECONDS = 30
TIMEOUT_SECONDS = 15.0
FIRST_PAUSE_SECONDS = 1.0
LAST_PAUSE_SECONDS = 60.0
# Telegram's limits are 30 messages a second, and about one to each chat.
OVERALL_PACE = (25, 25.0)
CHAT_PACE = (5, 1.0)
# Telegram waits for each answer before it sends the next update: they come in order.
WEBHOOK_CONNECTIONS = 1


class TelegramChannel:
    """Conversations in private chats; `address` is the chat id.

    Args:
        api_url: server of the Bot API, to use a local one.
        staff_chat: id of the officers' forum group; 0 for none.
        webhook_url: public address of `bot.channels.telegram_door`; "" fetches updates instead.
        poll_seconds: how long one request waits for news.
        timeout_seconds: how long any other waits for an answer.
        gate: how much one person may send; its own limits if None.
        chat_pace: how many messages one chat is sent at once, and a second after that.
    """

    name = CHANNEL_NAME

    def __init__(
        self,
        token: str,
        relay: Relay,
        services: Services,
        *,
        api_url: str = "https://api.telegram.org",
        webhook_url: str = "",
        staff_chat: int = 0,
        poll_seconds: int = POLL_SECONDS,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
        gate: FloodGate | None = None,
        chat_pace: tuple[int, float] = CHAT_PACE,
    ) -> None:
        self._services = services
        self._webhook_url = webhook_url
        self._poll_seconds = poll_seconds
        self._first_pause_seconds = first_pause_seconds
        base = api_url.rstrip("/")
        self._bot = Bot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=HTTPXRequest(connection_pool_size=16, read_timeout=timeout_seconds),
            get_updates_request=HTTPXRequest(read_timeout=poll_seconds + 10),
        )
        self.secret = webhook_secret(token)
        self.staff = (
            StaffGroup(self._bot, services, staff_chat, on_replies=relay.wake_outbox) if staff_chat else None
        )
        self._intake = Intake(self._bot, relay, GroupChats(self._bot, services), self.staff, gate)
        self._pace = Pace(OVERALL_PACE, chat_pace)
        self._sent = SentPieces()
        relay.media.add_source(self.name, self.fetch)

    async def run(self) -> None:
        """Introduce the bot, then fetch updates until cancelled, unless they come by themselves. A server
        that is down or slow is tried again with growing pauses.
        """
        try:
            await self._with_retries(self._begin)
            if self._webhook_url:
                await asyncio.Event().wait()
            offset = 0
            while True:
                offset = await self._with_retries(self._fetch_updates, offset)
        except InvalidToken:
            log.error("telegram_token_refused")
        finally:
            await self._bot.shutdown()

    async def take_json(self, data: Any) -> None:
        """Take one update as it came to the webhook.

        Raises: BadUpdate, if it isn't one; else whatever kept it from being stored.
        """
        try:
            update = Update.de_json(data, self._bot)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadUpdate from error
        await self._intake.take(update)

    async def send(self, address: str, message_id: int, sender: str, content: Outgoing) -> None:
        """Deliver a message, in several pieces if it is longer than Telegram allows; the buttons go under the
        last, a photo or a file goes with it. Tried again, it goes on with the piece that failed.
        """
        attached = await self._attached(address, content)
        opening = text("from_officer") if sender == "officer" and not content.key else ""
        parts = pieces(content, opening=opening, is_caption=attached is not None)
        with _in_our_words():
            for number, piece in enumerate(parts):
                if number < self._sent.of(message_id):
                    continue
                await self._pace.wait(address)
                is_last = number == len(parts) - 1
                await (attached if attached and is_last else self._say)(int(address), piece)
                self._sent.add(message_id)
        self._sent.forget(message_id)

    async def typing(self, address: str, by: str = "assistant") -> None:
        """Show that an answer is being written."""
        try:
            await self._bot.send_chat_action(int(address), ChatAction.TYPING)
        except TelegramError as error:
            log.info("telegram_typing_failed", error=type(error).__name__)

    async def fetch(self, media: Media) -> bytes:
        """Download a photo or a voice message.

        Raises: MediaUnavailable; TelegramError, which may pass.
        """
        try:
            file = await self._bot.get_file(media.ref)
            return bytes(await file.download_as_bytearray())
        except (BadRequest, InvalidToken) as error:
            # The library takes a file that isn't there (404) for a wrong token.
            raise MediaUnavailable("too_large" if "too big" in error.message else "failed") from error

    async def _say(self, chat_id: int, piece: Piece) -> None:
        if piece.html is not None:
            try:
                await self._bot.send_message(
                    chat_id, piece.html, parse_mode=ParseMode.HTML, reply_markup=piece.keyboard
                )
                return
            except BadRequest as error:
                if "parse" not in error.message.lower() and "too long" not in error.message.lower():
                    raise
                log.warning("telegram_form_refused", error=error.message)
            await self._bot.send_message(chat_id, piece.text, reply_markup=piece.plain_keyboard)
            return
        await self._bot.send_message(chat_id, piece.text, reply_markup=piece.keyboard)

    async def _attached(
        self, address: str, content: Outgoing
    ) -> Callable[[int, Piece], Awaitable[object]] | None:
        """How to send what the message carries beside words; None if that is nothing, or it is gone."""
        file = await read_attached(self._services, self.name, address, content)
        if file is not None:
            return lambda chat_id, piece: self._bot.send_document(
                chat_id,
                file.content,
                caption=piece.text or None,
                filename=file.name,
                reply_markup=piece.keyboard,
            )
        photo = await read_photo(self._services, content.photo) if content.photo else None
        if photo is not None:
            return lambda chat_id, piece: self._bot.send_photo(
                chat_id, photo, caption=piece.text or None, reply_markup=piece.keyboard
            )
        return None

    async def _begin(self) -> None:
        await self._bot.initialize()
        await self._bot.set_my_commands([BotCommand(name, label) for name, label in COMMANDS.items()])
        await self._bot.set_chat_menu_button(menu_button=MenuButtonCommands())
        await self._bot.set_my_description(text("telegram_description"))
        await self._bot.set_my_short_description(text("telegram_short_description"))
        if self._webhook_url:
            await self._bot.set_webhook(
                self._webhook_url,
                secret_token=self.secret,
                allowed_updates=UPDATES,
                max_connections=WEBHOOK_CONNECTIONS,
            )
        else:
            # Telegram refuses to hand out updates while a webhook is set.
            await self._bot.delete_webhook()

    async def _fetch_updates(self, offset: int) -> int:
        """Fetch and store one batch. Returns the offset that confirms what was stored."""
        updates = await self._bot.get_updates(offset, timeout=self._poll_seconds, allowed_updates=UPDATES)
        for update in sorted(updates, key=lambda update: update.update_id):
            await self._intake.take(update)
            offset = update.update_id + 1
        return offset

    async def _with_retries(self, call: Callable[..., Awaitable[T]], *arguments: object) -> T:
        pause = self._first_pause_seconds
        while True:
            try:
                return await call(*arguments)
            except InvalidToken:
                raise
            except RetryAfter as error:
                await asyncio.sleep(_seconds(error))
                continue
            except (NetworkError, Conflict) as error:
                # A conflict: another process fetches the updates of the same bot.
                log.warning("telegram_unreachable", error=type(error).__name__, again_in_seconds=pause)
            except Exception:
                log.exception("telegram_update_failed")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LAST_PAUSE_SECONDS)


@contextlib.contextmanager
def _in_our_words() -> Iterator[None]:
    """Say what Telegram refused as the outbox understands it."""
    try:
        yield
    except Forbidden as error:
        raise RecipientGone(error.message) from error
    except RetryAfter as error:
        raise DeliveryFailed("retry_after", _seconds(error)) from error
    except TelegramError as error:
        if "chat not found" in error.message.lower():
            raise RecipientGone(error.message) from error
        raise DeliveryFailed(error.message) from error


def webhook_secret(token: str) -> str:
    """What Telegram puts into the header of each update: the same in all our processes, and of no use to
    find the token.
    """
    return hmac.new(token.encode(), b"wenfa telegram webhook", hashlib.sha256).hexdigest()


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return float(wait) if isinstance(wait, int) else wait.total_seconds()
