"""A campaign from draft to sending, by two people."""

from __future__ import annotations

import pytest

from bot.services import Services
from tests.bot.desk.browsing import Browser, Clock, add_officer
from tickets.campaigns import get_campaign
from tickets.models import Campaign, Officer, Role

FIELDS = {"topic": "law", "title": "宪法宣传周", "text": "宪法管什么？<b>"}


@pytest.fixture
async def author(browser: Browser, administrator: Officer) -> Browser:
    """ "chen" at the campaigns."""
    await browser.sign_in("chen")
    await browser.get("/campaigns")
    return browser


@pytest.fixture
async def reviewer(second_browser: Browser, parts: Services) -> Browser:
    """ "du", a supervisor."""
    await add_officer(parts, "du", display_name="杜督办", role=Role.SUPERVISOR, department=None)
    await second_browser.sign_in("du")
    return second_browser


async def _stored(parts: Services) -> Campaign:
    async with parts.database.reading() as session:
        return await get_campaign(session, 1)


async def test_two_people_bring_it_on_its_way(
    author: Browser, reviewer: Browser, parts: Services, clock: Clock
) -> None:
    page = await author.post("/campaigns", **FIELDS)
    assert (page.path, "请另一位同事审核" in page.text) == ("/desk/campaigns/1?done=written", True)
    assert "<b>" not in page.text.partition("市民看到的样子")[2].partition("下一步")[0]
    assert "不想再收到，请回复“退订”" in page.text
    own = await author.post("/campaigns/1/approval", seen="x")
    assert (own.status, "另一位同事" in own.text) == (409, True)

    page = await reviewer.get("/campaigns/1")
    page = await reviewer.post("/campaigns/1/approval", seen=page.hidden["seen"])
    assert "已审核" in page.text
    page = await reviewer.post("/campaigns/1/schedule", at="2026-11-24T10:00")
    assert "已定时" in page.text

    stored = await _stored(parts)
    assert (stored.state, stored.scheduled_at and stored.scheduled_at.isoformat()) == (
        "scheduled",
        "2026-11-24T02:00:00+00:00",
    )
    page = await author.post("/campaigns/1/cancel")
    assert "不再发送" in page.text
    assert (await _stored(parts)).state == "cancelled"


@pytest.mark.parametrize("at", ["", "tomorrow", "2020-01-01T10:00", "9999-01-01T10:00"])
async def test_a_time_that_can_not_be_is_refused(
    author: Browser, reviewer: Browser, parts: Services, at: str
) -> None:
    await author.post("/campaigns", **FIELDS)
    page = await reviewer.get("/campaigns/1")
    await reviewer.post("/campaigns/1/approval", seen=page.hidden["seen"])

    page = await reviewer.post("/campaigns/1/schedule", at=at)

    assert (page.status, "发送时间" in page.text) == (409, True)
    assert (await _stored(parts)).state == "approved"


async def test_what_was_typed_comes_back_with_the_reason(author: Browser) -> None:
    page = await author.post("/campaigns", **{**FIELDS, "title": "字" * 31})

    assert (page.status, "最多30个字" in page.text, "宪法管什么？&lt;b&gt;" in page.text) == (409, True, True)


async def test_an_edit_asks_for_a_new_approval(author: Browser, reviewer: Browser, parts: Services) -> None:
    await author.post("/campaigns", **FIELDS)
    page = await reviewer.get("/campaigns/1")
    seen = page.hidden["seen"]
    await author.post("/campaigns/1", **{**FIELDS, "text": "别的"})

    page = await reviewer.post("/campaigns/1/approval", seen=seen)

    assert "刚刚改过" in page.text
    assert (await _stored(parts)).state == "draft"


async def test_it_is_for_those_who_may_and_what_is_not_there_is_not_found(
    signed_in: Browser, reviewer: Browser
) -> None:
    assert (await signed_in.get("/campaigns")).status == 403
    assert (await reviewer.get("/campaigns/9")).status == 404
    await reviewer.get("/campaigns")
    assert (await reviewer.post("/campaigns/9/cancel")).status == 404
