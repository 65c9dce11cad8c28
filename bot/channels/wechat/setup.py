"""Putting a WeChat account together from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.channels.wechat.channel import Template, WeChatChannel
from bot.channels.wechat.client import WeChatClient
from bot.channels.wechat.crypto import Envelope
from bot.channels.wechat.door import PATH, WeChatDoor
from bot.config import SettingError
from bot.shared_cache import DatabaseCache, RedisCache, connected
from bot.typedefs import WECHAT

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    import aiohttp

    from bot.config import Settings
    from bot.relay import Relay
    from bot.services import Services
    from bot.shared_cache import SharedCache
    from tickets.database import Database
    from tickets.vault import Vault


def check_settings(settings: Settings) -> None:
    """Raises: SettingError, for an account that is half set."""
    for name, value in (
        ("WENFA_WECHAT_SECRET", settings.wechat_secret),
        ("WENFA_WECHAT_TOKEN", settings.wechat_token),
    ):
        if not value:
            raise SettingError(f"WENFA_WECHAT_APP_ID is set, and {name} isn't")
    _envelope(settings)


def add_routes(app: web.Application) -> None:
    """The addresses that WeChat calls; they work once `open_account` has put the door there."""
    app.router.add_get(PATH, _check)
    app.router.add_post(PATH, _receive)


async def _check(request: web.Request) -> web.StreamResponse:
    return await request.app[WECHAT].check(request)


async def _receive(request: web.Request) -> web.StreamResponse:
    return await request.app[WECHAT].receive(request)


async def open_cache(settings: Settings, database: Database, stack: AsyncExitStack) -> SharedCache:
    """Redis if there is one, else the database."""
    if not settings.redis_url:
        return DatabaseCache(database)
    client = connected(settings.redis_url)
    stack.push_async_callback(client.aclose)
    return RedisCache(client)


def open_client(
    settings: Settings, vault: Vault, http: aiohttp.ClientSession, cache: SharedCache
) -> WeChatClient:
    """The account's API."""
    return WeChatClient(
        settings.wechat_app_id,
        settings.wechat_secret,
        http=http,
        cache=cache,
        vault=vault,
        api_url=settings.wechat_api_url,
    )


async def open_account(
    settings: Settings,
    services: Services,
    relay: Relay,
    http: aiohttp.ClientSession,
    stack: AsyncExitStack,
) -> tuple[WeChatChannel, WeChatDoor]:
    """The channel and its door."""
    cache = await open_cache(settings, services.database, stack)
    template = None
    if settings.wechat_template:
        template = Template(
            settings.wechat_template,
            settings.wechat_template_kind,
            dict(settings.wechat_template_fields),
        )
    client = open_client(settings, services.vault, http, cache)
    channel = WeChatChannel(client, relay, services, base_url=settings.base_url, template=template)
    door = WeChatDoor(
        settings.wechat_token,
        _envelope(settings),
        relay=relay,
        slots=channel.slots,
        database=services.database,
        cache=cache,
    )
    return channel, door


def _envelope(settings: Settings) -> Envelope | None:
    if not settings.wechat_aes_key:
        return None
    try:
        return Envelope(settings.wechat_aes_key, settings.wechat_app_id)
    except ValueError as error:
        raise SettingError(f"WENFA_WECHAT_AES_KEY can't be used: {error}") from error
