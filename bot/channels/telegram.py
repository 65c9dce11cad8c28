"""Telegram, through python-telegram-bot's `Bot`.

Updates are fetched by long polling. An update is confirmed to Telegram only after the relay has stored it, so
that a crash in between makes Telegram send it again, and the relay knows it by its id. (The library's own
`Updater` confirms first.)
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import structlog
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    Update,
)
from telegram.constants import ChatType, MessageLimit
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from actions.base import Location, Message
from bot.channels.base import DeliveryFailed, RecipientGone
from bot.files import read_attached
from bot.texts import text
from bot.texts.zh import COMMANDS, LABELS
from tickets.errors import PhotoRejected
from tickets.photos import MAX_PHOTO_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from telegram import Message as TelegramMessage

    from actions.base import Outgoing
    from bot.relay import Relay
    from bot.services import Services
    from tickets.files import ReadFile

log = structlog.get_logger()

T = TypeVar("T")

POLL_SECONDS = 30
FIRST_PAUSE_SECONDS = 1.0
LAST_PAUSE_SECONDS = 60.0
BUTTONS_A_ROW = 2
_UPDATES = ["message", "callback_query", "my_chat_member"]


class TelegramChannel:
    """Conversations in private chats; `address` is the chat id.

    Args:
        api_url: server of the Bot API, to use a local one.
        poll_seconds: how long one request waits for news.
    """

    name = "telegram"

    def __init__(
        self,
        token: str,
        relay: Relay,
        services: Services,
        *,
        api_url: str = "https://api.telegram.org",
        poll_seconds: int = POLL_SECONDS,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self._relay = relay
        self._services = services
        self._poll_seconds = poll_seconds
        self._first_pause_seconds = first_pause_seconds
        base = api_url.rstrip("/")
        self._bot = Bot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=HTTPXRequest(connection_pool_size=16),
            get_updates_request=HTTPXRequest(read_timeout=poll_seconds + 10),
        )

    async def run(self) -> None:
        """Fetch updates until cancelled; a server that is down or slow is tried again with growing pauses."""
        try:
            await self._with_retries(self._begin)
            offset = 0
            while True:
                offset = await self._with_retries(self._fetch, offset)
        except InvalidToken:
            log.error("telegram_token_refused")
        finally:
            await self._bot.shutdown()

    async def send(self, address: str, message_id: int, sender: str, content: Outgoing) -> None:
        """Deliver a message, in several pieces if it is longer than Telegram allows; the buttons go under the
        last, a file goes with it.
        """
        chat_id = int(address)
        file = await read_attached(self._services, self.name, address, content)
        pieces = list(split_text(content.text, _longest_last_piece(file)))
        try:
            for piece in pieces[:-1]:
                await self._bot.send_message(chat_id, piece)
            if file is None:
                await self._bot.send_message(chat_id, pieces[-1], reply_markup=keyboard(content))
            else:
                await self._bot.send_document(
                    chat_id,
                    file.content,
                    caption=pieces[-1],
                    filename=file.name,
                    reply_markup=keyboard(content),
                )
        except Forbidden as error:
            raise RecipientGone(error.message) from error
        except RetryAfter as error:
            raise DeliveryFailed("retry_after", _seconds(error)) from error
        except BadRequest as error:
            if "chat not found" in error.message.lower():
                raise RecipientGone(error.message) from error
            raise DeliveryFailed(error.message) from error
        except TelegramError as error:
            raise DeliveryFailed(error.message) from error

    async def _begin(self) -> None:
        await self._bot.initialize()
        await self._bot.set_my_commands([BotCommand(name, label) for name, label in COMMANDS.items()])

    async def _fetch(self, offset: int) -> int:
        """Fetch and store one batch. Returns the offset that confirms what was stored."""
        updates = await self._bot.get_updates(offset, timeout=self._poll_seconds, allowed_updates=_UPDATES)
        for update in updates:
            await self._take(update)
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
            except NetworkError as error:
                log.warning("telegram_unreachable", error=type(error).__name__, again_in_seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE_SECONDS)
            except Exception:
                log.exception("telegram_update_failed")
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE_SECONDS)

    async def _take(self, update: Update) -> None:
        """Turn one update into a message for the relay; what is no message is passed over."""
        if update.callback_query:
            await self._take_button(update)
        elif update.message:
            await self._take_message(update.update_id, update.message)

    async def _take_button(self, update: Update) -> None:
        query = update.callback_query
        if query is None or query.message is None or query.data is None:
            return
        label = next((text for text, data in _shown_buttons(query.message) if data == query.data), "")
        await self._relay.receive(
            Message(
                self.name, str(query.message.chat.id), f"{update.update_id}", payload=query.data, label=label
            )
        )
        try:
            await query.answer()
        except TelegramError:
            # Only the little clock on the button; the press itself is stored.
            log.info("telegram_button_too_old")

    async def _take_message(self, update_id: int, message: TelegramMessage) -> None:
        chat = message.chat
        if chat.type != ChatType.PRIVATE:
            return
        written = message.text or message.caption or ""
        photo, problem = await self._photo(message)
        location = None
        if message.location:
            location = Location(message.location.latitude, message.location.longitude)
        if problem:
            await self._tell(chat.id, problem)
        if written or photo or location:
            await self._relay.receive(
                Message(self.name, str(chat.id), str(update_id), text=written, photo=photo, location=location)
            )
        elif not problem:
            await self._tell(chat.id, "unsupported")

    async def _photo(self, message: TelegramMessage) -> tuple[str | None, str | None]:
        """The photo of a message, stored, as SHA-256; or the key of a text that says why there is none."""
        found = _largest_photo(message)
        if found is None:
            return None, None
        file_id, size = found
        if size and size > MAX_PHOTO_BYTES:
            return None, "photo_too_large"
        try:
            content = bytes(await (await self._bot.get_file(file_id)).download_as_bytearray())
            stored = await asyncio.to_thread(self._services.photos.save, content)
        except PhotoRejected as error:
            return None, error.reply_key
        except TelegramError as error:
            log.warning("telegram_photo_failed", error=type(error).__name__)
            return None, "photo_failed"
        return stored.sha256, None

    async def _tell(self, chat_id: int, key: str) -> None:
        """A remark about the message itself, not part of the conversation."""
        try:
            await self._bot.send_message(chat_id, text(key))
        except TelegramError as error:
            log.warning("telegram_remark_failed", error=type(error).__name__)


def _longest_last_piece(file: ReadFile | None) -> int:
    return MessageLimit.CAPTION_LENGTH if file else MessageLimit.MAX_TEXT_LENGTH


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return float(wait) if isinstance(wait, int) else wait.total_seconds()


def _largest_photo(message: TelegramMessage) -> tuple[str, int | None] | None:
    """File id and size of the best photo; a picture sent as a file counts."""
    if message.photo:
        return message.photo[-1].file_id, message.photo[-1].file_size
    document = message.document
    if document and (document.mime_type or "").startswith("image/"):
        return document.file_id, document.file_size
    return None


def _shown_buttons(message: object) -> Iterator[tuple[str, object]]:
    markup = getattr(message, "reply_markup", None)
    for row in markup.inline_keyboard if markup else ():
        for button in row:
            yield button.text, button.callback_data


def keyboard(content: Outgoing) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    """The buttons under a message, two in a row.

    A request for a place gets Telegram's own keyboard, the only one with a "share my location" button; its
    other buttons then send their label as text, which the flows understand.
    """
    if content.kind == "location_request":
        labels = [KeyboardButton(label) for label, _ in content.buttons]
        share = KeyboardButton(text("share_location"), request_location=True)
        return ReplyKeyboardMarkup([[share], labels], resize_keyboard=True, one_time_keyboard=True)
    buttons = list(content.buttons)
    # The table of a decision's days has no card of its own to look up.
    if content.card and content.card["id"] and content.card["citations"]:
        buttons.insert(0, (LABELS["button_law"], f"consult:law:{content.card['id']}"))
    if not buttons:
        return None
    shown = [InlineKeyboardButton(label, callback_data=payload) for label, payload in buttons]
    return InlineKeyboardMarkup([list(row) for row in _rows(shown)])


def _rows(buttons: Sequence[InlineKeyboardButton]) -> Iterator[Sequence[InlineKeyboardButton]]:
    for start in range(0, len(buttons), BUTTONS_A_ROW):
        yield buttons[start : start + BUTTONS_A_ROW]


def split_text(words: str, limit: int) -> Iterator[str]:
    """Cut a text into pieces of at most `limit` characters, at the end of a line where there is one."""
    rest = words
    while len(rest) > limit:
        cut = rest.rfind("\n", limit // 2, limit) + 1 or limit
        yield rest[:cut].rstrip()
        rest = rest[cut:]
    yield rest
