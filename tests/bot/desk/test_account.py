from __future__ import annotations

import html
import re

import pyotp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot import desk
from bot.config import Settings
from bot.desk.auth import COOKIE
from bot.services import Services
from bot.typedefs import SERVICES, SETTINGS
from tests.bot.desk.browsing import PASSWORD, Browser, Clock
from tickets.models import Officer

NEW = "nine boats at dusk"
SECRET = re.compile(r'<code class="once">([^<]+)</code>')


async def _turn_on(browser: Browser, clock: Clock) -> str:
    page = await browser.get("/account/second-factor")
    match = SECRET.search(page.text)
    assert match is not None
    secret = match[1].replace(" ", "")
    page = await browser.post("/account/second-factor", code=pyotp.TOTP(secret).at(clock.now))
    assert page.path == "/desk/account?done=second-factor"
    return secret


async def test_a_changed_password_works_and_the_old_one_does_not(
    signed_in: Browser, second_browser: Browser
) -> None:
    await second_browser.sign_in("lin")
    await signed_in.get("/account")

    page = await signed_in.post("/account/password", old_password=PASSWORD, password=NEW, password_again=NEW)

    assert "密码已更换" in page.text
    assert (await signed_in.get("/")).path == "/desk/"
    assert (await second_browser.get("/")).path.startswith("/desk/sign-in")
    assert (await second_browser.sign_in("lin")).status == 403
    assert (await second_browser.sign_in("lin", NEW)).status == 200


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"old_password": "wrong"}, "原密码不对"),
        ({"password_again": "other"}, "两次输入的新密码不一样"),
        ({"password": "short", "password_again": "short"}, "密码太短"),
    ],
)
async def test_a_password_change_can_be_refused(
    signed_in: Browser, fields: dict[str, str], words: str
) -> None:
    await signed_in.get("/account")
    good = {"old_password": PASSWORD, "password": NEW, "password_again": NEW}

    page = await signed_in.post("/account/password", **(good | fields))

    assert page.status == 422
    assert words in page.text
    assert (await signed_in.sign_in("lin")).status == 200


async def test_other_places_can_be_signed_out(signed_in: Browser, second_browser: Browser) -> None:
    await second_browser.sign_in("lin")
    page = await signed_in.get("/account")
    assert page.text.count("就是这里") == 1

    await signed_in.post("/account/sessions", session_id=page.hidden["session_id"])

    assert (await second_browser.get("/")).path.startswith("/desk/sign-in")
    await second_browser.sign_in("lin")
    await signed_in.get("/account")
    await signed_in.post("/account/sessions")
    assert (await second_browser.get("/")).path.startswith("/desk/sign-in")
    assert (await signed_in.get("/")).path == "/desk/"


async def test_sign_in_with_a_second_factor_takes_both(
    signed_in: Browser, second_browser: Browser, clock: Clock
) -> None:
    secret = await _turn_on(signed_in, clock)
    clock.forward(minutes=1)

    page = await second_browser.sign_in("lin")
    assert "手机验证器" in page.text
    assert not [one for one in second_browser.client.session.cookie_jar if one.key == COOKIE]
    fields = {name: page.hidden[name] for name in ("officer_id", "ask_token")}
    wrong = await second_browser.post("/second-factor", **fields, code="000000")
    assert wrong.status == 403
    right = await second_browser.post("/second-factor", **fields, code=pyotp.TOTP(secret).at(clock.now))

    assert right.path == "/desk/"


async def test_codes_can_not_be_guessed_for_long(
    signed_in: Browser, second_browser: Browser, clock: Clock
) -> None:
    secret = await _turn_on(signed_in, clock)
    clock.forward(minutes=1)
    page = await second_browser.sign_in("lin")
    fields = {name: page.hidden[name] for name in ("officer_id", "ask_token")}

    for _ in range(5):
        await second_browser.post("/second-factor", **fields, code="000000")
    page = await second_browser.post("/second-factor", **fields, code=pyotp.TOTP(secret).at(clock.now))

    assert page.status == 429


@pytest.mark.parametrize(
    "fields", [{"officer_id": "1"}, {"officer_id": "99"}, {}, {"officer_id": "1", "ask_token": "1.9.x"}]
)
async def test_the_second_step_is_nothing_without_the_first(
    browser: Browser, officer: Officer, fields: dict[str, str]
) -> None:
    await browser.get("/sign-in")

    page = await browser.post("/second-factor", code="123456", **fields)

    assert page.path == "/desk/sign-in?ended=1"


async def test_the_second_factor_is_turned_off_with_its_digits(signed_in: Browser, clock: Clock) -> None:
    secret = await _turn_on(signed_in, clock)
    clock.forward(minutes=1)
    await signed_in.get("/account/second-factor")

    refused = await signed_in.post("/account/second-factor", code="000000")
    assert refused.status == 422
    page = await signed_in.post("/account/second-factor", code=pyotp.TOTP(secret).at(clock.now))

    assert "动态验证码已关闭" in page.text


async def test_administrators_must_have_a_second_factor(
    parts: Services, administrator: Officer, clock: Clock
) -> None:
    app = web.Application()
    app[SETTINGS], app[SERVICES] = Settings(), parts
    desk.setup(app, clock)
    async with TestClient(TestServer(app)) as client:
        page = await (await client.get("/desk/sign-in")).text()
        token = html.unescape(re.findall(r'name="csrf_token" value="([^"]+)"', page)[0])
        answer = await client.post(
            "/desk/sign-in",
            data={"csrf_token": token, "username": "chen", "password": PASSWORD},
            headers={"Cookie": f"wenfa_desk_form={token}"},
            allow_redirects=False,
        )
        headers = {"Cookie": f"{COOKIE}={answer.cookies[COOKIE].value}"}

        queue = await client.get("/desk/", headers=headers, allow_redirects=False)
        setup = await client.get("/desk/account/second-factor?required=1", headers=headers)

        assert queue.headers["Location"] == "/desk/account/second-factor?required=1"
        assert "开通以后才能继续" in await setup.text()
