"""What is set up once at the platform."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from actions.dialogue import MENU
from bot.app import create_app
from bot.commands import wechat
from bot.config import SettingError, Settings
from tests.fake_wechat import AES_KEY, APP_ID, APP_SECRET, TOKEN, WeChatApi


@pytest.fixture
def account(settings: Settings) -> Settings:
    return replace(
        settings,
        wechat_app_id=APP_ID,
        wechat_secret=APP_SECRET,
        wechat_token=TOKEN,
        public_url="https://wenfa.example",
    )


async def run(account: Settings, work: object) -> tuple[int, WeChatApi]:
    api = WeChatApi()
    server = await api.start()
    reachable = replace(account, wechat_api_url=str(server.make_url("")))
    try:
        return await asyncio.to_thread(wechat._run, reachable, work), api
    finally:
        await server.close()


async def test_the_menu_is_made_of_buttons_that_the_dialogue_knows(account: Settings) -> None:
    status, api = await run(account, wechat._make_menu)

    [made] = api.sent("/cgi-bin/menu/create")
    flat = [*made["button"][:2], *made["button"][2]["sub_button"]]
    assert status == 0
    assert {button["key"] for button in flat if button["type"] == "click"} <= MENU.keys()
    assert [button["url"] for button in flat if button["type"] == "view"] == ["https://wenfa.example/"]
    # What the platform takes: 16 bytes above, 60 below.
    assert all(len(button["name"].encode()) <= 16 for button in made["button"])


async def test_a_code_names_a_town(account: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    status, api = await run(account, lambda client, settings: wechat._make_code(client, settings, "longtian"))

    [made] = api.sent("/cgi-bin/qrcode/create")
    assert status == 0
    assert made["action_info"]["scene"]["scene_str"] == "place:longtian"
    assert "http://weixin.qq.com/q/x" in capsys.readouterr().out


async def test_a_town_that_is_none_is_refused(account: Settings) -> None:
    with pytest.raises(SettingError, match="towns.yml"):
        await run(account, lambda client, settings: wechat._make_code(client, settings, "atlantis"))


async def test_a_wrong_secret_is_one_line(account: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    status, _ = await run(replace(account, wechat_secret="wrong"), wechat._make_menu)

    assert status == 1
    assert capsys.readouterr().err.startswith("wenfa: WeChat: 40125")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"wechat_secret": ""}, "WENFA_WECHAT_SECRET"),
        ({"wechat_token": ""}, "WENFA_WECHAT_TOKEN"),
        ({"wechat_aes_key": AES_KEY[:-1]}, "WENFA_WECHAT_AES_KEY"),
    ],
)
def test_an_account_that_is_half_set_stops_the_start(
    account: Settings, changes: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingError, match=named):
        create_app(replace(account, **changes))


def test_without_an_account_the_command_says_so(settings: Settings) -> None:
    with pytest.raises(SettingError, match="WENFA_WECHAT_APP_ID"):
        wechat._run(settings, wechat._make_menu)
