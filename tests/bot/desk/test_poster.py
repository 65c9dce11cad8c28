"""The poster with the code that opens the chat at a place."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from bot.config import Settings
from tests.bot.desk.browsing import Browser


@pytest.fixture
def desk_settings(desk_settings: Settings) -> Settings:
    """The desk as people reach it."""
    return Settings(data_folder=desk_settings.data_folder, public_url="http://wenfa.example.cn")


async def test_a_poster_names_the_place_and_links_to_it(signed_in: Browser) -> None:
    page = await signed_in.get("/poster?town=longtian&spot=菜市场北门")

    assert "这里是：<b>龙田镇菜市场北门</b>" in page.text
    link = page.text.split("二维码，打开 ")[1].split('"')[0].replace("&amp;", "&")
    assert urlsplit(link).netloc == "wenfa.example.cn"
    assert parse_qs(urlsplit(link).query) == {"town": ["longtian"], "spot": ["菜市场北门"]}
    assert "WENFA_PUBLIC_URL" not in page.text


async def test_a_poster_for_the_whole_city_names_no_place(signed_in: Browser) -> None:
    page = await signed_in.get("/poster")

    assert "这里是" not in page.text
    assert "打开 http://wenfa.example.cn/" in page.text


async def test_an_unknown_town_is_said(signed_in: Browser) -> None:
    page = await signed_in.get("/poster?town=nowhere")

    assert page.status == 404
    assert "没有这个镇街" in page.text
