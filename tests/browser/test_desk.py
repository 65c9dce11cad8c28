"""The desk as officers meet it: by mouse, by key, without JavaScript, on a telephone."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pyotp
import pytest
import pytest_asyncio
from aiohttp import web
from PIL import Image
from playwright.async_api import expect

from bot import desk
from bot.app import running_task
from bot.channels.web import WebChannel
from bot.config import Settings
from bot.desk.navigation import OWN_PAGES, PAGES
from bot.desk.permissions import Permission, may
from bot.nlu_server import free_port
from bot.notify import OutboxWorker
from bot.relay import Relay
from bot.security import setup_security
from bot.services import Services, read_already
from bot.typedefs import RELAY, SERVICES, SETTINGS, TYPING, WEB_CHANNEL
from bot.typing_board import TypingBoard
from bot.understanding import UnderstandingClient
from tests.bot.desk.browsing import PASSWORD, add_officer
from tests.browser.conftest import NewVisitor
from tests.browser.looking import is_wider_than_the_screen, serious_problems, sign_in
from tests.factories import make_conversation, make_service, make_ticket
from tests.tickets.test_enclosures import PDF
from tickets.campaigns import write
from tickets.conversations import receive
from tickets.database import Database, upgrade
from tickets.deadlines import WorkingCalendar
from tickets.models import Role
from tickets.officers import invite
from tickets.photos import PhotoStore
from tickets.routing import Routing
from tickets.values import Actor, Place
from tickets.vault import Vault
from tickets.workflow import ActorKind, Status

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

WIDTHS = (375, 1440)
WORKING_ROLES = {role for role in Role if may(role, Permission.WORK_TICKETS)} - {Role.LEGAL_ADVISER}


class RunningDesk:
    """The desk on a port of its own, with some tickets."""

    def __init__(self, parts: Services) -> None:
        self.parts = parts
        self.url = ""
        self.overdue = ""
        self.fresh = ""
        self.campaign = 0

    async def officer(self, role: Role, username: str = "") -> None:
        """An account of that role; those who work in a unit are of the squad of 龙田."""
        department = "squad_longtian" if role in {Role.OFFICER, Role.UNIT_HEAD} else None
        await add_officer(
            self.parts,
            username or str(role),
            display_name=role.label,
            role=role,
            department=department,
            now=datetime.now(UTC),
        )

    async def file(self, days_ago: float = 0, status: Status = Status.SUBMITTED, **changes: Any) -> str:
        """A ticket of a citizen on the web."""
        at = datetime.now(UTC) - timedelta(days=days_ago)
        async with self.parts.database.transaction() as session:
            conversation = await make_conversation(session, address=f"visitor-{at.timestamp()}", now=at)
            await receive(session, conversation, "1", {"text": "路边有人倒垃圾"}, at - timedelta(minutes=1))
            filed = await make_ticket(session, status, now=at, conversation_id=conversation.id, **changes)
        return filed.ticket_no


def _photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (640, 480), "olive").save(file, "JPEG")
    return file.getvalue()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory, knowledge: Any) -> AsyncIterator[RunningDesk]:
    folder = tmp_path_factory.mktemp("desk")
    settings = Settings(data_folder=folder, nlu_enabled=False, admin_second_factor=False)
    await asyncio.to_thread(upgrade, settings.resolved_database_url)
    parts = Services(
        database=Database(settings.resolved_database_url),
        photos=PhotoStore(folder / "photos"),
        routing=Routing.load(),
        calendar=WorkingCalendar.load(),
        rules=read_already(knowledge),
        vault=Vault({"k1": bytes(32)}, "k1"),
    )
    running = RunningDesk(parts)
    photo = await asyncio.to_thread(parts.photos.save, _photo())
    now = datetime.now(UTC)
    await add_officer(parts, "lin", now=now)
    await add_officer(parts, "chen", display_name="陈主任", role=Role.ADMINISTRATOR, department=None, now=now)
    running.overdue = await running.file(30, Status.ACCEPTED, photos=(photo.sha256,))
    await running.file(0.2, category="dog", summary="两条大狼狗不牵绳", place=Place("龙田镇街上"))
    running.fresh = await running.file(0.1)
    async with parts.database.transaction() as session:
        draft = await write(
            session, topic="law", title="民法典宣传月", text="阳台掉花盆，谁来赔？", officer_id=1, now=now
        )
        running.campaign = draft.id
    app = web.Application()
    app[SETTINGS], app[SERVICES] = settings, parts
    setup_security(app, settings)
    channel = WebChannel()
    outbox = OutboxWorker(parts.database, {"web": channel})
    http = aiohttp.ClientSession()
    # Nobody at the NLU's address: buttons and the way to a person work without.
    nlu = UnderstandingClient(f"http://127.0.0.1:{free_port()}", session=http)
    app[WEB_CHANNEL], app[TYPING] = channel, TypingBoard()
    app[RELAY] = Relay(parts, nlu, on_replies=outbox.wake)
    channel.setup(app)
    desk.setup(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    running.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with running_task(outbox.run):
        yield running
    await runner.cleanup()
    await http.close()
    await parts.database.close()


@pytest.mark.parametrize(("width", "dark"), [(375, False), (1440, True)])
async def test_no_page_keeps_anybody_out(
    running: RunningDesk, visitor: NewVisitor, width: int, dark: bool
) -> None:
    async with running.parts.database.transaction() as session:
        token = await invite(session, role=Role.OFFICER, department=None, now=datetime.now(UTC))
    person = await visitor(width=width, dark=dark, url=running.url)
    page = await person.open("/desk/sign-in")
    person.may_lose_connection = True
    found = {"/sign-in": await serious_problems(page)}
    await sign_in(page, "chen")
    paths = [
        *(item.path for item in (*PAGES, *OWN_PAGES)),
        "/?view=overdue&status=accepted&text=x",
        f"/tickets/{running.overdue}",
        "/tickets/FQ20200101-0001",
        "/conversations/1",
        "/officers/1",
        "/account/second-factor",
        f"/campaigns/{running.campaign}",
        "/search?text=垃圾",
        "/units/squad_longtian",
        "/account/second-factor?first=1",
        f"/welcome/{token}",
    ]

    wide = []
    for path in paths:
        await page.goto(f"{running.url}/desk{path}")
        found[path] = await serious_problems(page)
        if await is_wider_than_the_screen(page):
            wide.append(path)

    assert {path: problems for path, problems in found.items() if problems} == {}
    assert wide == []


@pytest.mark.parametrize("role", Role)
async def test_the_day_of_each_role_begins_with_the_pages_it_is_offered(
    running: RunningDesk, visitor: NewVisitor, role: Role
) -> None:
    await running.officer(role)
    person = await visitor(width=1440, url=running.url)
    page = await person.open("/desk/sign-in")
    # A page that is refused is a complaint of the browser's, too.
    person.may_lose_connection = True
    await sign_in(page, str(role))
    links = await page.locator(".pages a, .menu a").evaluate_all("links => links.map(({ href }) => href)")

    for link in links:
        answer = await page.goto(link)
        assert answer is not None
        assert answer.status == 200, link
    answer = await page.goto(f"{running.url}/desk/tickets/{running.overdue}")

    # Legal advisers and editors see consultations, and this is none.
    expected = 403 if role in {Role.LEGAL_ADVISER, Role.KNOWLEDGE_EDITOR} else 200
    assert answer is not None
    assert answer.status == expected
    assert await page.locator("#reply-text").count() == (role in WORKING_ROLES)
    assert await serious_problems(page) == []


async def test_a_citizen_and_an_officer_talk(running: RunningDesk, visitor: NewVisitor) -> None:
    await running.officer(Role.SUPERVISOR, username="zhou")
    citizen, officer = await visitor(375, url=running.url), await visitor(1440, url=running.url)
    chat = await citizen.open("/")
    await chat.get_by_role("button", name="找人工").first.click()
    await chat.get_by_text("请把要问的事写下来").wait_for()
    await chat.fill("#text", "老房子翻建要找谁批")
    await chat.keyboard.press("Enter")
    await chat.get_by_text("已经转给工作人员").wait_for()
    desk_page = await officer.open("/desk/sign-in")
    await sign_in(desk_page, "zhou")

    await expect(desk_page.locator("[data-waiting]")).to_have_text("1")
    await desk_page.goto(f"{running.url}/desk/conversations")
    await desk_page.get_by_role("link", name="老房子翻建要找谁批").click()
    await desk_page.get_by_role("button", name="我来接").click()
    await expect(chat.locator("#live")).to_contain_text("工作人员正在为您服务")
    await desk_page.locator("#talk-text").press_sequentially("您好")
    await expect(chat.locator("#typing-who")).to_have_text("工作人员正在输入")
    await desk_page.keyboard.press("Enter")
    await expect(chat.locator(".message.officer")).to_contain_text("您好")
    await desk_page.fill("#talk-text", "写了一半")
    await chat.locator("#text").press_sequentially("在龙田")
    await expect(desk_page.locator("[data-typing]")).to_be_visible()
    await chat.keyboard.press("Enter")
    await expect(desk_page.locator("#talk")).to_contain_text("在龙田")
    await expect(desk_page.locator("#talk .delivery").last).to_have_text("已读")
    await expect(chat.locator(".message.citizen .state").last).to_have_text("已读")
    assert await desk_page.input_value("#talk-text") == "写了一半"
    # The assistant has said nothing since the officer came.
    assert await chat.locator(".message").last.get_attribute("class") == "message citizen"
    await desk_page.fill("#talk-text", "")
    await desk_page.set_input_files(
        "#talk-file",
        [
            {"name": "路口.jpg", "mimeType": "image/jpeg", "buffer": _photo()},
            {"name": "办事指南.pdf", "mimeType": "application/pdf", "buffer": PDF},
        ],
    )
    await desk_page.locator("#talk-text").press("Enter")
    await expect(chat.locator(".message.officer").last).to_contain_text("办事指南.pdf")
    await expect(chat.locator(".message.officer img").last).to_be_visible()
    await expect(desk_page.locator("#talk .file")).to_contain_text("办事指南.pdf")
    await desk_page.fill("#summary", "周一上班来镇里窗口")
    await desk_page.get_by_role("button", name="结束对话并交还").click()

    await expect(desk_page.locator(".notice.good")).to_contain_text("已交还助手")
    await expect(chat.locator("#live")).to_be_hidden()
    await expect(chat.locator(".message").last).to_contain_text("小结：周一上班来镇里窗口")


async def test_several_tickets_are_taken_by_keys_and_one_button(
    running: RunningDesk, visitor: NewVisitor
) -> None:
    numbers = [await running.file(0.01 * number) for number in range(2)]
    page = await (await visitor(width=1440, url=running.url)).open("/desk/sign-in")
    await sign_in(page, "lin")
    await page.goto(f"{running.url}/desk/?view=unassigned")

    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await page.locator(f"input[name=ticket-{numbers[0]}]").check()
    await expect(page.locator("[data-chosen]")).to_have_text("已选2张：")
    await page.keyboard.press("?")
    await expect(page.locator(".shortcuts")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="接手").click()

    await expect(page.locator(".notice.good")).to_have_text("已办理2张。")


async def test_a_list_brings_itself_up_to_date_and_keeps_what_is_chosen(
    running: RunningDesk, visitor: NewVisitor
) -> None:
    chosen = await running.file(0.5)
    page = await (await visitor(width=1440, url=running.url)).open("/desk/sign-in")
    await sign_in(page, "lin")
    async with page.expect_response("**/desk/events"):
        await page.goto(f"{running.url}/desk/?view=unassigned")
    await page.locator(f"input[name=ticket-{chosen}]").check()
    await page.fill("#filter-text", "写了一半")
    await asyncio.sleep(2.5)

    ticket_no = await running.file(20)

    await expect(page.locator(f"input[name=ticket-{ticket_no}]")).to_be_visible()
    assert await page.locator(f"input[name=ticket-{chosen}]").is_checked()
    assert await page.input_value("#filter-text") == "写了一半"


async def test_a_new_officer_closes_the_oldest_overdue_dumping_ticket_in_under_twelve_clicks(
    running: RunningDesk, visitor: NewVisitor
) -> None:
    async with running.parts.database.transaction() as session:
        token = await invite(session, role=Role.OFFICER, department="squad_longtian", now=datetime.now(UTC))
    await running.file(45, Status.ASSIGNED, category="dog", summary="更早的狗")
    ticket_no = await running.file(40, Status.ASSIGNED)
    person = await visitor(width=1440, url=running.url)
    page = await person.open(f"/desk/welcome/{token}")
    clicks = 0

    async def click(selector: str) -> None:
        nonlocal clicks
        clicks += 1
        await page.locator(selector).first.click()

    async def choose(selector: str, label: str) -> None:
        nonlocal clicks
        clicks += 2
        await page.select_option(selector, label=label)

    await page.fill("#display_name", "吴敏")
    await page.fill("#username", "wumin")
    await page.fill("#password", PASSWORD)
    await page.fill("#password_again", PASSWORD)
    await click("button.primary")
    secret = (await page.locator("code.once").inner_text()).replace(" ", "")
    # The field has the focus already.
    await page.keyboard.type(pyotp.TOTP(secret).now())
    await click("button.primary")
    await expect(page.locator(".notice.good")).to_contain_text("已开通")
    await click(".view-overdue")
    await choose("#filter-category", "乱倒垃圾或建筑垃圾")
    await expect(page).to_have_url(re.compile("category=illegal_dumping"))
    await click(".row-title")
    await expect(page.locator(".crumbs .no")).to_have_text(ticket_no)
    await click("text=我来办理")
    await expect(page.locator(".notice.good")).to_contain_text("已接手并开始办理")
    await choose("#template", "垃圾已清走")
    await expect(page.locator("#previews")).to_contain_text(f"龙田中队回复您（工单{ticket_no}）")
    clicks += 1
    await page.set_input_files(
        "#reply-file", {"name": "after.jpg", "mimeType": "image/jpeg", "buffer": _photo()}
    )
    await click("button[value=resolve]")

    await expect(page.locator(".marks .chip").first).to_have_text("已办结")
    await expect(page.locator("#timeline")).to_contain_text("的垃圾已经清走")
    assert clicks < 12


async def test_reading_and_replying_work_without_javascript(
    running: RunningDesk, visitor: NewVisitor
) -> None:
    ticket_no = await running.file()
    person = await visitor(width=375, url=running.url, java_script_enabled=False)
    page = await person.open(f"/desk/tickets/{ticket_no}")

    await sign_in(page, "lin")
    await page.fill("#reply-text", "马上去看")
    await page.click("button[value=preview]")
    await expect(page.locator(".preview")).to_contain_text("马上去看")
    await page.click("button[value=send]")

    await expect(page.locator(".said-officer")).to_contain_text("马上去看")


async def test_what_is_typed_outlives_news_and_a_reload(running: RunningDesk, visitor: NewVisitor) -> None:
    ticket_no = await running.file()
    person = await visitor(width=1440, url=running.url)
    page = await person.open("/desk/sign-in")
    await sign_in(page, "lin")
    async with page.expect_response("**/desk/events"):
        await page.goto(f"{running.url}/desk/tickets/{ticket_no}")
    await page.fill("#reply-text", "写了一半")
    await asyncio.sleep(2.5)

    async with running.parts.database.transaction() as session:
        service = make_service(session, now=datetime.now(UTC))
        await service.add_note(ticket_no, "另一位的备注", actor=Actor(ActorKind.OFFICER, "2", "陈主任"))
    await expect(page.locator("[data-fresh]")).to_be_visible()
    assert await page.input_value("#reply-text") == "写了一半"
    await page.click("[data-fresh]")

    await expect(page.locator(".said-note")).to_contain_text("另一位的备注")
    assert await page.input_value("#reply-text") == "写了一半"


async def test_keys_lead_through_the_queue_and_the_ticket(running: RunningDesk, visitor: NewVisitor) -> None:
    page = await (await visitor(width=1440, url=running.url)).open("/desk/sign-in")
    await sign_in(page, "lin")

    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/desk/tickets/"))
    await page.keyboard.press("r")
    await expect(page.locator("#reply-text")).to_be_focused()
    await page.keyboard.type("ru")
    assert await page.input_value("#reply-text") == "ru"
    await page.locator("#reply-text").blur()
    await page.keyboard.press("n")
    await expect(page.locator("#note-text")).to_be_focused()
    await page.locator("#note-text").blur()
    await page.keyboard.press("u")

    await expect(page).to_have_url(re.compile(r"/desk/$"))
    await page.keyboard.press("/")
    await expect(page.locator("#filter-text")).to_be_focused()


async def test_a_photo_opens_above_the_page(running: RunningDesk, visitor: NewVisitor) -> None:
    page = await (await visitor(width=375, url=running.url)).open(f"/desk/tickets/{running.overdue}")
    await sign_in(page, "lin")

    await page.locator("[data-photo]").first.click()
    image = page.locator(".viewer img")
    await expect(image).to_be_visible()
    await page.wait_for_function("document.querySelector('.viewer img').naturalWidth === 640")
    await page.keyboard.press("Escape")

    await expect(image).to_be_hidden()


async def test_a_move_that_needs_a_note_asks_for_it(running: RunningDesk, visitor: NewVisitor) -> None:
    page = await (await visitor(width=1440, url=running.url)).open(f"/desk/tickets/{running.fresh}")
    await sign_in(page, "lin")

    await page.click("button:has-text('不予受理')")

    assert await page.evaluate("document.querySelector('#status-note').validationMessage") == "这一步要写说明"


async def test_screenshots(running: RunningDesk, visitor: NewVisitor, tmp_path: Path) -> None:
    """Kept in var/screenshots when that folder exists, to look at."""
    folder = Path("var/screenshots") if Path("var/screenshots").is_dir() else tmp_path  # noqa: ASYNC240 - a test
    for width in WIDTHS:
        page = await (await visitor(width=width, url=running.url)).open("/desk/sign-in")
        await page.screenshot(path=folder / f"desk-sign-in-{width}.png")
        await sign_in(page, "chen")
        for name, path in (
            ("queue", "/"),
            ("ticket", f"/tickets/{running.overdue}"),
            ("dashboard", "/dashboard"),
        ):
            await page.goto(f"{running.url}/desk{path}")
            if name == "ticket":
                await page.fill("#reply-text", "明天上午派人去看。")
                await expect(page.locator(".preview-web")).to_contain_text("明天上午")
            await page.screenshot(path=folder / f"desk-{name}-{width}.png", full_page=True)

    assert len(list(folder.glob("desk-*.png"))) == 8
