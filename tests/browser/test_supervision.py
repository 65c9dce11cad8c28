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
from playwright.async_api import expect

from bot import desk
from bot.config import Settings
from bot.security import setup_security
from bot.services import Services, read_already
from bot.typedefs import SERVICES, SETTINGS
from tests.bot.desk.browsing import Clock, add_officer
from tests.bot.desk.test_quality_view import CARD
from tests.browser.conftest import NewVisitor
from tests.browser.looking import is_wider_than_the_screen, serious_problems, sign_in
from tests.factories import NOW, OFFICER, ROUTING, make_conversation, make_ticket
from tests.schema import new_sqlite
from tests.web_client import picture
from tickets.aftercare import Aftercare
from tickets.checks import Checks
from tickets.conversations import receive
from tickets.database import Database
from tickets.deadlines import WorkingCalendar
from tickets.duty import DutyDesk
from tickets.legal_review import LegalReview
from tickets.models import GapKind, Officer, Role
from tickets.photos import PhotoStore
from tickets.quality import Missed, collect
from tickets.routing import Routing
from tickets.values import Actor, Place
from tickets.vault import Vault
from tickets.workflow import ActorKind, Status

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

ANSWER = (
    "依照《行政处罚法》第三十三条，初次违法且危害后果轻微并及时改正的，可以不予处罚。\n请您先把东西收回店里。"
)
UNANSWERED = "装修把承重墙砸了一个洞要怎么处理"
PAGES = {
    "queue": "/?view=open",
    "search": "/search?text=承重墙",
    "units": "/units",
    "unit": "/units/squad_gaoshan",
    "officers": "/officers",
    "templates": "/templates",
    "conversation": "/conversations/13",
    "quality": "/quality",
    "quality-group": "/quality/1",
    "rule-card-new": "/rule-cards/new?group=1",
    "applications": "/applications",
    "audit": "/audit",
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
            ("xu", "徐安", Role.OFFICER, "squad_gaoshan"),
            ("bian", "编老师", Role.KNOWLEDGE_EDITOR, None),
            ("shen", "沈审计", Role.AUDITOR, None),
        )
    }
    towns = ("龙田镇", "高山镇", "玉屏街道", "海口镇")
    for number in range(1, 13):
        category = ("illegal_dumping", "dog", "street_vending")[number % 3]
        await _rated(parts, number, category=category, place=Place(f"{towns[number % 4]}街上"))
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, channel="wechat", address="gaoshan")
        asked = await receive(session, conversation, "1", {"text": UNANSWERED}, NOW)
        assert asked is not None
        await collect(session, Missed(GapKind.UNANSWERED, UNANSWERED, asked.id), NOW)
        await make_ticket(
            session,
            Status.IN_PROGRESS,
            category="dog",
            summary="夜市旁边有狗不牵绳",
            place=Place("高山镇夜市"),
            conversation_id=conversation.id,
        )
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


@pytest.mark.parametrize(("width", "dark"), [(375, True), (1440, False)])
async def test_no_page_of_supervision_keeps_anybody_out(
    supervised: str, visitor: NewVisitor, width: int, dark: bool, tmp_path: Path
) -> None:
    """Screenshots are kept in var/screenshots when that folder exists, to look at."""
    folder = Path("var/screenshots") if Path("var/screenshots").is_dir() else tmp_path  # noqa: ASYNC240 - a test
    page = await (await visitor(width=width, dark=dark, url=supervised)).open("/desk/sign-in")
    await sign_in(page, "chen")
    problems, wide = {}, []
    for name, path in PAGES.items():
        answer = await page.goto(f"{supervised}/desk{path}")
        assert answer is not None
        assert answer.status == 200
        problems[path] = await serious_problems(page)
        if await is_wider_than_the_screen(page):
            wide.append(path)
        if folder != tmp_path:
            await page.screenshot(path=folder / f"supervision-{name}-{width}.png", full_page=True)

    assert {path: found for path, found in problems.items() if found} == {}
    assert wide == []


async def test_an_adviser_answers_and_a_reviewer_lets_it_out(supervised: str, visitor: NewVisitor) -> None:
    page = await (await visitor(width=1440, url=supervised)).open("/desk/consultations")
    await sign_in(page, "bai")
    await page.goto(f"{supervised}/desk/consultations")
    await expect(page.locator("main")).to_contain_text("没有人接的问题")
    await page.click("text=没有人接的问题")
    await page.fill("#reply-text", "可以申请行政复议，六十日内提出。")
    await page.click("button[value=send]")
    await expect(page.locator(".notice.good")).to_contain_text("已送法制审核")

    other = await (await visitor(width=375, url=supervised)).open("/desk/reviews")
    await sign_in(other, "fang")
    await other.goto(f"{supervised}/desk/reviews")
    await other.click("text=没有人接的问题")
    await expect(other.locator("main")).to_contain_text("涉及复议、诉讼和赔偿")
    await other.click("text=通过并发出")
    await expect(other.locator(".notice.good")).to_contain_text("答复已发给诉求人")
    await page.reload()
    await expect(page.locator(".said-officer")).to_contain_text("六十日内提出")


async def test_a_unit_head_gives_work_out_and_a_supervisor_rules(
    supervised: str, visitor: NewVisitor
) -> None:
    head = await (await visitor(width=1440, url=supervised)).open("/desk/sign-in")
    await sign_in(head, "gao")
    await head.click("text=夜市旁边有狗不牵绳")
    await head.fill("#reply-text", "徐安今天去看")
    # What arrives on WeChat: words with choices to tap.
    await expect(head.locator(".preview-wechat .preview-buttons").first).to_contain_text("补充")
    await head.select_option("#assign-officer", label="徐安")
    await head.get_by_role("button", name="转办", exact=True).click()
    await expect(head.locator(".notice.good")).to_have_text("已转办。")
    await head.click("text=申请延期")
    await head.fill("#extension-reason", "等犬主回来")
    await head.locator("form[action$=extension] button").click()
    await expect(head.locator(".notice.good")).to_contain_text("申请已提交")
    await head.click(".pages >> text=单位")
    await head.click("text=高山中队")
    await expect(head.locator("main")).to_contain_text("徐安")
    await head.click(".pages >> text=模板")
    await head.fill("#title", "已派人")
    await head.fill("#text", "您好，{officer}会去看{place}。")
    await head.get_by_role("button", name="保存模板").click()
    await expect(head.locator(".notice.good")).to_be_visible()
    await head.click(".pages >> text=统计")
    await expect(head.locator("svg").first).to_be_visible()

    supervisor = await (await visitor(width=375, url=supervised)).open("/desk/sign-in")
    await sign_in(supervisor, "wang")
    await supervisor.click(".pages >> text=审定")
    await expect(supervisor.locator("main")).to_contain_text("等犬主回来")
    await supervisor.get_by_role("button", name="同意").click()
    await expect(supervisor.locator(".notice.good")).to_be_visible()
    await supervisor.goto(f"{supervised}/desk/?view=open&text=夜市")
    await supervisor.click("text=夜市旁边有狗不牵绳")
    await supervisor.click("text=列入督办")
    await supervisor.fill("#supervision-reason", "三天内办结")
    await supervisor.locator("form[action$=supervision] button").click()
    await expect(supervisor.locator(".notice.good")).to_have_text("已列入督办。")
    await supervisor.click(".pages >> text=抽查")
    await supervisor.click("a[href$='/checks/rounds/1']")
    await expect(supervisor.locator("main")).to_contain_text("双色球 03 08 11 17 22 30 + 05")
    await supervisor.click(".pages >> text=统计")
    async with supervisor.expect_download() as saved:
        await supervisor.click("a[href*='dashboard.xlsx']")
    assert (await saved.value).suggested_filename.endswith(".xlsx")


async def test_an_editor_writes_the_card_that_was_missing_and_a_reviewer_publishes_it(
    supervised: str, visitor: NewVisitor, knowledge: Any
) -> None:
    editor = await (await visitor(width=1440, url=supervised)).open("/desk/sign-in")
    await sign_in(editor, "bian")
    await editor.click(".pages >> text=答案质量")
    await editor.click(f"text={UNANSWERED}")
    await editor.click("text=写一张新规则卡")
    for name, value in CARD.items():
        if name in {"topic", "category", "jurisdiction"}:
            await editor.select_option(f"#{name}", value)
        else:
            await editor.fill(f"#{name}", value)
    await expect(editor.locator("#topic option:checked")).to_have_text("行政复议")
    await editor.get_by_role("button", name="保存").click()
    await expect(editor.locator("main")).to_contain_text("没有问题：引用的条文现行有效")
    await editor.get_by_role("button", name="送法制审核").click()

    reviewer = await (await visitor(width=1440, url=supervised)).open("/desk/rule-cards")
    await sign_in(reviewer, "fang")
    await reviewer.goto(f"{supervised}/desk/rule-cards")
    await reviewer.click(f"text={CARD['title']}")
    await reviewer.get_by_role("button", name="同意发布").click()
    try:
        await expect(reviewer.locator("h1 .chip")).to_have_text("已发布")
        assert knowledge.answer("罚款不服想复议的第丙种问法").card.id == CARD["id"]
    finally:
        knowledge.use_cards(())


async def test_an_administrator_sets_up_and_an_auditor_reads_it_all(
    supervised: str, visitor: NewVisitor
) -> None:
    administrator = await (await visitor(width=1440, url=supervised)).open("/desk/sign-in")
    await sign_in(administrator, "chen")
    await administrator.click(".pages >> text=人员")
    await administrator.select_option("#role", label="单位负责人")
    await administrator.select_option("#department", label="龙田中队")
    await administrator.get_by_role("button", name="生成链接").click()
    await expect(administrator.locator("code.once")).to_contain_text("/desk/welcome/")
    await administrator.click(".pages >> text=单位")
    await administrator.click("text=龙田中队")
    await administrator.fill("#phone", "0591-85770000")
    await administrator.get_by_role("button", name="保存").click()
    await expect(administrator.locator(".notice.good")).to_contain_text("已保存")
    await administrator.click(".pages >> text=对接")
    await expect(administrator.locator("h1")).to_contain_text("对接")

    person = await visitor(width=1440, url=supervised)
    auditor = await person.open("/desk/sign-in")
    await sign_in(auditor, "shen")
    await auditor.click(".pages >> text=审计")
    await expect(auditor.locator("tbody")).to_contain_text("修改单位的联系方式")
    await auditor.click(".pages >> text=工单")
    await auditor.locator(".row-title").first.click()
    await expect(auditor.locator("#timeline")).to_be_visible()
    assert await auditor.locator("#reply-text, .acts").count() == 0
    person.may_lose_connection = True
    answer = await auditor.goto(f"{supervised}/desk/officers")
    assert answer is not None
    assert answer.status == 403
