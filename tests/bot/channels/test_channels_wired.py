"""The whole application with both messengers, against servers of the tests' own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from wechatpy.crypto import WeChatCrypto

from bot.app import create_app
from bot.channels.telegram import webhook_secret
from bot.channels.telegram_door import HEADER, webhook_path
from bot.channels.typing import Typing
from bot.config import Settings
from tests.bot.channels.test_telegram_door import update
from tests.fake_wechat import AES_KEY, APP_ID, APP_SECRET, OPEN_ID, WeChat, WeChatApi, xml
from tests.fake_wechat import TOKEN as WECHAT_TOKEN
from tests.fakes import CHAT, TOKEN, BotApi
from tests.schema import new_sqlite


@pytest.fixture
async def served(
    settings: Settings,
) -> AsyncIterator[tuple[TestClient[web.Request, web.Application], BotApi, WeChatApi]]:
    new_sqlite(settings.data_folder / "wenfa.db")
    telegram, wechat = BotApi(), WeChatApi()
    servers = [await telegram.start(), await wechat.start()]
    app = create_app(
        replace(
            settings,
            public_url="https://wenfa.example",
            gather_seconds=0.05,
            telegram_token=TOKEN,
            telegram_webhook=True,
            telegram_api_url=str(servers[0].make_url("")),
            wechat_app_id=APP_ID,
            wechat_secret=APP_SECRET,
            wechat_token=WECHAT_TOKEN,
            wechat_aes_key=AES_KEY,
            wechat_api_url=str(servers[1].make_url("")),
        )
    )
    async with TestClient(TestServer(app)) as client:
        yield client, telegram, wechat
    for server in servers:
        await server.close()


async def test_both_messengers_are_answered_by_one_assistant(served: Any) -> None:
    client, telegram, wechat = served
    await telegram.wait_for("setWebhook", 1)
    pushed = WeChat(client, WeChatCrypto(WECHAT_TOKEN, AES_KEY, APP_ID))

    told = await client.post(
        webhook_path(TOKEN), json=update(1, "/report"), headers={HEADER: webhook_secret(TOKEN)}
    )
    answer = await pushed.push(xml("text", Content="/report"))
    [sent] = await telegram.wait_for("sendMessage", 1)
    async with asyncio.timeout(10):
        while not wechat.sent():
            await asyncio.sleep(0.02)

    assert (told.status, answer.status) == (200, 200)
    assert sent["chat_id"] == CHAT
    assert wechat.sent()[0]["touser"] == OPEN_ID
    assert wechat.said() == [sent["text"]]


async def test_one_sign_that_somebody_writes_is_enough_for_a_burst() -> None:
    shown: list[str] = []

    class Line:
        name = "line"

        async def send(self, *given: object) -> None: ...

        async def typing(self, address: str, by: str = "assistant") -> None:
            shown.append(address)

    typing = Typing({"line": Line()})
    for address in ("a", "a", "b", "a"):
        typing.show("line", address)
    typing.show("elsewhere", "a")
    await asyncio.sleep(0.01)

    assert shown == ["a", "b"]
