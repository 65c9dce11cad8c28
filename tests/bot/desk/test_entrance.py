from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.config import Settings
from bot.desk.auth import COOKIE, safe_next
from bot.services import Services
from tests.bot.desk.browsing import PASSWORD, Browser, Clock, Page, add_officer
from tickets.models import Officer, OfficerSession, Role
from tickets.officers import ensure_first_invitation, invite


async def test_sign_in_opens_the_queue(browser: Browser, officer: Officer) -> None:
    page = await browser.sign_in("LIN ")

    assert (page.status, page.path) == (200, "/desk/")
    assert "林国强" in page.text


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(
    browser: Browser, officer: Officer
) -> None:
    wrong_password = await browser.sign_in("lin", "not this one at all")
    wrong_name = await browser.sign_in("xu", "not this one at all")

    assert wrong_password.status == wrong_name.status == 403
    assert wrong_password.text == wrong_name.text.replace('"xu"', '"lin"')
    assert (await browser.get("/")).path.startswith("/desk/sign-in")


async def test_failed_sign_ins_are_in_the_audit_log_without_what_was_typed(
    browser: Browser, officer: Officer, administrator: Officer, parts: Services
) -> None:
    await browser.sign_in("lin", "not this one at all")
    await browser.sign_in("my secret password", "not this one at all")
    await browser.sign_in("chen")

    page = await browser.get("/audit?action=sign_in_failed")

    assert page.text.count("登录失败") == 3
    assert "没有这个账号" in page.text
    assert "林国强" in page.text
    assert "my secret" not in page.text


async def test_a_closed_account_does_not_get_in(browser: Browser, officer: Officer, parts: Services) -> None:
    async with parts.database.transaction() as session:
        (await session.get_one(Officer, officer.id)).is_active = False

    assert (await browser.sign_in("lin")).status == 403


async def test_five_failures_stop_even_the_right_password_for_a_while(
    browser: Browser, officer: Officer, clock: Clock
) -> None:
    for _ in range(5):
        await browser.sign_in("lin", "guess guess guess")

    assert (await browser.sign_in("lin")).status == 429
    clock.forward(minutes=16)
    assert (await browser.sign_in("lin")).status == 200


@pytest.mark.parametrize("token", ["", "forged"])
async def test_sign_in_needs_the_token_of_the_form(browser: Browser, officer: Officer, token: str) -> None:
    await browser.get("/sign-in")

    page = await browser.post("/sign-in", username="lin", password=PASSWORD, csrf_token=token)

    assert page.status == 403
    assert "页面已失效" in page.text


async def test_a_form_of_another_site_is_refused(browser: Browser, officer: Officer) -> None:
    await browser.get("/sign-in")

    response = await browser.client.post(
        "/desk/sign-in",
        data={"csrf_token": browser.page.hidden["csrf_token"], "username": "lin", "password": PASSWORD},
        headers={"Origin": "https://elsewhere.example"},
    )

    assert response.status == 403


async def test_signing_out_ends_the_session_for_good(signed_in: Browser) -> None:
    token = _cookie(signed_in)
    await signed_in.post("/sign-out")

    page = await signed_in._keep(
        await signed_in.client.get("/desk/", headers={"Cookie": f"{COOKIE}={token}"})
    )

    assert page.path.startswith("/desk/sign-in")


async def test_twelve_idle_hours_end_a_session(signed_in: Browser, clock: Clock) -> None:
    clock.forward(hours=12, seconds=1)

    assert (await signed_in.get("/")).path == "/desk/sign-in?next=/desk/"


async def test_work_keeps_a_session_alive_but_not_for_ever(signed_in: Browser, clock: Clock) -> None:
    for _ in range(20):
        clock.forward(hours=8)
        assert (await signed_in.get("/")).path == "/desk/"

    clock.forward(hours=10)

    assert (await signed_in.get("/")).path.startswith("/desk/sign-in")


async def test_a_form_sent_after_the_session_ended_changes_nothing(signed_in: Browser, clock: Clock) -> None:
    clock.forward(hours=13)

    page = await signed_in.post("/tickets/FQ20261123-0001/reply", text="您好", action="send")

    assert page.path == "/desk/sign-in?ended=1"
    assert "请重新登录" in page.text


async def test_the_database_keeps_no_token(signed_in: Browser, parts: Services) -> None:
    async with parts.database.reading() as session:
        stored = (await session.scalars(select(OfficerSession))).one()

    assert _cookie(signed_in) not in (stored.token_hash, stored.csrf_token)


@pytest.mark.parametrize(("public_url", "is_secure"), [("", False), ("https://wenfa.example", True)])
async def test_the_cookie_is_closed_to_scripts_and_other_sites(
    parts: Services, officer: Officer, clock: Clock, public_url: str, is_secure: bool
) -> None:
    from aiohttp import web
    from aiohttp.test_utils import TestClient, TestServer

    from bot import desk
    from bot.typedefs import SERVICES, SETTINGS

    app = web.Application()
    app[SETTINGS], app[SERVICES] = Settings(public_url=public_url), parts
    desk.setup(app, clock)
    async with TestClient(TestServer(app)) as client:
        page = await Browser(client).get("/sign-in")
        fields = {"csrf_token": page.hidden["csrf_token"], "username": "lin", "password": PASSWORD}
        response = await client.post(
            "/desk/sign-in",
            data=fields,
            headers={"Cookie": f"wenfa_desk_form={fields['csrf_token']}"},
            allow_redirects=False,
        )
        cookie = response.cookies[COOKIE]

    assert response.status == 303
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/desk", "Strict", True)
    assert bool(cookie["secure"]) is is_secure


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/desk/tickets/FQ20261123-0001?done=note", "/tickets/FQ20261123-0001?done=note"),
        ("https://elsewhere.example/desk/", "/"),
        ("//elsewhere.example/desk/", "/"),
        ("/desk//elsewhere.example", "/"),
        ("/desk/\\elsewhere.example", "/"),
        ("/desk/sign-out", "/"),
        ("/", "/"),
        ("", "/"),
    ],
)
def test_sign_in_leads_on_to_pages_of_the_desk_only(target: str, expected: str) -> None:
    assert safe_next(target) == expected


async def test_the_first_administrator_comes_in_by_a_link_that_works_once(
    browser: Browser, second_browser: Browser, parts: Services, clock: Clock
) -> None:
    token = await ensure_first_invitation(parts.database, clock.now)

    page = await browser.get(f"/welcome/{token}")
    assert "系统管理员" in page.text
    page = await _join(browser, f"/welcome/{token}")

    assert (page.status, page.path) == (200, "/desk/account/second-factor?first=1")
    assert "陈主任" in page.text
    again = await second_browser.get(f"/welcome/{token}")
    assert "这个邀请链接已经用过" in again.text
    assert await ensure_first_invitation(parts.database, clock.now) is None


async def test_a_second_start_makes_the_first_link_useless(
    browser: Browser, parts: Services, clock: Clock
) -> None:
    old = await ensure_first_invitation(parts.database, clock.now)
    clock.forward(hours=1)
    new = await ensure_first_invitation(parts.database, clock.now)

    assert "已经用过" in (await browser.get(f"/welcome/{old}")).text
    assert "系统管理员" in (await browser.get(f"/welcome/{new}")).text


async def test_an_invitation_expires_after_a_day(browser: Browser, parts: Services, clock: Clock) -> None:
    token = await ensure_first_invitation(parts.database, clock.now)
    clock.forward(hours=24, seconds=1)

    assert "已经用过、过期" in (await browser.get(f"/welcome/{token}")).text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"password": "short", "password_again": "short"}, "密码太短"),
        ({"password": "1234567890", "password_again": "1234567890"}, "密码太常见"),
        ({"password": "chenzhuren1", "password_again": "chenzhuren1"}, "和用户名差不多"),
        ({"password": "aaaaaaaaaaab", "password_again": "aaaaaaaaaaab"}, "密码太简单"),
        ({"password_again": "something else"}, "两次输入的新密码不一样"),
        ({"username": "a b"}, "用户名用2到40个"),
        ({"username": "LIN"}, "已经有人用了"),
    ],
)
async def test_a_welcome_form_that_is_refused_keeps_the_names_and_the_link(
    browser: Browser, parts: Services, clock: Clock, fields: dict[str, str], words: str
) -> None:
    await add_officer(parts, "lin")
    async with parts.database.transaction() as session:
        token = await invite(session, role=Role.OFFICER, department="squad_longtian", now=clock.now)
    await browser.get(f"/welcome/{token}")

    page = await _join(browser, f"/welcome/{token}", **fields)

    assert page.status == 422
    assert words in page.text
    assert "陈主任" in page.text
    assert (await _join(browser, f"/welcome/{token}")).path == "/desk/account/second-factor?first=1"


async def _join(browser: Browser, path: str, **changes: str) -> Page:
    fields = {
        "display_name": "陈主任",
        "username": "chenzhuren",
        "password": PASSWORD,
        "password_again": PASSWORD,
    }
    return await browser.post(path, **(fields | changes))


def _cookie(browser: Browser) -> str:
    return next(one.value for one in browser.client.session.cookie_jar if one.key == COOKIE)
