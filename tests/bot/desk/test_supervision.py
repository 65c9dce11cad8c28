from __future__ import annotations

import csv
import html
import io
import re
import zipfile
from datetime import timedelta

import pytest

from bot.desk.spreadsheets import Cell, harmless
from bot.services import Services
from tests.bot.desk.browsing import Browser, add_officer
from tests.factories import AFTER_PHOTO, NOW, OFFICER, make_conversation, make_ticket
from tickets.aftercare import Aftercare
from tickets.desk_queries import Reach
from tickets.models import Officer, Role
from tickets.statistics import Period, figures
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
        month = Period.until(NOW.date(), 30)
        found = await figures(session, Reach(1, None, everything=True).condition(), NOW, month)
        longtian = await figures(session, Reach(1, "squad_longtian").condition(), NOW, month)

    total = found.total
    assert (total.open, total.overdue, total.filed, total.reopened) == (4, 2, 4, 1)
    assert [(one.code, one.filed) for one in found.categories] == [("illegal_dumping", 4), ("dog", 0)]
    assert found.days[-1] == (NOW.date(), 1)
    assert sum(number for _, number in found.days) == 4
    assert [unit.code for unit in longtian.units] == ["squad_longtian"]
    unit = longtian.units[0]
    assert (unit.open, unit.overdue, unit.filed) == (3, 1, 4)
    assert unit.in_time_rate == 0.5


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?days=90",
        "?days=365",
        "?days=nonsense",
        "?since=2026-10-01&until=2026-11-30",
        "?department=squad_longtian",
        "?department=nowhere",
    ],
)
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
    assert "龙田中队2件，其中逾期1件" in page.text


@pytest.mark.parametrize(
    "query", ["since=2026-11-30&until=2026-11-01", "since=x&until=y", "since=2020-01-01", "since=9999-12-31"]
)
async def test_a_period_that_makes_no_sense_is_said_kindly(
    browser: Browser, administrator: Officer, query: str
) -> None:
    await browser.sign_in("chen")

    page = await browser.get(f"/dashboard?{query}")

    assert page.status == 200
    assert "起止日期不对" in page.text


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


async def _rated(parts: Services, days_ago: int, score: int, is_solved: bool) -> None:
    at = NOW - timedelta(days=days_ago)
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, address=f"v{days_ago}-{score}", now=at)
        filed = await make_ticket(session, Status.ACCEPTED, now=at, conversation_id=conversation.id)
        tickets = parts.tickets(session, at + timedelta(hours=3))
        await tickets.reply(filed.ticket_no, "马上去看", actor=OFFICER)
        await tickets.change_status(
            filed.ticket_no, Status.RESOLVED, actor=OFFICER, note="清走了", photos=(AFTER_PHOTO,)
        )
        await tickets.bound(Aftercare).rate(
            filed.ticket_no, conversation_id=conversation.id, score=score, is_solved=is_solved
        )


async def test_the_dashboard_shows_the_three_rates_and_says_what_they_are_of(
    browser: Browser, administrator: Officer, parts: Services
) -> None:
    for days_ago, score, is_solved in ((3, 5, True), (4, 4, True), (5, 1, False)):
        await _rated(parts, days_ago, score, is_solved)
    await browser.sign_in("chen")

    page = await browser.get("/dashboard")

    for shown in ("响应率100%，3件中3件", "解决率67%，3件中2件", "满意率67%，3件中2件", "5分1件", "1分1件"):
        assert shown in page.text


async def test_a_unit_head_sees_and_exports_their_own_unit_only(browser: Browser, parts: Services) -> None:
    await add_officer(parts, "zheng", role=Role.UNIT_HEAD)
    async with parts.database.transaction() as session:
        await make_ticket(session)
        await make_ticket(session, place=Place("玉屏街道一拂路"))
    await browser.sign_in("zheng")

    page = await browser.get("/dashboard?department=squad_yuping")
    mine = await browser.client.get("/desk/dashboard.csv")

    assert "玉屏中队" not in page.text
    table = list(csv.reader(io.StringIO((await mine.read()).decode("utf-8-sig"))))
    assert [row[1] for row in table if row[0] == "承办单位"] == ["龙田中队"]


async def test_figures_leave_as_a_table_and_as_a_workbook_and_the_audit_log_knows(
    browser: Browser, administrator: Officer, parts: Services
) -> None:
    await _rated(parts, 3, 5, True)
    await browser.sign_in("chen")

    response = await browser.client.get("/desk/dashboard.csv?days=7")
    table = list(csv.reader(io.StringIO((await response.read()).decode("utf-8-sig"))))
    workbook = await browser.client.get("/desk/dashboard.xlsx?department=squad_longtian")
    sheets = _sheets(await workbook.read())

    total = dict(zip(table[0], table[1], strict=True))
    assert (total["范围"], total["新收"], total["响应率"], total["平均分"]) == ("汇总", "1", "100.0%", "5.00")
    assert {row[0] for row in table[1:]} == {"汇总", "承办单位", "诉求类别"}
    assert list(sheets) == ["汇总", "承办单位", "诉求类别", "每天新收"]
    assert "figures" in workbook.headers["Content-Disposition"]
    assert (await browser.get("/audit?action=export")).text.count("<td>统计") == 2


async def test_no_word_of_a_citizen_becomes_a_formula_in_a_workbook(
    browser: Browser, administrator: Officer, parts: Services
) -> None:
    evil = '=HYPERLINK("http://x","点我")'
    async with parts.database.transaction() as session:
        for summary in (evil, "@SUM(1)", "http://example.com", "{=1+1}", "007"):
            await make_ticket(session, summary=summary)
    await browser.sign_in("chen")

    response = await browser.client.get("/desk/export.xlsx?view=open")
    content = await response.read()

    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        words = book.read("xl/sharedStrings.xml").decode()
        assert not any("hyperlink" in name.lower() for name in book.namelist())
    assert "<f>" not in sheet
    assert "<f " not in sheet
    assert "<hyperlink" not in sheet
    assert html.escape(evil, quote=False) in words
    assert ">007<" in words


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1", "'=1"),
        (" +1", "' +1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("＝1", "'＝1"),
        ("\t=1", "'\t=1"),
        ("\n=1", "'\n=1"),
        ("|cmd", "'|cmd"),
        ("好的", "好的"),
        (7, 7),
        (None, None),
    ],
)
def test_what_a_spreadsheet_takes_for_a_formula_is_made_words(cell: Cell, safe: Cell) -> None:
    assert harmless(cell) == safe


def _sheets(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
        return {
            name: book.read(f"xl/worksheets/sheet{number}.xml").decode()
            for number, name in enumerate(names, start=1)
        }
