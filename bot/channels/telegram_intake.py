"""From Telegram's updates to messages for the relay. Private chats only; groups are `telegram_groups`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import structlog
from telegram import ChatMember, ReplyParameters
from telegram.constants import ChatType
from telegram.error import TelegramError

from actions.base import MAX_PAYLOAD_BYTES, Location, Media, Message
from actions.dialogue import command_in
from bot.channels.flood import FloodGate
from bot.channels.telegram_view import USED, is_once, shown_buttons, used_keyboard
from bot.texts import text
from tickets.photos import MAX_PHOTO_BYTES
from tickets.recordings import MAX_RECORDING_BYTES

if TYPE_CHECKING:
    from telegram import Bot, CallbackQuery, Update
    from telegram import Message as TelegramMessage

    from bot.channels.telegram_groups import GroupChats
    from bot.channels.telegram_staff import StaffGroup
    from bot.relay import Relay

log = structlog.get_logger()

CHANNEL_NAME = "telegram"
# What is asked for; everything else would only be thrown away.
UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
# t.me/<bot>?start=FQ20261123-0007_M52PHNY2: a ticket with its receipt code as proof.
_TICKET_LINK = re.compile(r"/start ([A-Z]{2}\d{8}-\d{4,})_([A-Z0-9]{8})\s*")
# An officer shows whose account this is, with a code from the desk. Never kept in the conversation.
_STAFF_CODE = re.compile(r"/link ([0-9A-Za-z]{8})\s*")
# t.me/<bot>?start=place_longtian: the code on a town's notice board.
_PLACE_LINK = re.compile(r"/start place_([a-z0-9_]{1,40})\s*")


class Intake:
    """Takes updates one after the other. When `take` returns, what was said is stored."""

    def __init__(
        self,
        bot: Bot,
        relay: Relay,
        groups: GroupChats,
        staff: StaffGroup | None = None,
        gate: FloodGate | None = None,
    ) -> None:
        self._bot = bot
        self._relay = relay
        self._groups = groups
        self._staff = staff
        self._gate = gate or FloodGate()

    async def take(self, update: Update) -> None:
        """Turn one update into a message for the relay; what is no message is passed over.

        Raises: whatever kept it from being stored; Telegram should then deliver it again.
        """
        if update.callback_query:
            await self._take_button(update.update_id, update.callback_query)
        elif update.my_chat_member and update.my_chat_member.chat.type == ChatType.PRIVATE:
            if update.my_chat_member.new_chat_member.status == ChatMember.BANNED:
                await self._relay.left(CHANNEL_NAME, str(update.my_chat_member.chat.id))
        elif self._staff and update.message and update.message.chat.id == self._staff.chat_id:
            await self._staff.take(update.update_id, update.message)
        elif update.message and update.message.chat.type == ChatType.PRIVATE:
            await self._take_message(update.update_id, update.message)
        elif update.message:
            await self._groups.answer(update.update_id, update.message)
        elif update.edited_message:
            await self._take_edit(update.edited_message)

    async def _take_button(self, update_id: int, query: CallbackQuery) -> None:
        message, payload = query.message, query.data
        is_ours = message is not None and message.chat.type == ChatType.PRIVATE
        if message is None or payload is None or not is_ours or len(payload.encode()) > MAX_PAYLOAD_BYTES:
            return
        if not self._gate.pass_through(str(message.chat.id)).takes_buttons:
            await self._settle(query, text("flood_button"))
            return
        if payload == USED:
            await self._settle(query, text("button_used_already"))
            return
        label = next((label for label, data in shown_buttons(message) if data == payload), "")
        await self._relay.receive(
            Message(CHANNEL_NAME, str(message.chat.id), str(update_id), payload=payload, label=label)
        )
        await self._settle(query)
        if is_once(payload) and label:
            try:
                await query.edit_message_reply_markup(used_keyboard(label))
            except TelegramError as error:
                # Too old, or pressed twice; the press itself is stored.
                log.info("telegram_buttons_stay", error=type(error).__name__)

    async def _settle(self, query: CallbackQuery, words: str | None = None) -> None:
        """End the little clock on the button."""
        try:
            await query.answer(words)
        except TelegramError:
            log.info("telegram_button_too_old")

    async def _take_message(self, update_id: int, message: TelegramMessage) -> None:
        pressure = self._gate.pass_through(str(message.chat.id))
        if pressure.text_key:
            await self._say(message.chat.id, text(pressure.text_key), about=message.message_id)
        if pressure.takes_buttons and await self._take_link(update_id, message):
            return
        media, problem = media_in(message)
        words = words_in(message)
        location = location_in(message)
        says_something = bool(words or media or location)
        is_command = bool(words) and not command_in(words)[1]
        if says_something and (pressure.takes_buttons if is_command else pressure.takes_words):
            await self._relay.receive(
                Message(
                    CHANNEL_NAME,
                    str(message.chat.id),
                    str(update_id),
                    text=words,
                    media=media,
                    location=location,
                )
            )
        if pressure.takes_buttons:
            await self._remark(message, problem, is_taken=says_something)

    async def _take_link(self, update_id: int, message: TelegramMessage) -> bool:
        """Take a deep link that was opened, or an officer's code. Returns whether it was one."""
        chat_id, words = message.chat.id, words_in(message)
        if self._staff and (code := _STAFF_CODE.fullmatch(words)):
            await self._say(chat_id, await self._staff.link(code[1], chat_id))
            return True
        if link := _link_in(words):
            payload, label = link
            await self._relay.receive(
                Message(CHANNEL_NAME, str(chat_id), str(update_id), payload=payload, label=label)
            )
        return link is not None

    async def _remark(self, message: TelegramMessage, problem: str | None, *, is_taken: bool) -> None:
        """Say what of a message could not be taken; it isn't part of the conversation."""
        if problem:
            await self._say(message.chat.id, text(problem))
        elif not is_taken and not is_service(message):
            key = "video_unsupported" if has_video(message) else "unsupported"
            await self._say(message.chat.id, text(key))

    async def _take_edit(self, message: TelegramMessage) -> None:
        """What was said stands as it was first said; a moving live location is no news either."""
        is_ours = message.chat.type == ChatType.PRIVATE and bool(message.text or message.caption)
        if is_ours and self._gate.pass_through(str(message.chat.id)).takes_buttons:
            await self._say(message.chat.id, text("edited"))

    async def _say(self, chat_id: int, words: str, *, about: int | None = None) -> None:
        """Args: about: the message that the words answer."""
        answered = ReplyParameters(about, allow_sending_without_reply=True) if about else None
        try:
            await self._bot.send_message(chat_id, words, reply_parameters=answered)
        except TelegramError as error:
            log.warning("telegram_remark_failed", error=type(error).__name__)


def words_in(message: TelegramMessage) -> str:
    """What was written, under a photo too; the number of a contact that was shared."""
    if message.contact:
        return message.contact.phone_number
    return message.text or message.caption or ""


def media_in(message: TelegramMessage) -> tuple[Media | None, str | None]:
    """The photo or voice of a message, to be fetched; or the key of a text that says why it can't be taken.

    A picture that was sent as a file counts as a photo.
    """
    document = message.document
    picture = document if document and (document.mime_type or "").startswith("image/") else None
    photo = message.photo[-1] if message.photo else picture
    sound = message.voice or message.audio
    kind, found, limit = ("photo", photo, MAX_PHOTO_BYTES) if photo else ("voice", sound, MAX_RECORDING_BYTES)
    if found is None:
        return None, None
    if (found.file_size or 0) > limit:
        return None, f"{kind}_too_large"
    return Media(kind, found.file_id), None


def location_in(message: TelegramMessage) -> Location | None:
    """The place of a message: a point, a live location's first point, or a venue with its name."""
    if message.venue:
        point = message.venue.location
        name = f"{message.venue.address}{message.venue.title}"
        return Location(point.latitude, point.longitude, name=name)
    if message.location:
        return Location(message.location.latitude, message.location.longitude)
    return None


def has_video(message: TelegramMessage) -> bool:
    """Whether somebody sent a moving picture."""
    return bool(message.video or message.video_note or message.animation)


def is_service(message: TelegramMessage) -> bool:
    """Whether Telegram wrote the message itself ("pinned a message")."""
    return bool(message.pinned_message or message.message_auto_delete_timer_changed)


def _link_in(words: str) -> tuple[str, str] | None:
    """Payload and label of a deep link that was opened. As a button's, so that the receipt code isn't among
    the words that officers read.
    """
    if found := _TICKET_LINK.fullmatch(words):
        return f"status:code:{found[1]}:{found[2]}", text("link_ticket")
    if found := _PLACE_LINK.fullmatch(words):
        return f"place:{found[1]}", text("link_place")
    return None
