"""A preview is what the channel itself would draw."""

from __future__ import annotations

import pytest

from bot.desk.previews import preview
from bot.services import Services
from bot.texts import render_notice
from tests.bot.desk.browsing import Browser
from tests.factories import make_conversation, make_ticket
from tickets.workflow import Status

LONG = "请您放心。" * 300


def reply(text: str) -> dict[str, object]:
    return render_notice("notice_reply", {"ticket_no": "FQ1", "department": "龙田中队", "text": text})


def test_each_channel_shows_its_own() -> None:
    web, telegram, wechat = (preview(name, reply("明天去看")) for name in ("web", "telegram", "wechat"))

    assert [len(one.pieces) for one in (web, telegram, wechat)] == [1, 1, 1]
    assert {one.pieces[0].text for one in (web, telegram, wechat)} == {
        "龙田中队回复您（工单FQ1）：\n明天去看"
    }
    assert [len(one.pieces[0].rows) for one in (web, telegram, wechat)] == [1, 1, 2]
    assert "按数字回复" in wechat.note


def test_wechat_takes_2048_bytes_at_once_and_the_choices_follow() -> None:
    shown = preview("wechat", reply(LONG))

    *texts, menu = shown.pieces
    assert len(texts) == 3
    assert all(len(piece.text.encode()) <= 2048 for piece in texts)
    assert (bool(menu.rows), len(menu.text) < 20) == (True, True)
    assert shown.note.startswith("分4条发出")
    assert len(preview("telegram", reply(LONG)).pieces) == 1
    assert len(preview("telegram", reply(LONG * 3)).pieces) == 2


@pytest.mark.parametrize("channel", ["telegram", "wechat"])
async def test_the_page_shows_the_citizens_channel(signed_in: Browser, parts: Services, channel: str) -> None:
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, channel=channel)
        ticket = await make_ticket(session, Status.IN_PROGRESS, conversation_id=conversation.id)
        other = await make_ticket(session, Status.IN_PROGRESS, category="greening")
    await signed_in.get(f"/tickets/{ticket.ticket_no}")

    part = await signed_in.post(f"/tickets/{ticket.ticket_no}/preview", text="<b>明天</b>去看")
    await signed_in.get(f"/tickets/{ticket.ticket_no}")
    refused = await signed_in.post(f"/tickets/{other.ticket_no}/preview", text="您好")

    assert f"preview-{channel}" in part.text
    assert "&lt;b&gt;明天&lt;/b&gt;去看" in part.text
    assert refused.status == 403
