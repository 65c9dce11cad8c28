"""Telegram's webhook: who calls is checked first, and nothing is confirmed that isn't stored."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from bot.app import create_app, running_task
from bot.channels.telegram import TelegramChannel, webhook_secret
from bot.channels.telegram_door import HEADER, MAX_UPDATE_BYTES, receive_update, webhook_path
from bot.config import SettingError, Settings
from bot.nlu_server import free_port
from bot.relay import Relay
from bot.services import Services
from bot.typedefs import TELEGRAM
from bot.understanding import UnderstandingClient
from tests.fakes import CHAT, TOKEN, BotApi
from tickets import models

SECRET = webhook_secret(TOKEN)
PATH = webhook_path(TOKEN)


def update(number: int, text: str = "/help") -> dict[str, Any]:
    return {
        "update_id": number,
        "message": {
            "message_id": number,
            "date": 1_790_000_000,
            "chat": {"id": CHAT, "type": "private"},
            "from": {"id": CHAT, "is_bot": False, "first_name": "市民"},
            "text": text,
        },
    }


@dataclass
class Door:
    api: BotApi
    client: TestClient[web.Request, web.Application]
    relay: Relay
    services: Services

    async def deliver(self, data: object, *, secret: str | None = SECRET, path: str = PATH) -> ClientResponse:
        headers = {HEADER: secret} if secret is not None else {}
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        return await self.client.post(path, data=body, headers=headers)

    async def stored(self) -> list[str]:
        await self.relay.idle()
        async with self.services.database.reading() as session:
            wanted = select(models.Message).where(models.Message.sender == "citizen")
            return [each.update_id for each in await session.scalars(wanted.order_by(models.Message.id))]


@pytest.fixture
async def door(services: Services, http: Any) -> AsyncIterator[Door]:
    api = BotApi()
    server = await api.start()
    relay = Relay(services, UnderstandingClient(f"http://127.0.0.1:{free_port()}", session=http))
    channel = TelegramChannel(
        TOKEN, relay, services, api_url=str(server.make_url("")), webhook_url=f"https://wenfa.example{PATH}"
    )
    app = web.Application()
    app[TELEGRAM] = channel
    app.router.add_post(PATH, receive_update)
    async with TestClient(TestServer(app)) as client, running_task(channel.run):
        await api.wait_for("setWebhook", 1)
        yield Door(api, client, relay, services)
        await relay.idle()
    await server.close()


async def test_the_webhook_is_announced_with_its_secret(door: Door) -> None:
    [announced] = door.api.sent("setWebhook")

    assert announced["url"] == f"https://wenfa.example{PATH}"
    assert announced["secret_token"] == SECRET
    assert announced["max_connections"] == 1


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], "密"], ids=str)
async def test_a_caller_without_the_secret_is_refused_before_anything_is_read(
    door: Door, secret: str | None
) -> None:
    answer = await door.deliver(b"{ not json", secret=secret)

    assert answer.status == 403
    assert await door.stored() == []


async def test_the_same_update_five_times_is_one_message(door: Door) -> None:
    statuses = [(await door.deliver(update(500))).status for _ in range(5)]

    assert statuses == [200] * 5
    assert await door.stored() == ["500"]


async def test_a_webhook_of_another_bot_is_not_ours(door: Door) -> None:
    answer = await door.deliver(update(1), path="/telegram/999999")

    assert answer.status == 404
    assert await door.stored() == []


@pytest.mark.parametrize(
    "body",
    [b"{ not json", b"[" * 100_000, b"[]", b'{"message": 5}', b'"x"'],
    ids=["broken", "deep", "list", "no id", "string"],
)
async def test_what_is_no_update_is_refused(door: Door, body: bytes) -> None:
    assert (await door.deliver(body)).status == 400


async def test_a_huge_body_is_refused(door: Door) -> None:
    huge = io.BytesIO(b" " * (MAX_UPDATE_BYTES + 1))

    answer = await door.client.post(PATH, data=huge, headers={HEADER: SECRET})

    assert answer.status == 413


async def test_what_could_not_be_stored_is_asked_for_again(door: Door) -> None:
    receive, failed = door.relay.receive, []

    async def fail_once(message: Any) -> Any:
        if not failed:
            failed.append(message)
            raise OSError("disk full")
        return await receive(message)

    door.relay.receive = fail_once
    first = await door.deliver(update(7))
    again = await door.deliver(update(7))

    assert (first.status, again.status) == (500, 200)
    assert await door.stored() == ["7"]


async def test_updates_out_of_order_are_all_taken(door: Door) -> None:
    for number in (12, 11, 13):
        await door.deliver(update(number))

    assert sorted(await door.stored()) == ["11", "12", "13"]


def test_a_webhook_needs_a_public_address(settings: Settings) -> None:
    with pytest.raises(SettingError, match="WENFA_PUBLIC_URL"):
        create_app(Settings(data_folder=settings.data_folder, telegram_token=TOKEN, telegram_webhook=True))
