from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bot.services import Services
from tests.bot.desk.browsing import Browser, Clock, add_officer
from tests.factories import NOW, make_ticket
from tickets.models import Officer
from tickets.values import Place
from tickets.workflow import Status

TITLE = re.compile(r'class="row-title" href="/desk/tickets/([\w-]+)"')


def _listed(text: str) -> list[str]:
    return TITLE.findall(text)


async def test_an_empty_queue_says_so_kindly(signed_in: Browser) -> None:
    assert "没有待办工单，辛苦了" in (await signed_in.get("/?view=mine")).text


async def test_what_is_due_first_stands_first(signed_in: Browser, parts: Services) -> None:
    async with parts.database.transaction() as session:
        new = await make_ticket(session, Status.ACCEPTED)
        old = await make_ticket(session, Status.ACCEPTED, now=NOW - timedelta(days=20))
        middle = await make_ticket(session, Status.ACCEPTED, now=NOW - timedelta(days=5))

    page = await signed_in.get("/")

    assert _listed(page.text) == [old.ticket_no, middle.ticket_no, new.ticket_no]
    assert page.text.count("逾期") >= 2


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("mine", 0),
        ("unit", 3),
        ("unassigned", 3),
        ("overdue", 1),
        ("due_soon", 0),
        ("awaiting_citizen", 1),
        ("open", 3),
        ("closed", 1),
        ("nonsense", 3),
    ],
)
async def test_each_view_lists_what_its_name_says(
    signed_in: Browser, parts: Services, view: str, expected: int
) -> None:
    async with parts.database.transaction() as session:
        await make_ticket(session)
        await make_ticket(session, Status.AWAITING_CITIZEN)
        await make_ticket(session, Status.ACCEPTED, now=NOW - timedelta(days=20))
        await make_ticket(session, Status.CLOSED)

    assert len(_listed((await signed_in.get(f"/?view={view}")).text)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("category=dog", 1),
        ("town=longtian", 2),
        ("text=狼狗", 1),
        ("text=东华", 2),
        ("text=%25", 0),
        ("text=FQ20261123-0002", 1),
        ("category=dog&text=没有这句", 0),
    ],
)
async def test_filters_narrow_the_queue(
    signed_in: Browser, parts: Services, query: str, expected: int
) -> None:
    async with parts.database.transaction() as session:
        await make_ticket(session)
        await make_ticket(session, category="dog", summary="两条大狼狗", place=Place("龙田镇东华村"))

    page = await signed_in.get(f"/?view=open&{query}")

    assert len(_listed(page.text)) == expected
    assert ("没有符合条件的工单" in page.text) is (expected == 0)


async def test_a_long_queue_has_pages(signed_in: Browser, parts: Services) -> None:
    async with parts.database.transaction() as session:
        for _ in range(31):
            await make_ticket(session)

    first = await signed_in.get("/?view=open")
    second = await signed_in.get("/?view=open&page=2")

    assert (len(_listed(first.text)), len(_listed(second.text))) == (30, 1)
    assert 'rel="next"' in first.text
    assert 'rel="next"' not in second.text
    assert (await signed_in.get("/?page=abc")).status == 200
    assert (await signed_in.get("/?page=99999999999")).status == 200


async def test_an_officer_without_a_unit_begins_with_all(browser: Browser, administrator: Officer) -> None:
    page = await browser.sign_in("chen")

    assert '<h1 id="list-title">全部在办' in page.text
    assert "本单位" not in page.text


async def test_deadlines_are_told_in_words(signed_in: Browser, parts: Services, clock: Clock) -> None:
    async with parts.database.transaction() as session:
        await make_ticket(session, priority="urgent")

    assert "还剩3个工作日" in (await signed_in.get("/")).text
    clock.now = NOW.replace(day=26, hour=7, minute=30)
    await signed_in.sign_in("lin")
    assert "还剩2个工作时" in (await signed_in.get("/")).text


async def test_the_page_needs_no_inline_script_or_style(signed_in: Browser, parts: Services) -> None:
    await add_officer(parts, "wu")
    async with parts.database.transaction() as session:
        filed = await make_ticket(session)

    for path in ("/", f"/tickets/{filed.ticket_no}", "/sign-in"):
        text = (await signed_in.get(path)).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style|javascript:", text)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text)
