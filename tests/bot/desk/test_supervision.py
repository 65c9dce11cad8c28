from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from bot.services import Services
from tests.bot.desk.browsing import Browser, add_officer
from tests.factories import NOW, make_ticket
from tickets.desk_queries import Reach
from tickets.models import Officer, Role
from tickets.statistics import figures
from tickets.values import Place
from tickets.workflow import Status


async def test_the_figures_count_what_they_say(parts: Services) -> None:
    async with parts.database.transaction() as session:
        await make_ticket(session)
        await make_ticket(session, Status.ACCEPTED, now=NOW - timedelta(days=20))
        await make_ticket(session, Status.RESOLVED, now=NOW - timedelta(days=3))
        await make_ticket(session, Status.REOPENED, now=NOW - timedelta(days=2))
        await make_ticket(
            session, category="dog", place=Place("玉屏街道一拂路"), now=NOW - timedelta(days=60)
        )
        found = await figures(session, Reach(1, None, everything=True).condition(), NOW)
        longtian = await figures(session, Reach(1, "squad_longtian").condition(), NOW)

    assert (found.open, found.overdue, found.filed, found.reopened) == (4, 2, 4, 1)
    assert found.categories == (("illegal_dumping", 4),)
    assert found.days[-1] == (NOW.date(), 1)
    assert sum(number for _, number in found.days) == 4
    assert [unit.code for unit in longtian.units] == ["squad_longtian"]
    unit = longtian.units[0]
    assert (unit.open, unit.overdue, unit.filed) == (3, 1, 4)
    assert unit.resolved_in_time == 0.5


@pytest.mark.parametrize("query", ["", "?days=7", "?days=90", "?days=nonsense"])
async def test_the_dashboard_draws_without_tickets_and_with(
    browser: Browser, administrator: Officer, parts: Services, query: str
) -> None:
    await browser.sign_in("chen")
    assert "没有在办工单" in (await browser.get(f"/dashboard{query}")).text
    async with parts.database.transaction() as session:
        await make_ticket(session, Status.ACCEPTED, now=NOW - timedelta(days=20))
        await make_ticket(session)

    page = await browser.get(f"/dashboard{query}")

    assert page.status == 200
    assert "龙田中队2件其中逾期1件" in page.text


async def test_an_export_has_what_the_queue_has_and_no_formulas(
    browser: Browser, parts: Services, administrator: Officer
) -> None:
    async with parts.database.transaction() as session:
        for _ in range(31):
            await make_ticket(session)
        await make_ticket(session, category="dog", summary='=HYPERLINK("http://x","点我")', place=None)
    await add_officer(parts, "zheng", role=Role.UNIT_HEAD)
    await browser.sign_in("zheng")

    response = await browser.client.get("/desk/export.csv?view=open")
    rows = list(csv.reader(io.StringIO((await response.read()).decode("utf-8-sig"))))

    assert response.content_type == "text/csv"
    assert "attachment" in response.headers["Content-Disposition"]
    assert len(rows) == 1 + 31
    assert rows[1][7] == "龙田中队"
    await browser.get("/")
    await browser.post("/sign-out")
    await browser.sign_in("chen")
    dogs = await browser.client.get("/desk/export.csv?view=open&category=dog")
    assert "'=HYPERLINK" in await dogs.text()
    assert "导出工单" in (await browser.get("/audit")).text
