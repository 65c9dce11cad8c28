"""Every kind of reply on every channel: in the channel's own form, or degraded as docs/channels.md says."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from actions.base import Button, Outgoing, Reply
from bot.channels import web_plain
from bot.channels.web_frames import shown_content
from bot.services import Services
from bot.texts import render, render_notice
from bot.texts.zh import LABELS, TEXTS
from tests.bot.channels import test_telegram, test_wechat
from tests.factories import OFFICER
from tests.fake_wechat import OPEN_ID
from tests.fakes import CHAT
from tests.pictures import jpeg
from tests.web_chat import CARD, FILE, SCRIPT, make_app
from tests.web_client import Client, form, visit
from tickets import models
from tickets.conversations import open_conversation
from tickets.files import keep_file
from tickets.service import NewTicket
from tickets.workflow import Status, TicketKind

telegram = test_telegram.line
wechat = test_wechat.line
PROGRESS = {"ticket_no": "FQ20261123-0007", "note": "已清理。", "department": "大队"}
STARS = [LABELS[f"button_stars_{count}"] for count in range(1, 6)]


async def kinds(services: Services, channel: str, address: str) -> dict[str, Outgoing]:
    """One reply of each kind to that conversation; photo and file are in the stores."""
    photo = await asyncio.to_thread(services.photos.save, jpeg())
    now = datetime.now(UTC)
    async with services.database.transaction() as session:
        conversation = await open_conversation(session, channel, address, now)
        sha256 = await keep_file(
            session,
            services.vault,
            conversation.id,
            name=FILE.name,
            media_type=FILE.media_type,
            content=FILE.content,
            now=now,
        )
    file = {"name": FILE.name, "media_type": FILE.media_type, "size": len(FILE.content), "sha256": sha256}
    cancel = (Button("button_cancel", "report:cancel"),)
    return {
        "text": Outgoing("收到。"),
        "buttons": Outgoing("要哪一个？", (("一", "a:1"), ("二", "a:2"), ("三", "a:3"))),
        "card": Outgoing("养狗要打疫苗。", (("有帮助", "consult:helpful:x"),), "card", CARD),
        "photo": Outgoing("处理后的照片。", kind="photo", photo=photo.sha256),
        "file": Outgoing("做好了。", kind="file", file=file),
        "location_request": render(Reply("report_place", kind="location_request", buttons=cancel)),
        "rating": Outgoing.from_json(render_notice("notice_status_resolved", PROGRESS)),
        "progress": Outgoing.from_json(render_notice("notice_status_accepted", PROGRESS)),
    }


def labels(keyboard: dict[str, Any], kind: str = "inline_keyboard") -> list[list[str]]:
    return [[button["text"] for button in row] for row in keyboard[kind]]


async def test_telegram_shows_every_kind(telegram: test_telegram.Line) -> None:
    replies = await kinds(telegram.services, "telegram", str(CHAT))
    sent: dict[str, Any] = {}
    for number, (kind, content) in enumerate(replies.items(), start=1):
        before = len(telegram.api.calls)
        await telegram.channel.send(str(CHAT), number, "assistant", content)
        [sent[kind]] = telegram.api.calls[before:]

    assert [method for method, _ in sent.values()] == [
        *["sendMessage"] * 3,
        "sendPhoto",
        "sendDocument",
        *["sendMessage"] * 3,
    ]
    said = {kind: call for kind, (_, call) in sent.items()}
    assert said["text"] == {"chat_id": CHAT, "text": "收到。"}
    assert labels(said["buttons"]["reply_markup"]) == [["一", "二"], ["三"]]
    assert "<blockquote expandable>" in said["card"]["text"]
    assert said["photo"]["caption"] == "处理后的照片。"
    assert said["file"]["document"].filename == FILE.name
    place = said["location_request"]["reply_markup"]["keyboard"]
    assert (place[0][0]["request_location"], place[1][0]["text"]) == (True, "取消")
    assert labels(said["rating"]["reply_markup"]) == [["1★", "2★", "3★", "4★", "5★"], ["没解决"]]
    assert said["rating"]["text"].endswith(TEXTS["rating_ask"])
    assert labels(said["progress"]["reply_markup"]) == [["查看进度"]]


async def test_wechat_shows_every_kind(wechat: test_wechat.Line) -> None:
    replies = await kinds(wechat.services, "wechat", OPEN_ID)
    sent: dict[str, Any] = {}
    for number, (kind, content) in enumerate(replies.items(), start=1):
        before = len(wechat.api.sent())
        await wechat.channel.send(OPEN_ID, number, "assistant", content)
        sent[kind] = wechat.api.sent()[before:]

    assert {kind: [body["msgtype"] for body in bodies] for kind, bodies in sent.items()} == {
        "text": ["text"],
        "buttons": ["msgmenu"],
        "card": ["msgmenu"],
        "photo": ["text", "image"],
        "file": ["text"],
        "location_request": ["msgmenu"],
        "rating": ["msgmenu"],
        "progress": ["msgmenu"],
    }
    assert choices(sent["card"]) == ["看法条原文", "有帮助"]
    assert "https://wenfa.example/file/" in sent["file"][0]["text"]["content"]
    assert TEXTS["wechat_location_hint"] in sent["location_request"][0]["msgmenu"]["head_content"]
    assert choices(sent["rating"]) == [*STARS, "没解决"]
    assert choices(sent["progress"]) == ["查看进度"]


async def test_wechat_without_menus_is_rated_by_the_number_of_stars(wechat: test_wechat.Line) -> None:
    replies = await kinds(wechat.services, "wechat", OPEN_ID)
    wechat.api.fail(test_wechat.CUSTOM, 40008)

    await wechat.channel.send(OPEN_ID, 1, "assistant", replies["rating"])

    lines = wechat.api.said()[-1].splitlines()
    assert lines[-7:] == [
        *(f"{count}. {label}" for count, label in enumerate(STARS, start=1)),
        "6. 没解决",
        TEXTS["wechat_numbers"],
    ]


def choices(bodies: list[dict[str, Any]]) -> list[str]:
    return [choice["content"] for choice in bodies[-1]["msgmenu"]["list"]]


async def test_the_page_is_told_every_kind(services: Services) -> None:
    replies = await kinds(services, "web", "address")
    frames = {kind: shown_content(content.as_json()) for kind, content in replies.items()}

    assert all(frames[kind]["text"] == content.text for kind, content in replies.items())
    assert [label for button in frames["rating"]["buttons"] if (label := button["label"])] == [
        *STARS,
        "没解决",
    ]
    assert frames["card"]["card"] == CARD
    assert frames["photo"]["photo"].startswith("/chat/photo/")
    assert frames["file"]["file"]["url"].startswith("/chat/file/")
    for kind in ("location_request", "rating", "progress"):
        assert frames[kind]["kind"] == kind


@pytest.fixture
async def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    monkeypatch.setattr(web_plain, "QUIET_SECONDS", 0.05)
    async with TestClient(TestServer(make_app(tmp_path), host="127.0.0.1")) as client:
        yield client


async def test_the_page_without_javascript_shows_every_kind(page: Client) -> None:
    app = page.app
    assert app is not None
    address = await visit(page)
    replies = await kinds(app[SCRIPT].services, "web", address)
    shown = {}
    for number, (kind, content) in enumerate(replies.items()):
        app[SCRIPT].answer = lambda message, content=content: [("assistant", content)]
        answer = await page.post(
            "/chat/plain", data=form(client_id=f"client-id-{number:04}", text="？"), headers=SAME_SITE
        )
        shown[kind] = html.unescape(
            (await answer.text()).partition('id="latest"')[2].partition('<form class="panel"')[0]
        )

    assert all(content.text in shown[kind] for kind, content in replies.items() if kind != "card")
    assert "《动物防疫法》第三十条" in shown["card"]
    assert 'src="/chat/photo/' in shown["photo"]
    assert 'href="/chat/file/' in shown["file"]
    assert all(f">{label}</button>" in shown["rating"] for label in (*STARS, "没解决"))
    # A place can't be shared without JavaScript; the text asks for it in words.
    assert "发送我的位置" not in shown["location_request"]


SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


async def resolve_a_ticket_of(services: Services, channel: str, address: str) -> str:
    """A citizen's ticket is done; returns its number. The news of it wait in the outbox."""
    now = datetime.now(UTC)
    async with services.database.transaction() as session:
        conversation = await open_conversation(session, channel, address, now)
        tickets = services.tickets(session, now)
        filed = await tickets.file(
            NewTicket(
                kind=TicketKind.CONSULTATION,
                category="street_facility",
                summary="路灯不亮",
                conversation_id=conversation.id,
            )
        )
        await tickets.assign(filed.ticket_no, actor=OFFICER)
        await tickets.change_status(filed.ticket_no, Status.IN_PROGRESS, actor=OFFICER)
        await tickets.change_status(filed.ticket_no, Status.RESOLVED, actor=OFFICER, note="修好了。")
    return filed.ticket_no


async def verdict(services: Services) -> tuple[int | None, str | None, bool | None]:
    async with services.database.reading() as session:
        ticket = await session.get_one(models.Ticket, 1)
        return ticket.rating, ticket.rating_reason, ticket.is_solved


async def test_a_resolved_ticket_is_rated_on_telegram_with_two_taps(telegram: test_telegram.Line) -> None:
    await resolve_a_ticket_of(telegram.services, "telegram", str(CHAT))
    telegram.relay.wake_outbox()
    await telegram.api.wait_for("sendMessage", 3)
    asked = telegram.api.sent()[-1]
    four = asked["reply_markup"]["inline_keyboard"][0][3]["callback_data"]
    telegram.api.press(four, test_telegram._as_message(asked))
    why = (await telegram.api.wait_for("sendMessage", 4))[-1]
    telegram.api.press(
        why["reply_markup"]["inline_keyboard"][0][0]["callback_data"], test_telegram._as_message(why)
    )
    thanked = (await telegram.api.wait_for("sendMessage", 5))[-1]
    chosen = await telegram.api.wait_for("editMessageReplyMarkup", 2)

    assert thanked["text"] == TEXTS["rated"]
    assert [labels(call["reply_markup"]) for call in chosen] == [[["✓ 已选：4★"]], [["✓ 已选：办得快"]]]
    assert await verdict(telegram.services) == (4, "办得快", True)


async def test_a_resolved_ticket_is_rated_on_wechat_with_a_tap_and_a_number(wechat: test_wechat.Line) -> None:
    await resolve_a_ticket_of(wechat.services, "wechat", OPEN_ID)
    wechat.relay.wake_outbox()
    await wechat.settled()
    await wechat.tap("2星 不满意")
    asked = wechat.api.said()[-1]
    passive = await wechat.say("text", Content="1")

    assert asked == TEXTS["rated_badly"]
    assert passive == TEXTS["rated"]
    assert await verdict(wechat.services) == (2, "等得太久", True)
