from __future__ import annotations

import re

import pytest

from bot.services import Services
from tests.bot.desk.browsing import Browser, add_officer
from tests.factories import make_ticket
from tickets.models import Role
from tickets.workflow import Status


@pytest.fixture
async def head(browser: Browser, parts: Services) -> Browser:
    """The head of the squad of 龙田 at the templates."""
    await add_officer(parts, "zheng", role=Role.UNIT_HEAD, display_name="郑队")
    await browser.sign_in("zheng")
    await browser.get("/templates")
    return browser


async def _offered(browser: Browser, parts: Services) -> list[str]:
    async with parts.database.transaction() as session:
        filed = await make_ticket(session, Status.IN_PROGRESS)
    page = await browser.get(f"/tickets/{filed.ticket_no}")
    return re.findall(r'data-text="([^"]*)"', page.text)


async def test_a_unit_head_writes_a_template_that_the_unit_then_uses(head: Browser, parts: Services) -> None:
    page = await head.post("/templates", title="清运车已派", text="您好，清运车已派往{place}。")

    assert "模板已保存" in page.text
    assert (await _offered(head, parts))[0] == "您好，清运车已派往龙田镇东华村村口。"


@pytest.mark.parametrize("text", ["您好{name}", "{}", "{", "{ticket_no.__class__}", "{0}"])
async def test_an_unknown_variable_is_named_and_the_words_are_kept(
    head: Browser, parts: Services, text: str
) -> None:
    page = await head.post("/templates", title="错的", text=text)

    assert page.status == 422
    assert "不认识" in page.text
    assert "</textarea>" in page.text
    assert "错的" in page.text
    assert "错的" not in (await head.get("/templates")).text


async def test_a_template_is_changed_and_dropped(head: Browser, parts: Services) -> None:
    await head.post("/templates", title="一", text="第一版", status="submitted")
    template_id = re.search(r"\?edit=(\d+)", head.page.text)
    assert template_id is not None
    await head.get(f"/templates?edit={template_id[1]}")
    assert "第一版</textarea>" in head.page.text
    await head.post("/templates", template_id=template_id[1], title="一", text="第二版")
    assert "第二版" in await _offered(head, parts)
    await head.get("/templates")
    await head.post("/templates/drop", template_id=template_id[1])

    assert "第二版" not in await _offered(head, parts)


async def test_another_units_template_can_not_be_touched(
    head: Browser, second_browser: Browser, parts: Services
) -> None:
    await head.post("/templates", title="龙田的", text="龙田的话")
    await add_officer(parts, "xu", role=Role.UNIT_HEAD, department="squad_yuping")
    await second_browser.sign_in("xu")
    page = await second_browser.get("/templates")
    changed = await second_browser.post("/templates", template_id="1", title="改", text="改了")
    dropped = await second_browser.post("/templates/drop", template_id="1")

    assert "龙田的" not in page.text
    assert (changed.status, dropped.status) == (409, 409)
    assert "龙田的话" in (await head.get("/templates")).text


async def test_administrators_write_for_everybody(
    administrator: object, browser: Browser, parts: Services
) -> None:
    await browser.sign_in("chen")
    await browser.get("/templates")

    await browser.post("/templates", title="通知", text="全局的话", category="illegal_dumping")

    assert "全局的话" in await _offered(browser, parts)


async def test_officers_do_not_write_templates(signed_in: Browser) -> None:
    assert (await signed_in.get("/templates")).status == 403
