"""`wenfa wechat`: what is set up once at the platform: the account's menu, and QR codes that name a town."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.channels.wechat.client import WeChatClient, WeChatError, WeChatUnreachable
from bot.channels.wechat.setup import check_settings, open_cache, open_client
from bot.channels.wechat.tokens import TokenUnavailable
from bot.commands.stored import on_database
from bot.config import SettingError
from bot.keys import open_vault
from bot.texts.zh import LABELS
from tickets.routing import Routing

if TYPE_CHECKING:
    import argparse

    from bot.config import Settings
    from tickets.database import Database


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    menu = actions.add_parser("menu", help="put the menu under the account's conversation")
    menu.set_defaults(run=lambda args: _run(args.settings, _make_menu))
    code = actions.add_parser("code", help="make a QR code that says which town somebody is in")
    code.add_argument("town", help="code of the town, from towns.yml")
    code.set_defaults(
        run=lambda args: _run(args.settings, lambda client, settings: _make_code(client, settings, args.town))
    )


def menu(base_url: str) -> dict[str, Any]:
    """The menu as the platform takes it; the keys are payloads of buttons."""

    def click(name: str) -> dict[str, str]:
        return {"type": "click", "name": LABELS[f"button_{name}"], "key": f"menu:{name}"}

    more = [
        click("status"),
        click("human"),
        {"type": "view", "name": LABELS["button_web"], "url": f"{base_url}/"},
    ]
    return {
        "button": [click("consult"), click("report"), {"name": LABELS["button_more"], "sub_button": more}]
    }


async def _make_menu(client: WeChatClient, settings: Settings) -> str:
    await client.call("/cgi-bin/menu/create", menu(settings.base_url))
    return "the menu is set; followers see it within a day, new ones at once"


async def _make_code(client: WeChatClient, settings: Settings, town: str) -> str:
    if Routing.load(settings.city_data).town(town) is None:
        raise SettingError(f"no town {town}; the codes are in tickets/data/towns.yml")
    scene = {"scene": {"scene_str": f"place:{town}"}}
    made = await client.call(
        "/cgi-bin/qrcode/create", {"action_name": "QR_LIMIT_STR_SCENE", "action_info": scene}
    )
    return str(made["url"])


def _run(settings: Settings, work: Callable[[WeChatClient, Settings], Awaitable[str]]) -> int:
    if not settings.wechat_app_id:
        raise SettingError("WENFA_WECHAT_APP_ID is empty")
    check_settings(settings)
    return on_database(settings, lambda database: _with_client(settings, database, work))


async def _with_client(
    settings: Settings, database: Database, work: Callable[[WeChatClient, Settings], Awaitable[str]]
) -> int:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        cache = await open_cache(settings, database, stack)
        client = open_client(settings, open_vault(settings), http, cache)
        try:
            sys.stdout.write(await work(client, settings) + "\n")
        except (WeChatError, WeChatUnreachable, TokenUnavailable) as error:
            sys.stderr.write(f"wenfa: WeChat: {error}\n")
            return 1
    return 0
