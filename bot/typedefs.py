"""Typed keys under which `bot/app.py` puts the parts into the web application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel
    from bot.channels.web import WebChannel
    from bot.channels.wechat.door import WeChatDoor
    from bot.config import Settings
    from bot.notify import OutboxWorker
    from bot.relay import Relay
    from bot.services import Services
    from bot.supervisor import Supervisor
    from bot.typing_board import TypingBoard

SETTINGS: web.AppKey[Settings] = web.AppKey("settings")
SERVICES: web.AppKey[Services] = web.AppKey("services")
RELAY: web.AppKey[Relay] = web.AppKey("relay")
WEB_CHANNEL: web.AppKey[WebChannel] = web.AppKey("web_channel")
TYPING: web.AppKey[TypingBoard] = web.AppKey("typing")
OUTBOX: web.AppKey[OutboxWorker] = web.AppKey("outbox")
SUPERVISOR: web.AppKey[Supervisor] = web.AppKey("supervisor")
TELEGRAM: web.AppKey[TelegramChannel] = web.AppKey("telegram")
WECHAT: web.AppKey[WeChatDoor] = web.AppKey("wechat")
