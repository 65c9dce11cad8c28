from __future__ import annotations

from sqlalchemy import update

from bot.services import Services
from tests.bot.desk.browsing import Browser, add_officer
from tests.factories import NOW, make_ticket
from tickets.models import Officer, Role, Ticket
from tickets.values import Place
from tickets.workflow import Status


async def test_an_administrator_sees_the_load_and_says_how_a_unit_is_reached(
    browser: Browser, parts: Services, officer: Officer, administrator: Officer
) -> None:
    await add_officer(parts, "he", display_name="何队长", role=Role.UNIT_HEAD)
    async with parts.database.transaction() as session:
        for _ in range(2):
            ticket = await make_ticket(session, Status.IN_PROGRESS, place=Place("龙田", town="longtian"))
        await session.execute(
            update(Ticket)
            .where(Ticket.ticket_no == ticket.ticket_no)
            .values(officer_id=officer.id, due_at=NOW.replace(year=2025))
        )
    await browser.sign_in("chen")

    units = await browser.get("/units")
    unit = await browser.get("/units/squad_longtian")
    saved = await browser.post("/units/squad_longtian", phone="0591-85770000", note="龙田镇政府一楼")
    ticket_page = await browser.get(f"/tickets/{ticket.ticket_no}")

    assert "何队长" in units.text
    assert "departments.yml" in units.text
    assert "<dt>在办</dt><dd>2</dd></div><div><dt>逾期</dt><dd>1</dd>" in unit.text
    assert "林国强" in unit.text
    assert "占道经营" in unit.text
    assert "已保存" in saved.text
    assert "值班 0591-85770000 · 龙田镇政府一楼" in ticket_page.text
    assert "修改单位的联系方式" in (await browser.get("/audit")).text


async def test_a_unit_head_reads_and_changes_nothing(browser: Browser, parts: Services) -> None:
    await add_officer(parts, "he", role=Role.UNIT_HEAD)
    await browser.sign_in("he")

    page = await browser.get("/units/squad_longtian")
    refused = await browser.post("/units/squad_longtian", phone="1")

    assert "没有登记值班电话" in page.text
    assert 'name="phone"' not in page.text
    assert refused.status == 403
    assert (await browser.get("/units/nowhere")).status == (await browser.get("/units/police")).status == 404
