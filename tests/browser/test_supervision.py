"""Rota, legal review, figures and random checks as people see them: readable, and within the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from bot import desk
from bot.config import Settings
from bot.security import setup_security
from bot.services import Services, read_already
from bot.typedefs import SERVICES, SETTINGS
from tests.bot.desk.browsing import PASSWORD, Clock, add_officer
from tests.browser.conftest import NewVisitor
from tests.factories import NOW, OFFICER, ROUTING, make_conversation, make_ticket
from tests.schema import new_sqlite
from tests.web_client import picture
from tickets.aftercare import Aftercare
from tickets.checks import Checks
from tickets.database import Database
from tickets.deadlines import WorkingCalendar
from tickets.duty import DutyDesk
from tickets.legal_review import LegalReview
from tickets.models import Officer, Role
from tickets.photos import PhotoStore
from tickets.routing import Routing
from tickets.values import Actor, Place
from tickets.vault import Vault
from tickets.workflow import ActorKind, Status

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

ANSWER = (
    "依照《行政处罚法》第三十三条，初次违法且危害后果轻微并及时改正的，可以不予处罚。\n请您先把东西收回店里。"
)
PAGES = {
    "consultations": "/consultations",
    "reviews": "/reviews",
    "review": "/reviews/2",
    "rota": "/rota",
    "rota-empty": "/rota?week=2040-01-02",
    "dashboard": "/dashboard",
    "dashboard-year": "/dashboard?days=365",
    "checks": "/checks",
    "check-round": "/checks/rounds/1",
    "check": "/checks/1",
    "check-to-rectify": "/checks/2",
}


def _actor(officer: Officer) -> Actor:
    return Actor(
        ActorKind.OFFICER, str(officer.id), officer.display_name, str(officer.role), officer.department
    )


async def _rated(parts: Services, number: int, **changes: Any) -> None:
    at = NOW - timedelta(days=number)
    after = await asyncio.to_thread(parts.photos.save, picture())
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, address=f"rated-{number}", now=at)
        filed = await make_ticket(
            session, Status.ACCEPTED, now=at, conversation_id=conversation.id, **changes
        )
        tickets = parts.tickets(session, at + timedelta(hours=20 * (number % 4)))
        await tickets.reply(filed.ticket_no, "马上去看", actor=OFFICER)
        await tickets.change_status(
            filed.ticket_no, Status.RESOLVED, actor=OFFICER, note="清走了", photos=(after.sha256,)
        )
        await tickets.bound(Aftercare).rate(
            filed.ticket_no,
            conversation_id=conversation.id,
            score=1 + number % 5,
            is_solved=number % 5 > 1,
        )


async def _fill(parts: Services) -> None:
    people = {
        name: _actor(await add_officer(parts, name, display_name=shown, role=role, department=unit))
        for name, shown, role, unit in (
            ("lin", "林国强", Role.OFFICER, "squad_longtian"),
            ("chen", "陈主任", Role.ADMINISTRATOR, None),
            ("an", "安律师", Role.LEGAL_ADVISER, "legal"),
            ("bai", "白律师", Role.LEGAL_ADVISER, "legal"),
            ("fang", "方科长", Role.LEGAL_REVIEWER, "legal"),
            ("gao", "高队长", Role.UNIT_HEAD, "squad_gaoshan"),
            ("wang", "王督办", Role.SUPERVISOR, None),
        )
    }
    towns = ("龙田镇", "高山镇", "玉屏街道", "海口镇")
    for number in range(1, 13):
        category = ("illegal_dumping", "dog", "street_vending")[number % 3]
        await _rated(parts, number, category=category, place=Place(f"{towns[number % 4]}街上"))
    async with parts.database.transaction() as session:
        duty = parts.bound(DutyDesk, session, NOW)
        await make_ticket(
            session, kind="consultation", category="other", summary="没有人接的问题", place=None
        )
        await duty.plan(NOW.date(), [int(people["an"].id), int(people["bai"].id)], actor=people["wang"])
        tuesday = NOW.date() + timedelta(days=1)
        await duty.leave(int(people["an"].id), tuesday, tuesday, "外出学习", actor=people["an"])
        thursday = NOW.date() + timedelta(days=3)
        await duty.hand_over(
            int(people["an"].id), int(people["bai"].id), thursday, thursday, "等规划图", actor=people["an"]
        )
        review = parts.bound(LegalReview, session, NOW)
        for summary in ("第一次占道经营会罚款吗", "邻居违建多久拆", "办狗证要多久"):
            filed = await make_ticket(
                session, kind="consultation", category="other", summary=summary, place=None
            )
            if "狗证" not in summary:
                await review.submit(filed.ticket_no, ANSWER, actor=people["an"])
        await review.send_back(1, "请写明申请条件", actor=people["fang"])
        round_ = await parts.bound(Checks, session, NOW).announce(
            "11月办结工单抽查", NOW.date() - timedelta(days=30), NOW.date(), 4, actor=people["wang"]
        )
    async with parts.database.transaction() as session:
        checks = parts.bound(Checks, session, NOW + timedelta(days=1))
        await checks.draw(round_.id, "双色球 03 08 11 17 22 30 + 05", "中国福彩网", actor=people["wang"])
        row = (await checks.rows(check_id=2))[0]
        await checks.score(
            2, {one.code: 10 for one in ROUTING.checks.criteria}, "没有去现场", actor=_actor(row.reviewer)
        )


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def supervised(tmp_path_factory: pytest.TempPathFactory, knowledge: Any) -> AsyncIterator[str]:
    """The address of a desk with all of it, two days later; "chen" may do everything."""
    folder = tmp_path_factory.mktemp("supervised")
    settings = Settings(data_folder=folder, nlu_enabled=False, admin_second_factor=False)
    parts = Services(
        database=Database(await asyncio.to_thread(new_sqlite, folder / "wenfa.db")),
        photos=PhotoStore(folder / "photos"),
        routing=Routing.load(),
        calendar=WorkingCalendar.load(),
        rules=read_already(knowledge),
        vault=Vault({"k1": bytes(32)}, "k1"),
    )
    await _fill(parts)
    app = web.Application()
    app[SETTINGS], app[SERVICES] = settings, parts
    setup_security(app, settings)
    desk.setup(app, Clock(NOW + timedelta(days=2)))
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()
    await parts.database.close()


async def _sign_in(page: Page, username: str) -> None:
    await page.fill("#username", username)
    await page.fill("#password", PASSWORD)
    await page.click("button.primary")
    await expect(page.locator(".me")).to_be_visible()


async def _serious_problems(page: Page) -> list[str]:
    results = await Axe().run(page)
    return [
        f"{found['id']}: {node['html']}"
        for found in results.response["violations"]
        if found["impact"] in {"serious", "critical"}
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("width", [375, 1440])
async def test_no_page_of_supervision_keeps_anybody_out(
    supervised: str, visitor: NewVisitor, width: int, tmp_path: Path
) -> None:
    """Screenshots are kept in var/screenshots when that folder exists, to look at."""
    folder = Path("var/screenshots") if Path("var/screenshots").is_dir() else tmp_path  # noqa: ASYNC240 - a test
    page = await (await visitor(width=width, url=supervised)).open("/desk/sign-in")
    await _sign_in(page, "chen")
    problems, wide = {}, []
    for name, path in PAGES.items():
        answer = await page.goto(f"{supervised}/desk{path}")
        assert answer is not None
        assert answer.status == 200
        problems[path] = await _serious_problems(page)
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
        if folder != tmp_path:
            await page.screenshot(path=folder / f"supervision-{name}-{width}.png", full_page=True)

    assert {path: found for path, found in problems.items() if found} == {}
    assert wide == []


async def test_an_adviser_answers_and_a_reviewer_lets_it_out(supervised: str, visitor: NewVisitor) -> None:
    page = await (await visitor(width=1440, url=supervised)).open("/desk/consultations")
    await _sign_in(page, "bai")
    await page.goto(f"{supervised}/desk/consultations")
    await expect(page.locator("main")).to_contain_text("没有人接的问题")
    await page.click("text=没有人接的问题")
    await page.fill("#reply-text", "可以申请行政复议，六十日内提出。")
    await page.click("button[value=send]")
    await expect(page.locator(".notice.good")).to_contain_text("已送法制审核")

    other = await (await visitor(width=375, url=supervised)).open("/desk/reviews")
    await _sign_in(other, "fang")
    await other.goto(f"{supervised}/desk/reviews")
    await other.click("text=没有人接的问题")
    await expect(other.locator("main")).to_contain_text("涉及复议、诉讼和赔偿")
    await other.click("text=通过并发出")
    await expect(other.locator(".notice.good")).to_contain_text("答复已发给诉求人")
    await page.reload()
    await expect(page.locator(".said-officer")).to_contain_text("六十日内提出")
