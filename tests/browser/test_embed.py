"""The chat on another site's page, the code on a poster, and the page for when there is no network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import FrameLocator, Page, expect

from bot.nlu_server import free_port
from tests.browser.conftest import NewVisitor, ServerProcess
from tests.browser.looking import serious_problems

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

# As strict as a government site's own policy may be: no inline style or script.
POLICY = "default-src 'none'; script-src {chat}; frame-src {chat}; style-src 'none'"
PAGE = """<!doctype html><html lang="zh-CN"><title>城管局</title><h1>福清市城市管理局</h1>
<script src="{chat}/embed.js" data-town="longtian" data-spot="菜市场" async></script></html>"""


@dataclass
class Site:
    """The bureau's own site, and the chat that it shows."""

    url: str
    chat: ServerProcess


async def _serve(port: int, chat: str) -> web.AppRunner:
    async def page(request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": POLICY.format(chat=chat)}
        return web.Response(text=PAGE.format(chat=chat), content_type="text/html", headers=headers)

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    chat = ServerProcess(tmp_path_factory.mktemp("embedded"), embed_origins=(url,))
    await chat.start()
    runner = await _serve(port, chat.url)
    yield Site(url, chat)
    await runner.cleanup()
    await chat.stop()


def chat_in(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


async def open_chat(visitor: NewVisitor, site: Site, width: int = 1200) -> Page:
    page = await (await visitor(width, 800, url=site.url)).open("/?")
    await page.get_by_role("button", name="问法助手").click()
    await expect(chat_in(page).locator("#welcome")).to_be_visible()
    await expect(chat_in(page).locator("html[data-loaded]")).to_be_attached()
    return page


@pytest.mark.parametrize("width", [375, 1200])
async def test_a_citizen_asks_on_the_bureaus_own_page(visitor: NewVisitor, site: Site, width: int) -> None:
    page = await open_chat(visitor, site, width)
    chat = chat_in(page)

    await chat.locator("#text").fill("在福清养狗要登记吗")
    await chat.locator("#send").click()

    await expect(chat.locator(".card h3")).to_have_text("在福清养狗要办什么手续")
    await expect(chat.locator(".message.citizen .said").first).to_have_text("我在龙田镇菜市场")


async def test_folded_away_it_counts_what_is_unread(visitor: NewVisitor, site: Site) -> None:
    page = await open_chat(visitor, site)
    chat = chat_in(page)
    await chat.locator("#text").fill("工作人员在吗")

    # In one go, so that no answer can come in between; the place is answered, too.
    await chat.locator("#send").evaluate(
        "send => { send.click(); document.getElementById('close').click(); }"
    )

    button = page.get_by_role("button", name="问法助手")
    await expect(button).to_contain_text("2")
    await button.click()
    await expect(chat.locator(".message.officer")).to_be_visible()
    await expect(button).to_be_hidden()


async def test_escape_folds_it_away(visitor: NewVisitor, site: Site) -> None:
    page = await open_chat(visitor, site)
    await chat_in(page).locator("#text").press("Escape")

    await expect(page.get_by_role("button", name="问法助手")).to_be_focused()


async def test_the_frame_has_no_serious_problem(visitor: NewVisitor, site: Site) -> None:
    page = await (await visitor(400, 680, url=site.chat.url)).open("/embed?town=longtian")
    await page.wait_for_selector("html[data-loaded]")

    assert await serious_problems(page) == []


async def test_the_place_of_a_code_is_told_once_and_can_be_denied(visitor: NewVisitor, site: Site) -> None:
    page = await (await visitor(url=site.chat.url)).open("/embed?town=haikou&spot=码头")
    await expect(page.locator("#here")).to_contain_text("海口镇码头")

    await page.click("#not-here")
    await page.fill("#text", "垃圾桶满了")
    await page.click("#send")

    await expect(page.locator(".message.citizen .said")).to_have_text(["垃圾桶满了"])
    assert "town" not in page.url


async def test_without_a_network_the_page_says_what_to_do(visitor: NewVisitor, server: ServerProcess) -> None:
    person = await visitor()
    person.may_lose_connection = True
    page = await person.open()
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    await person.context.set_offline(True)
    await page.goto(f"{person.url}/")

    await expect(page.locator("h2")).to_have_text("现在没有网络")
    await expect(page.locator("link[rel=stylesheet]")).to_have_count(1)
    assert await page.evaluate("getComputedStyle(document.querySelector('.again')).borderRadius") == "24px"
