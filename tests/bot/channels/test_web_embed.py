"""The chat on other people's pages: who may show it, and what the script tag and the frame get."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.channels.web_session import COOKIE, FRAME_COOKIE
from bot.config import SettingError, load_settings
from tests.web_chat import make_app
from tests.web_client import Client

ORIGINS = ("https://www.fuqing.gov.cn", "https://cgj.fuqing.gov.cn")


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    app = make_app(tmp_path, embed_origins=ORIGINS, public_url="https://wenfa.fuqing.gov.cn")
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


@pytest.mark.parametrize("path", ["/embed", "/embed.js"])
async def test_nothing_is_embedded_where_no_site_is_listed(tmp_path: Path, path: str) -> None:
    async with TestClient(TestServer(make_app(tmp_path), host="127.0.0.1")) as client:
        assert (await client.get(path)).status == 404


async def test_only_the_listed_sites_may_frame_the_page(client: Client) -> None:
    policy = (await client.get("/embed")).headers["Content-Security-Policy"]

    assert f"frame-ancestors 'self' {' '.join(ORIGINS)}" in policy


async def test_the_usual_page_stays_out_of_frames(client: Client) -> None:
    answer = await client.get("/")

    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


async def test_a_frame_gets_a_cookie_of_its_own_jar_for_the_same_conversation(client: Client) -> None:
    answer = await client.get("/embed")

    header = next(line for line in answer.headers.getall("Set-Cookie") if line.startswith(FRAME_COOKIE))
    value, *attributes = header.split("; ")
    assert value == f"{FRAME_COOKIE}={answer.cookies[COOKIE].value}"
    assert {"SameSite=None", "Secure", "HttpOnly", "Partitioned"} <= set(attributes)


async def test_leaving_takes_both_cookies_back(client: Client) -> None:
    answer = await client.post(
        "/chat/leave", headers={"Origin": "https://wenfa.fuqing.gov.cn"}, allow_redirects=False
    )

    taken = [line.split("=")[0] for line in answer.headers.getall("Set-Cookie") if "Max-Age=0;" in line]
    assert sorted(taken) == [COOKIE, FRAME_COOKIE]


async def test_other_sites_may_load_the_script(client: Client) -> None:
    answer = await client.get("/embed.js")

    assert answer.content_type == "text/javascript"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize(
    "value", ["www.fuqing.gov.cn", "https://a.cn/path", "*", "https://a.cn; script-src *"]
)
def test_an_origin_that_could_bend_the_policy_is_refused(value: str) -> None:
    with pytest.raises(SettingError, match="WENFA_EMBED_ORIGINS"):
        load_settings({"WENFA_EMBED_ORIGINS": value})


def test_origins_are_a_list_by_commas() -> None:
    settings = load_settings({"WENFA_EMBED_ORIGINS": "https://a.gov.cn/, http://10.0.0.7:8000"})

    assert settings.embed_origins == ("https://a.gov.cn", "http://10.0.0.7:8000")
