"""The chat page as people meet it: in a browser, on a phone, by keyboard, on a bad line."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.channels.web_session import address_of
from tests.browser.conftest import NewVisitor, ServerProcess
from tests.browser.looking import is_wider_than_the_screen, serious_problems
from tests.schema import opened
from tests.web_chat import FILE
from tests.web_client import picture
from tickets import conversations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def say(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.click("#send")


async def texts(page: Page, who: str = "citizen") -> list[str]:
    return await page.locator(f".message.{who} .said").all_inner_texts()


# --- asking and reporting


async def test_a_question_is_answered_with_a_card_and_the_article(visitor: NewVisitor) -> None:
    page = await (await visitor(touch=True)).open()

    await say(page, "在福清养狗要登记吗")
    card = page.locator(".card")
    await expect(card.locator("h3")).to_have_text("在福清养狗要办什么手续")
    await expect(card.locator(".article")).to_be_hidden()
    await card.locator("summary").click()

    await expect(card.locator(".article")).to_contain_text("定期免疫接种狂犬病疫苗")
    await expect(card.locator(".since")).to_have_text("2021年5月1日起施行")
    await expect(card.locator(".gap")).to_contain_text("不管福清")
    await expect(card.locator(".facts")).to_contain_text("2026年11月23日")
    assert not await is_wider_than_the_screen(page)


async def test_days_stand_in_a_table_and_their_file_can_be_saved(visitor: NewVisitor) -> None:
    page = await (await visitor(touch=True)).open()

    await say(page, "给我日历")
    day = page.locator(".day.over")
    await expect(day.locator(".day-date")).to_have_text("2026年11月18日（星期三）")
    await expect(day.locator(".day-rule")).to_contain_text("第六十七条")
    async with page.expect_download() as saved:
        await page.locator("a.file").click()

    assert (await saved.value).suggested_filename == FILE.name
    content = await asyncio.to_thread(Path(await (await saved.value).path()).read_bytes)
    assert content == FILE.content
    assert await serious_problems(page) == []
    assert not await is_wider_than_the_screen(page)


async def test_a_long_answer_is_shown_from_its_beginning(visitor: NewVisitor) -> None:
    page = await (await visitor(touch=True, height=600)).open()

    await say(page, "在福清养狗要登记吗")

    await expect(page.locator(".card h3")).to_be_in_viewport()
    await expect(page.locator(".message.citizen")).to_be_in_viewport()


async def test_buttons_work_once_and_only_under_the_last_answer(visitor: NewVisitor) -> None:
    page = await (await visitor()).open()

    await page.click(".start >> text=我要反映问题")
    await expect(page.locator(".message.assistant")).to_have_count(2)
    button = page.locator(".buttons button >> text=不知道")
    await button.click()

    await expect(page.locator(".message.citizen")).to_have_count(2)
    await expect(button).to_be_disabled()
    assert await texts(page) == ["我要反映问题", "不知道"]


async def test_everything_can_be_done_by_keyboard(visitor: NewVisitor) -> None:
    page = await (await visitor(1440, 900)).open()

    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("在福清养狗要登记吗")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("多少钱")
    await page.keyboard.press("Enter")
    await expect(page.locator(".card")).to_be_visible()
    assert await texts(page) == ["在福清养狗要登记吗\n多少钱"]

    await page.locator("#log").focus()
    for _ in range(3):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    await page.keyboard.press("Enter")
    await expect(page.locator(".article")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.locator(".buttons button").first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.citizen")).to_have_count(2)


async def test_enter_that_chooses_a_character_does_not_send(visitor: NewVisitor) -> None:
    page = await (await visitor(1440, 900)).open()
    await page.fill("#text", "yang gou")

    await page.dispatch_event("#text", "keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    await page.dispatch_event("#text", "keydown", {"key": "Enter", "keyCode": 229, "bubbles": True})

    await expect(page.locator("#text")).to_have_value("yang gou")
    await expect(page.locator(".message")).to_have_count(0)


async def test_stars_fill_up_to_the_one_that_is_meant_and_are_one_tap(visitor: NewVisitor) -> None:
    page = await (await visitor(1100)).open()
    await say(page, "请评价")
    scale = page.get_by_role("group", name="评分")
    await expect(scale.get_by_role("button")).to_have_count(5)

    await scale.get_by_role("button", name="4星 满意").hover()
    await expect(scale.locator(".lit")).to_have_count(4)
    await expect(scale.locator(".scale-word")).to_have_text("4星 满意")
    await expect(page.get_by_role("button", name="没解决")).to_be_enabled()
    assert await serious_problems(page) == []
    await scale.get_by_role("button", name="4星 满意").click()

    await expect(page.locator(".message.assistant .said").last).to_have_text("收到：4星 满意")
    await expect(scale).to_be_hidden()


async def test_markup_in_messages_stays_text(visitor: NewVisitor) -> None:
    page = await (await visitor()).open()

    await say(page, "<img src=x onerror=alert(1)><b>粗</b>")

    await expect(page.locator(".message.assistant .said")).to_have_text(
        "收到：<img src=x onerror=alert(1)><b>粗</b>"
    )
    await expect(page.locator(".bubble img, .bubble b")).to_have_count(0)


async def test_hotlines_can_be_called_at_a_touch(visitor: NewVisitor) -> None:
    page = await (await visitor()).open()

    await say(page, "12345 和 110，不是 1100")

    await expect(page.locator(".message.assistant a")).to_have_text(["12345", "110"])


async def test_officers_are_marked_and_times_are_chinese(visitor: NewVisitor) -> None:
    page = await (await visitor()).open()

    await say(page, "我要找工作人员")

    await expect(page.locator(".message.officer .badge")).to_have_text("工作人员")
    now = datetime.now(UTC).timestamp() + 8 * 3600
    hour = datetime.fromtimestamp(now, UTC).hour
    await expect(page.locator(".separator").first).to_contain_text("今天 ")
    assert abs(int((await page.locator(".separator").first.inner_text())[3:5]) - hour) in {0, 23}


async def test_waiting_for_an_answer_shows(visitor: NewVisitor) -> None:
    page = await (await visitor()).open()

    await say(page, "沉默")

    await expect(page.locator("#typing")).to_be_visible()


# --- photos and places


async def test_a_photo_is_previewed_sent_and_still_there_after_a_reload(visitor: NewVisitor) -> None:
    page = await (await visitor(touch=True)).open()
    photo = {"name": "dump.jpg", "mimeType": "image/jpeg", "buffer": picture(900, 700)}

    await page.set_input_files("#photo-file", [photo, photo])
    await expect(page.locator("#previews img")).to_have_count(2)
    await page.click("#previews button >> nth=0")
    await page.fill("#text", "看这里")
    await page.click("#send")
    await expect(page.locator(".message.citizen[data-state=sent] .photo img")).to_be_visible()
    await page.reload()

    image = page.locator(".message.citizen .photo img")
    await expect(image).to_have_count(1)
    await image.scroll_into_view_if_needed()
    await expect(image).to_have_js_property("complete", True)
    assert await image.evaluate("image => image.naturalWidth") == 900
    await page.click(".photo")
    await expect(page.locator("#photo-large")).to_be_visible()


async def test_a_text_that_calls_itself_a_photo_is_refused_kindly(visitor: NewVisitor) -> None:
    someone = await visitor()
    someone.may_lose_connection = True
    page = await someone.open()
    await say(page, "路边有人倒垃圾")
    await expect(page.locator(".message.assistant")).to_have_count(1)

    await page.set_input_files(
        "#photo-file", {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"dear bureau"}
    )
    await page.click("#send")

    failed = page.locator(".message[data-state=failed]")
    await expect(failed).to_contain_text("不是照片")
    await expect(failed.locator(".said")).to_have_text("（照片打不开）")
    await expect(page.locator(".buttons button").first).to_be_enabled()
    await expect(failed.locator("button", has_text="再发一次")).to_have_count(0)
    await failed.locator("button", has_text="删除").click()
    await expect(page.locator(".message")).to_have_count(2)


async def test_a_photo_over_the_limit_is_made_smaller_first(visitor: NewVisitor) -> None:
    page = await (await visitor()).open()
    # The bytes after a JPEG's end don't matter to a browser, but count.
    heavy = picture(400, 300) + bytes(10 * 1024 * 1024)

    await page.set_input_files("#photo-file", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": heavy})
    await expect(page.locator("#previews img")).to_have_count(1)
    await page.click("#send")

    await expect(page.locator(".message.citizen[data-state=sent] .photo")).to_be_visible()


async def test_a_place_is_sent_when_the_citizen_allows_it(visitor: NewVisitor) -> None:
    someone = await visitor(
        permissions=["geolocation"], geolocation={"latitude": 25.72012, "longitude": 119.38412}
    )
    page = await someone.open()

    await page.click(".start >> text=我要反映问题")
    await page.click("text=发送我的位置")

    await expect(page.locator(".message.citizen .place")).to_have_text("我的位置 25.72012，119.38412")


async def test_a_refused_place_leads_to_writing_it(visitor: NewVisitor) -> None:
    page = await (await visitor(permissions=[])).open()

    await page.click("#tools-open")
    await page.click("#share-location")

    await expect(page.locator("#notice")).to_contain_text("请直接写地址")


# --- bad lines


async def test_conversation_is_there_after_a_reload_and_in_a_second_tab(visitor: NewVisitor) -> None:
    someone = await visitor()
    page = await someone.open()
    await say(page, "第一句")
    await expect(page.locator(".message.assistant")).to_have_count(1)
    await page.reload()
    await expect(page.locator(".message")).to_have_count(2)

    other = await someone.open()
    await say(other, "第二句")

    await expect(page.locator(".message")).to_have_count(4)
    assert await texts(page) == await texts(other) == ["第一句", "第二句"]


async def test_what_is_written_offline_is_sent_once_when_the_line_is_back(visitor: NewVisitor) -> None:
    someone = await visitor()
    someone.may_lose_connection = True
    page = await someone.open()

    await someone.context.set_offline(True)
    await expect(page.locator("#notice")).to_contain_text("网络断开了")
    await say(page, "断网时写的第一句")
    await say(page, "断网时写的第二句")
    await expect(page.locator(".message[data-state=waiting]")).to_have_count(2)
    assert not await serious_problems(page)
    await someone.context.set_offline(False)

    await expect(page.locator(".message.assistant")).to_have_count(2)
    await expect(page.locator("#notice")).to_be_hidden()
    assert await texts(page) == ["断网时写的第一句", "断网时写的第二句"]
    assert await page.evaluate("localStorage.getItem('wenfa.unsent')") == "[]"


async def test_conversation_and_unsent_words_survive_restart_and_reload(
    visitor: NewVisitor, tmp_path: Path
) -> None:
    server = ServerProcess(tmp_path)
    await server.start()
    someone = await visitor(url=server.url)
    someone.may_lose_connection = True
    page = await someone.open()
    await say(page, "重启以前")
    await expect(page.locator(".message.assistant")).to_have_count(1)

    await server.stop()
    await expect(page.locator("#notice")).to_contain_text("网络断开了")
    await say(page, "重启的时候")
    await server.start()

    await expect(page.locator(".message.assistant")).to_have_count(2, timeout=40_000)
    await page.reload()
    await expect(page.locator(".message")).to_have_count(4)
    assert await texts(page) == ["重启以前", "重启的时候"]
    await server.stop()


async def test_a_page_that_was_closed_before_sending_sends_later(visitor: NewVisitor) -> None:
    someone = await visitor()
    someone.may_lose_connection = True
    page = await someone.open()
    await someone.context.set_offline(True)
    await say(page, "没发出去就关了")
    await page.close()
    await someone.context.set_offline(False)

    page = await someone.open()

    await expect(page.locator(".message.assistant")).to_have_count(1)
    assert await texts(page) == ["没发出去就关了"]


async def test_many_messages_at_once_all_arrive_once_and_in_order(visitor: NewVisitor) -> None:
    page = await (await visitor()).open()
    said = [f"第{number}句，沉默" for number in range(15)]

    for text in said:
        await say(page, text)

    await expect(page.locator("#notice")).to_contain_text("秒后自动再发")
    await expect(page.locator(".message.citizen[data-state=sent]")).to_have_count(15, timeout=40_000)
    await page.reload()
    await expect(page.locator(".message.citizen")).to_have_count(15)
    assert await texts(page) == said


async def test_without_the_cookie_the_page_gets_a_new_one(visitor: NewVisitor) -> None:
    someone = await visitor()
    someone.may_lose_connection = True
    page = await someone.open()
    await someone.context.clear_cookies()
    await someone.context.set_offline(True)
    await someone.context.set_offline(False)

    await say(page, "还在吗")

    await expect(page.locator(".message.assistant")).to_have_count(1)


# --- the box, the page


async def test_a_text_that_is_too_long_stays_in_the_box(visitor: NewVisitor) -> None:
    page = await (await visitor()).open()

    await page.fill("#text", "长" * 4001)
    await page.click("#send")

    await expect(page.locator("#counter")).to_contain_text("一次最多发4000字，现在4001字")
    assert len(await page.input_value("#text")) == 4001
    await expect(page.locator(".message")).to_have_count(0)
    await page.fill("#text", "长" * 3990)
    await expect(page.locator("#counter")).to_have_text("还可以写10字")


async def test_a_draft_survives_a_reload(visitor: NewVisitor) -> None:
    page = await (await visitor()).open()
    await page.fill("#text", "写了一半")

    await page.reload()

    await expect(page.locator("#text")).to_have_value("写了一半")


async def test_older_messages_come_on_request_and_nothing_jumps(
    visitor: NewVisitor, server: ServerProcess
) -> None:
    someone = await visitor()
    await someone.open()
    [cookie] = await someone.context.cookies()
    async with opened(server.folder) as services, services.database.transaction() as session:
        found = await conversations.open_conversation(
            session, "web", address_of(cookie["value"]), datetime.now(UTC)
        )
        for number in range(70):
            content = {"kind": "text", "text": f"第{number}条"}
            await conversations.post(session, found.id, content, sender="assistant", now=datetime.now(UTC))
    page = await someone.open()
    await expect(page.locator(".message")).to_have_count(50)

    await page.locator("#older").scroll_into_view_if_needed()
    before = await page.get_by_text("第20条", exact=True).bounding_box()
    await page.click("#older")
    await expect(page.locator(".message")).to_have_count(70)
    after = await page.get_by_text("第20条", exact=True).bounding_box()

    assert before is not None
    assert after is not None
    # The button above is gone, the separator too.
    assert abs(before["y"] - after["y"]) < 100
    await expect(page.locator("#older")).to_be_hidden()


async def test_large_type_is_remembered(visitor: NewVisitor) -> None:
    page = await (await visitor(touch=True)).open()
    usual = await page.evaluate("getComputedStyle(document.body).fontSize")

    await page.click("#large")
    await page.reload()

    large = await page.evaluate("getComputedStyle(document.body).fontSize")
    assert float(large[:-2]) > 1.25 * float(usual[:-2])
    await expect(page.locator("#large")).to_have_attribute("aria-pressed", "true")
    assert not await is_wider_than_the_screen(page)


async def test_leaving_clears_this_device(visitor: NewVisitor) -> None:
    page = await (await visitor(1440, 900)).open()
    await say(page, "路边有人倒垃圾")
    await expect(page.locator(".message.assistant")).to_have_count(1)
    page.on("dialog", lambda dialog: dialog.accept())

    await page.click(".side .leave button")

    await page.wait_for_selector("html[data-loaded]")
    await expect(page.locator(".message")).to_have_count(0)
    await expect(page.locator("#welcome")).to_be_visible()


# --- for everybody


@pytest.mark.parametrize("width", [375, 1440])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("large", [False, True])
async def test_nothing_keeps_people_out(visitor: NewVisitor, width: int, dark: bool, large: bool) -> None:
    page = await (await visitor(width, 800, dark=dark, touch=width < 500)).open()
    if large:
        await page.click("#large")
    problems = await serious_problems(page)

    await say(page, "在福清养狗要登记吗")
    await page.locator(".law summary").click()
    await say(page, "我要找工作人员")
    await expect(page.locator(".officer")).to_be_visible()
    await page.click("#tools-open")
    await page.fill("#text", "长" * 3990)
    problems += await serious_problems(page)
    wide = await is_wider_than_the_screen(page)
    if width < 500:
        await page.click("#about-open")
        await page.wait_for_timeout(100)
        problems += await serious_problems(page)

    assert problems == []
    assert not wide


@pytest.mark.parametrize("path", ["/chat/plain", "/report"])
@pytest.mark.parametrize("dark", [False, True])
async def test_the_pages_without_javascript_keep_nobody_out(
    visitor: NewVisitor, path: str, dark: bool
) -> None:
    page = await (await visitor(dark=dark, touch=True)).open(path)

    assert await serious_problems(page) == []
    assert not await is_wider_than_the_screen(page)


async def test_without_javascript_the_same_can_be_done(visitor: NewVisitor) -> None:
    someone = await visitor(java_script_enabled=False)
    page = await someone.open("/report")

    await page.fill("#what", "有人倒装修垃圾")
    await page.fill("#place", "音西街道某某路口")
    await page.set_input_files("#photo", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()})
    await page.click("button >> text=下一步")
    await page.wait_for_url("**/chat/plain#latest")
    await page.fill("#text", "在福清养狗要登记吗")
    await page.click(".main")
    await page.click("summary")
    await expect(page.locator(".article")).to_be_visible()
    await page.click(".buttons button >> text=有帮助")

    assert "收到：有帮助" in await page.content()
    await expect(page.locator(".citizen .photo")).to_have_count(1)


async def test_the_chat_page_leads_to_the_plain_one_without_javascript(visitor: NewVisitor) -> None:
    page = await (await visitor(java_script_enabled=False)).open("/?")

    await page.wait_for_url("**/chat/plain")
