from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from bot.desk import watch
from bot.services import Services
from bot.typedefs import TELEGRAM, TYPING, WEB_CHANNEL
from bot.typing_board import TypingBoard
from tests.bot.desk.browsing import Browser, Clock, Outbox, ShownPages, add_officer
from tests.factories import NOW, make_conversation, make_ticket
from tickets.conversations import receive
from tickets.live import LiveDesk
from tickets.models import (
    AnswerDraft,
    AuditEntry,
    Conversation,
    Message,
    Mode,
    Officer,
    OutboxItem,
    Role,
    Sender,
    Ticket,
)
from tickets.workflow import TicketKind


@pytest.fixture
def pages(client: TestClient[web.Request, web.Application]) -> ShownPages:
    """What the citizen's page is asked to show."""
    return client.server.app[WEB_CHANNEL]  # type: ignore[return-value]  # put there by `client`


@pytest.fixture
async def waiting(parts: Services) -> int:
    """Somebody in 龙田 reported, asks a person, and waits. Returns the conversation's id."""
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session)
        await receive(session, conversation, "1", {"text": "<b>有人</b>吗"}, NOW)
        filed = await make_ticket(session, conversation_id=conversation.id)
        await parts.bound(LiveDesk, session, NOW).ask(conversation.id, filed.ticket_no)
    return conversation.id


async def _conversation(parts: Services) -> Conversation:
    async with parts.database.reading() as session:
        return (await session.scalars(select(Conversation))).one()


async def test_nobody_waits_unseen(signed_in: Browser, waiting: int, clock: Clock) -> None:
    # 15:06 in China: the office has been open for six minutes.
    clock.forward(minutes=61)

    page = await signed_in.get("/conversations")

    assert "已等1小时" in page.text
    assert "level-overdue" in page.text
    assert "没有人接" in page.text


async def test_a_list_without_anybody_says_so(signed_in: Browser) -> None:
    assert "没有人在等" in (await signed_in.get("/conversations")).text


async def test_an_officer_takes_over_talks_and_hands_back(
    signed_in: Browser, waiting: int, parts: Services, outbox: Outbox
) -> None:
    page = await signed_in.get(f"/conversations/{waiting}")
    assert "&lt;b&gt;有人&lt;/b&gt;吗" in page.text
    page = await signed_in.post(f"/conversations/{waiting}/take", ticket_no="FQ20261123-0001")
    assert "您已接入" in page.text
    assert (await _conversation(parts)).mode is Mode.OFFICER
    page = await signed_in.post(f"/conversations/{waiting}/say", text="您好，请说")
    assert "您好，请说" in page.text
    page = await signed_in.post(f"/conversations/{waiting}/hand-back", summary="周一去看")

    assert "已交还助手" in page.text
    assert (await _conversation(parts)).mode is Mode.ASSISTANT
    assert outbox.woken == 3
    async with parts.database.reading() as session:
        said = (await session.scalars(select(Message).where(Message.sender != Sender.CITIZEN))).all()
        audited = (await session.scalars(select(AuditEntry.action))).all()
        waiting_items = (await session.scalars(select(OutboxItem))).all()
    assert [message.content["key"] for message in said] == ["live_begun", "live_said", "live_ended"]
    assert "小结：周一去看" in said[-1].content["text"]
    assert len(waiting_items) == 3
    assert {"conversation_taken", "conversation_handed_back"} <= set(audited)
    # The ticket's record has what was agreed.
    assert "周一去看" in (await signed_in.get("/tickets/FQ20261123-0001")).text


async def test_the_ticket_page_leads_to_the_conversation(signed_in: Browser, waiting: int) -> None:
    page = await signed_in.get("/tickets/FQ20261123-0001")

    assert f"/desk/conversations/{waiting}" in page.text
    assert "在等人工" in page.text


@pytest.mark.parametrize("act", ["take", "say", "hand-back", "typing"])
async def test_another_units_conversation_is_closed(
    browser: Browser, parts: Services, waiting: int, act: str
) -> None:
    await add_officer(parts, "he", department="squad_yuping")
    await browser.sign_in("he")
    assert (await browser.get(f"/conversations/{waiting}")).status == 404
    await browser.get("/conversations")

    page = await browser.post(f"/conversations/{waiting}/{act}", text="您好", summary="好")

    assert page.status == 404
    assert (await _conversation(parts)).mode is Mode.ASSISTANT


@pytest.mark.parametrize("act", ["take", "say", "hand-back", "typing"])
async def test_a_forged_form_changes_nothing(
    signed_in: Browser, parts: Services, waiting: int, act: str
) -> None:
    await signed_in.get(f"/conversations/{waiting}")

    page = await signed_in.post(
        f"/conversations/{waiting}/{act}", text="您好", summary="好", csrf_token="forged"
    )

    assert page.status == 403
    assert (await _conversation(parts)).mode is Mode.ASSISTANT


async def test_an_auditor_does_not_talk(browser: Browser, parts: Services, waiting: int) -> None:
    await add_officer(parts, "sun", role=Role.AUDITOR, department=None)
    await browser.sign_in("sun")

    assert (await browser.get("/conversations")).status == 403


async def test_what_was_typed_survives_a_talk_that_ended_elsewhere(
    signed_in: Browser, parts: Services, waiting: int
) -> None:
    await signed_in.get(f"/conversations/{waiting}")
    await signed_in.post(f"/conversations/{waiting}/take")
    async with parts.database.transaction() as session:
        await parts.bound(LiveDesk, session, NOW).leave(waiting)

    page = await signed_in.post(f"/conversations/{waiting}/say", text="写了很久的话")

    assert page.status == 409
    assert "这次对话现在不归您" in page.text
    assert "写了很久的话" in page.text


async def test_too_much_is_refused_and_kept(signed_in: Browser, waiting: int) -> None:
    await signed_in.get(f"/conversations/{waiting}")
    await signed_in.post(f"/conversations/{waiting}/take")

    page = await signed_in.post(f"/conversations/{waiting}/say", text="长" * 2001)

    assert page.status == 413
    assert "长" * 2000 in page.text


async def test_supervisors_see_what_goes_on_with_the_assistant(
    browser: Browser, parts: Services, waiting: int
) -> None:
    await add_officer(parts, "zhou", role=Role.SUPERVISOR, department=None)
    await browser.sign_in("zhou")
    async with parts.database.transaction() as session:
        other = await make_conversation(session, address="other")
        await receive(session, other, "1", {"text": "养狗要登记吗"}, NOW)

    page = await browser.get("/conversations")

    assert "助手正在回答" in page.text
    assert "养狗要登记吗" in page.text


async def test_both_sides_see_that_the_other_types(
    signed_in: Browser, pages: ShownPages, waiting: int, client: TestClient[web.Request, web.Application]
) -> None:
    await signed_in.get(f"/conversations/{waiting}")
    await signed_in.post(f"/conversations/{waiting}/take")
    token = signed_in.page.hidden["csrf_token"]
    board: TypingBoard = client.server.app[TYPING]
    await board.typed(waiting)

    answer = await client.post(f"/desk/conversations/{waiting}/typing", data={"csrf_token": token})
    async with client.get(f"/desk/conversations/{waiting}/events") as stream, asyncio.timeout(5):
        while await stream.content.readline() != b"event: typing\n":
            pass
        told = await stream.content.readline()

    assert answer.status == 204
    assert ("typing", "officer") in pages.shown
    assert any(kind == "read" for kind, _ in pages.shown)
    assert told == b"data: true\n"


async def test_an_open_conversation_hears_what_is_said(
    signed_in: Browser, officer: Officer, parts: Services, waiting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.desk.views.conversations.LOOK_EVERY_SECONDS", 0.05)
    async with signed_in.client.get(f"/desk/conversations/{waiting}/events") as stream:
        async with asyncio.timeout(5):
            while b"typing" not in await stream.content.readline():
                pass
        async with parts.database.transaction() as session:
            conversation = await make_conversation(session)
            await receive(session, conversation, "2", {"text": "在吗"}, NOW)

        async with asyncio.timeout(5):
            while b"news" not in await stream.content.readline():
                pass


async def test_every_page_hears_how_many_wait(
    signed_in: Browser, waiting: int, client: TestClient[web.Request, web.Application]
) -> None:
    for app in client.server.app._subapps:
        app[watch.WATCH]._every_seconds = 0.05
    async with signed_in.client.get("/desk/events") as stream, asyncio.timeout(5):
        while not (line := await stream.content.readline()).startswith(b"data:"):
            pass

    assert line == b'data: {"count": 1, "is_late": false}\n'


@pytest.fixture
async def without_ticket(browser: Browser, parts: Services) -> str:
    """Somebody asks the assistant; "zhou", who sees all, takes over. Returns the page's address."""
    await add_officer(parts, "zhou", role=Role.SUPERVISOR, department=None)
    await browser.sign_in("zhou")
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session)
        await receive(session, conversation, "1", {"text": "占道被抓会怎样"}, NOW)
    here = f"/conversations/{conversation.id}"
    await browser.get(here)
    await browser.post(f"{here}/take")
    return here


async def test_a_legal_answer_in_a_talk_without_a_ticket_goes_to_review(
    browser: Browser, parts: Services, without_ticket: str
) -> None:
    refused = await browser.post(f"{without_ticket}/say", text="要罚 款二百元")

    page = await browser.post(f"{without_ticket}/review", text="要罚款二百元")
    again = await browser.post(f"{without_ticket}/review", text="要罚款二百元")

    assert refused.status == 409
    assert f'formaction="/desk{without_ticket}/review"' in refused.text
    assert "要罚 款二百元</textarea>" in refused.text
    assert "已送法制审核" in page.text
    assert again.status == 409
    async with parts.database.reading() as session:
        ticket = (await session.scalars(select(Ticket))).one()
        draft = (await session.scalars(select(AnswerDraft))).one()
        told = [one.content for one in await session.scalars(select(Message).order_by(Message.id))]
    assert (ticket.kind, ticket.department, ticket.summary) == ("consultation", "legal", "占道被抓会怎样")
    assert (draft.ticket_id, draft.text, draft.state) == (ticket.id, "要罚款二百元", "pending")
    assert [content.get("key") for content in told] == [None, "live_begun", "live_filed"]
    assert ticket.ticket_no in told[-1]["text"]
    assert "查询码" in told[-1]["text"]
    # The code is the citizen's proof, and not the officers' to read.
    assert told[-1]["text"].partition("查询码：")[2][:4] not in page.text


async def test_a_summary_that_is_an_answer_can_be_handed_in(
    signed_in: Browser, waiting: int, parts: Services
) -> None:
    async with parts.database.transaction() as session:
        ticket = (await session.scalars(select(Ticket))).one()
        ticket.kind, ticket.categories = TicketKind.CONSULTATION, ["illegal_construction"]
    await signed_in.post(f"/conversations/{waiting}/take", ticket_no=ticket.ticket_no)

    refused = await signed_in.post(f"/conversations/{waiting}/hand-back", summary="可以盖三层", resolve="1")

    assert refused.status == 409
    assert "先经法制审核" in refused.text
    assert f"/conversations/{waiting}/review" in refused.text
    assert refused.text.count("可以盖三层") == 2
    asked = await signed_in.post(f"/conversations/{waiting}/say", text="您好，房子在哪个镇？")
    assert asked.status == 200


async def test_plain_words_in_a_talk_without_a_ticket_need_no_review(
    browser: Browser, parts: Services, without_ticket: str
) -> None:
    page = await browser.post(f"{without_ticket}/say", text="您在哪个路口？")
    summary = await browser.post(f"{without_ticket}/hand-back", summary="告知可申请行政复议")

    assert "您在哪个路口？" in page.text
    assert (summary.status, "法制审核" in summary.text) == (409, True)
    assert (await _conversation(parts)).mode is Mode.OFFICER


async def test_telegram_shows_that_the_officer_types(
    signed_in: Browser, parts: Services, client: TestClient[web.Request, web.Application]
) -> None:
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, channel="telegram", address="77")
        await make_ticket(session, conversation_id=conversation.id)
    here = f"/conversations/{conversation.id}"
    await signed_in.get(here)
    page = await signed_in.post(f"{here}/take")
    token = signed_in.page.hidden["csrf_token"]

    await client.post(f"/desk{here}/typing", data={"csrf_token": token})

    telegram: ShownPages = client.server.app[TELEGRAM]
    assert telegram.shown == [("typing", "officer")]
    assert "Telegram不显示“已读”" in page.text
