"""The whole way in real browsers, with the real server: a citizen asks and reports, an officer answers."""

from __future__ import annotations

import re
import signal
from collections.abc import AsyncIterator

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from bot.config import ROOT
from bot.nlu_server import ensure_model
from tests.browser.conftest import NewVisitor
from tests.served import Served
from tests.web_client import picture

pytestmark = [pytest.mark.browser, pytest.mark.nlu, pytest.mark.asyncio(loop_scope="module")]

# A page waits longer after each failure before it tries to reach the server again.
RECONNECT_MILLISECONDS = 30_000
PASSWORD = "seven boats at dawn"
STORY = "有人半夜倒了一车装修垃圾，到现在没人管"
PLACE = "龙田镇东华村村口"
REPLY = "我们的人已经到现场，今天下午清走。"
OUTCOME = "垃圾已经清走，路面冲洗过了"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    model = await ensure_model(ROOT / "var" / "models")
    served = Served(tmp_path_factory.mktemp("whole"), {"WENFA_NLU_MODEL": str(model)})
    try:
        await served.start()
        yield served
    finally:
        await served.close()


# --- what a citizen does


def last_reply(page: Page) -> Locator:
    return page.get_by_role("log", name="消息").get_by_role("listitem").last


async def say(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="写下您的问题或要反映的事").fill(text)
    await page.get_by_role("button", name="发送", exact=True).click()


async def press(page: Page, label: str) -> None:
    """Press a button under the last answer, once it is there."""
    await last_reply(page).get_by_role("button", name=label, exact=True).click()


async def send_photo(page: Page) -> None:
    await page.get_by_role("button", name="照片和位置").click()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="选照片").click()
    await (await chooser.value).set_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()})
    await expect(page.get_by_role("img", name="第1张照片")).to_be_visible()
    await page.get_by_role("button", name="发送", exact=True).click()


async def asks_about_dogs(page: Page) -> None:
    """A card comes, and its citation opens the article's own words."""
    await say(page, "在福清养狗要登记吗")
    card = page.get_by_role("article")
    await expect(card.get_by_role("heading", level=3)).to_contain_text("狗")
    words = card.get_by_text("凭动物诊疗机构出具的免疫证明")
    await expect(words).to_be_hidden()
    await card.get_by_text("《动物防疫法》第三十条").click()
    await expect(words).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def reports_dumping(page: Page) -> tuple[str, str]:
    """Every step to the receipt; returns ticket number and receipt code."""
    await page.get_by_role("button", name="我要反映问题").click()
    await expect(last_reply(page)).to_contain_text("发生了什么事")
    await say(page, STORY)
    await expect(last_reply(page)).to_contain_text("在什么地方")
    await say(page, PLACE)
    await expect(last_reply(page)).to_contain_text("有照片吗")
    await send_photo(page)
    await expect(last_reply(page)).to_contain_text("留个电话")
    await press(page, "匿名")
    for part in ("乱倒垃圾或建筑垃圾", STORY, PLACE, "1张", "匿名"):
        await expect(last_reply(page)).to_contain_text(part)
    await press(page, "提交")
    await expect(last_reply(page)).to_contain_text("工单编号")

    receipt = await last_reply(page).inner_text()
    assert "龙田中队" in receipt
    assert re.search(r"最晚\d+月\d+日|最晚\d{4}年\d+月\d+日", receipt)
    number, code = re.search(r"FQ\d{8}-\d+", receipt), re.search(r"查询码：(\w{8})", receipt)
    assert number
    assert code
    return number.group(), code[1]


async def sees_the_officers_work(page: Page, ticket_no: str) -> None:
    log = page.get_by_role("log", name="消息")
    officers = log.get_by_role("listitem").filter(has_text="工作人员：")
    await expect(officers.filter(has_text=REPLY)).to_be_visible()
    await expect(log.get_by_text("办理后的现场照片")).to_be_visible()
    await expect(last_reply(page)).to_contain_text(f"工单{ticket_no}已办结：{OUTCOME}")


# --- what an officer does


async def signs_up(page: Page) -> None:
    for label, value in (
        ("姓名", "陈主任"),
        ("用户名", "chen"),
        ("密码", PASSWORD),
        ("再输一次密码", PASSWORD),
    ):
        await page.get_by_label(label, exact=True).fill(value)
    await page.get_by_role("button", name="开始使用").click()
    # An administrator needs a second factor before anything else.
    secret = (await page.locator("code.once").inner_text()).replace(" ", "")
    await page.get_by_label("6位数字").fill(pyotp.TOTP(secret).now())
    await page.get_by_role("button", name="开通").click()
    await expect(page).to_have_url(re.compile(r"/desk/\?done=second-factor$"))
    await expect(page.get_by_role("navigation", name="工单视图")).to_be_visible()


async def handles(page: Page, ticket_no: str) -> None:
    """From the list to the note: reads, takes it over, replies, resolves."""
    await page.reload()
    await page.get_by_role("link", name=STORY[:10]).click()
    await expect(page.get_by_role("main").get_by_text(ticket_no, exact=True).first).to_be_visible()
    talk = page.get_by_role("region", name="沟通与办理记录")
    await expect(talk).to_contain_text(STORY)
    await expect(talk).to_contain_text(PLACE)
    await expect(page.get_by_role("region", name="诉求内容").get_by_role("img")).to_be_visible()
    await page.get_by_role("button", name="我来办理").click()
    await expect(page.get_by_role("status").filter(has_text="已接手")).to_be_visible()
    await page.get_by_label("回复内容").fill(REPLY)
    await page.get_by_role("button", name="发送回复").click()
    await expect(talk).to_contain_text(REPLY)
    await page.get_by_label("处理后的照片（办结必须有）").set_input_files(
        {"name": "after.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    )
    await page.get_by_label("说明", exact=True).fill(OUTCOME)
    await page.get_by_role("button", name="办结（要写说明）").click()
    await expect(talk).to_contain_text(OUTCOME)


# --- the whole way


async def test_a_citizen_asks_and_reports_and_an_officer_answers(server: Served, visitor: NewVisitor) -> None:
    officer = await visitor(1440, 900)
    desk = await officer.open(server.welcome_path)
    await signs_up(desk)
    citizen = await visitor(375, touch=True)
    citizen.may_lose_connection = officer.may_lose_connection = True
    page = await citizen.open()
    await server.until_nlu("ready")

    await asks_about_dogs(page)
    ticket_no, receipt_code = await reports_dumping(page)
    await page.close()
    await handles(desk, ticket_no)
    page = await citizen.open()
    await sees_the_officers_work(page, ticket_no)

    await server.end(signal.SIGKILL)
    await server.start()
    await sees_the_officers_work(page, ticket_no)
    await page.get_by_role("list", name="快捷入口").get_by_role("button", name="查进度").click()
    await expect(last_reply(page)).to_contain_text("现在：已办结", timeout=RECONNECT_MILLISECONDS)
    await expect(page.get_by_text(STORY).first).to_be_visible()

    stranger = await (await visitor(375, touch=True)).open()
    await stranger.get_by_role("button", name="查进度").first.click()
    await say(stranger, ticket_no)
    await expect(last_reply(stranger)).to_contain_text("查询码")
    await say(stranger, "AAAA2222")
    await expect(last_reply(stranger)).to_contain_text("对不上")
    await expect(stranger.get_by_text("现在：已办结")).to_have_count(0)
    await say(stranger, receipt_code)
    # Photos of the place afterwards may follow.
    await expect(stranger.get_by_text("现在：已办结").first).to_be_visible()
