from __future__ import annotations

import re
from urllib.parse import urlsplit

import pyotp
import pytest

from bot.services import Services
from tests.bot.desk.browsing import PASSWORD, Browser, add_officer
from tickets.models import Officer, Role
from tickets.officers import get_officer

ONCE = re.compile(r'<code class="once">([^<]+)</code>')


@pytest.fixture
async def at_officers(browser: Browser, administrator: Officer, officer: Officer) -> Browser:
    """ "chen" looks at the accounts."""
    await browser.sign_in("chen")
    await browser.get("/officers")
    return browser


async def _stored(parts: Services, officer: Officer) -> Officer:
    async with parts.database.reading() as session:
        return await get_officer(session, officer.id)


async def test_an_invitation_lets_a_colleague_in(at_officers: Browser, second_browser: Browser) -> None:
    page = await at_officers.post("/officers/invitations", role="unit_head", department="squad_longtian")
    link = ONCE.search(page.text)
    assert link is not None
    path = urlsplit(link[1]).path.removeprefix("/desk")

    welcome = await second_browser.get(path)
    joined = await second_browser.post(
        path, username="zheng", display_name="郑队长", password=PASSWORD, password_again=PASSWORD
    )

    assert "单位负责人" in welcome.text
    assert (joined.path, "郑队长" in joined.text) == ("/desk/account/second-factor?first=1", True)
    assert "郑队长" in (await at_officers.get("/officers")).text


async def test_a_withdrawn_invitation_is_dead(at_officers: Browser, second_browser: Browser) -> None:
    page = await at_officers.post("/officers/invitations", role="officer", department="")
    link = ONCE.search(page.text)
    assert link is not None

    await at_officers.post("/officers/invitations/withdraw", invitation_id=page.hidden["invitation_id"])

    welcome = await second_browser.get(urlsplit(link[1]).path.removeprefix("/desk"))
    assert "已经用过、过期" in welcome.text


@pytest.mark.parametrize("fields", [{"role": "king"}, {"role": "officer", "department": "nowhere"}])
async def test_an_invitation_into_nowhere_is_refused(at_officers: Browser, fields: dict[str, str]) -> None:
    assert (await at_officers.post("/officers/invitations", **fields)).status == 400


async def test_an_account_is_changed_and_closed(
    at_officers: Browser, second_browser: Browser, officer: Officer, parts: Services
) -> None:
    await second_browser.sign_in("lin")
    await at_officers.get(f"/officers/{officer.id}")

    page = await at_officers.post(
        f"/officers/{officer.id}", display_name="林队", role="supervisor", department="", is_active=""
    )

    assert "已保存" in page.text
    stored = await _stored(parts, officer)
    assert (stored.display_name, stored.role, stored.department, stored.is_active) == (
        "林队",
        Role.SUPERVISOR,
        None,
        False,
    )
    assert (await second_browser.get("/")).path.startswith("/desk/sign-in")


async def test_the_last_administrator_can_not_lock_everybody_out(
    at_officers: Browser, administrator: Officer, parts: Services
) -> None:
    await at_officers.get(f"/officers/{administrator.id}")

    page = await at_officers.post(
        f"/officers/{administrator.id}", display_name="陈", role="officer", is_active="1"
    )

    assert page.status == 409
    assert "最后一位管理员" in page.text
    assert (await _stored(parts, administrator)).role is Role.ADMINISTRATOR


async def test_a_reset_password_is_shown_once_and_works(
    at_officers: Browser, second_browser: Browser, officer: Officer
) -> None:
    await second_browser.sign_in("lin")
    await at_officers.get(f"/officers/{officer.id}")

    page = await at_officers.post(f"/officers/{officer.id}/password")
    password = ONCE.search(page.text)

    assert password is not None
    assert (await second_browser.get("/")).path.startswith("/desk/sign-in")
    assert (await second_browser.sign_in("lin", password[1])).path == "/desk/"
    assert password[1] not in (await at_officers.get(f"/officers/{officer.id}")).text


async def test_a_lost_telephone_is_no_end(at_officers: Browser, officer: Officer, parts: Services) -> None:
    async with parts.database.transaction() as session:
        (await get_officer(session, officer.id)).totp_secret = pyotp.random_base32()
    await at_officers.get(f"/officers/{officer.id}")

    page = await at_officers.post(f"/officers/{officer.id}/second-factor")

    assert "动态验证码已清除" in page.text
    assert (await _stored(parts, officer)).totp_secret is None


async def test_an_administrator_ends_all_sessions_of_an_account(
    at_officers: Browser, second_browser: Browser, officer: Officer
) -> None:
    await second_browser.sign_in("lin")
    await at_officers.get(f"/officers/{officer.id}")

    await at_officers.post(f"/officers/{officer.id}/sessions")

    assert (await second_browser.get("/")).path.startswith("/desk/sign-in")


async def test_an_unknown_account_is_not_found(at_officers: Browser) -> None:
    assert (await at_officers.get("/officers/99")).status == 404


@pytest.mark.parametrize("path", ["/officers", "/officers/1", "/audit", "/dashboard", "/export.csv"])
async def test_an_officer_does_not_get_to_what_is_for_others(signed_in: Browser, path: str) -> None:
    page = await signed_in.get(path)

    assert page.status == 403
    assert "没有权限" in page.text


async def test_the_audit_log_tells_who_did_what(
    at_officers: Browser, officer: Officer, parts: Services
) -> None:
    await at_officers.get(f"/officers/{officer.id}")
    await at_officers.post(f"/officers/{officer.id}/password")
    await add_officer(parts, "sun", role=Role.AUDITOR, display_name="孙审")

    everything = await at_officers.get("/audit")
    resets = await at_officers.get("/audit?action=password_reset")

    assert "重设密码" in everything.text
    assert resets.text.count("<tr>") == 2
    assert "陈主任" in resets.text
    assert "还没有记录" in (await at_officers.get("/audit?page=7&action=nonsense")).text
