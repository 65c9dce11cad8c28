"""Rota, consultations and legal review on the desk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.services import Services
from tests.bot.desk.browsing import Browser, Outbox, add_officer
from tests.factories import NOW, make_conversation, make_ticket
from tickets.casework import find_ticket
from tickets.duty import DutyDesk
from tickets.models import AnswerDraft, DraftState, DutyLeave, HandOver, Message, Officer, Role, Ticket
from tickets.values import Actor
from tickets.workflow import ActorKind

TICKET = "FQ20261123-0001"
ANSWER = "依照《行政处罚法》第三十三条和《民法典》第九千条，可以不予处罚。另见《月球管理条例》。"


@pytest.fixture
async def adviser(parts: Services) -> Officer:
    """ "an", on duty this week."""
    found = await add_officer(parts, "an", display_name="安律师", role=Role.LEGAL_ADVISER, department="legal")
    async with parts.database.transaction() as session:
        actor = Actor(ActorKind.OFFICER, str(found.id), "安律师", role=Role.SUPERVISOR)
        await parts.bound(DutyDesk, session, NOW).plan(NOW.date(), [found.id], actor=actor)
    return found


@pytest.fixture
async def question(parts: Services, adviser: Officer) -> str:
    """A consultation of "an"'s."""
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, now=NOW)
        filed = await make_ticket(
            session,
            kind="consultation",
            category="other",
            summary="第一次占道会罚款吗",
            place=None,
            conversation_id=conversation.id,
        )
    return filed.ticket_no


@pytest.fixture
async def reviewer(second_browser: Browser, parts: Services) -> Browser:
    """ "bai", who reviews."""
    await add_officer(parts, "bai", display_name="白科长", role=Role.LEGAL_REVIEWER, department="legal")
    await second_browser.sign_in("bai")
    return second_browser


async def _told(parts: Services) -> list[str]:
    async with parts.database.reading() as session:
        return [row.content["text"] for row in await session.scalars(select(Message))]


async def _draft(parts: Services) -> AnswerDraft:
    async with parts.database.reading() as session:
        return (await session.scalars(select(AnswerDraft).order_by(AnswerDraft.id.desc()).limit(1))).one()


async def test_an_adviser_passes_a_question_on_to_its_unit(
    browser: Browser, parts: Services, question: str
) -> None:
    await browser.sign_in("an")
    page = await browser.get(f"/tickets/{question}")

    assert 'id="assign-department"' in page.text
    silent = await browser.post(f"/tickets/{question}/assign", department="duty_squad", note="")
    assert silent.status == 409
    await browser.post(f"/tickets/{question}/assign", department="duty_squad", note="问的是巡查时间")

    async with parts.database.reading() as session:
        ticket = await find_ticket(session, question)
    assert (ticket.department, ticket.officer_id) == ("duty_squad", None)
    assert (await browser.get(f"/tickets/{question}")).status == 200


async def test_a_consultation_waits_on_the_page_of_who_is_on_duty(browser: Browser, question: str) -> None:
    await browser.sign_in("an")

    page = await browser.get("/consultations")

    assert "现在由您值班" in page.text
    assert "待答复" in page.text
    assert question in page.text


async def test_a_penalty_goes_to_the_reviewer_and_only_then_to_the_citizen(
    browser: Browser, reviewer: Browser, question: str, parts: Services, outbox: Outbox
) -> None:
    await browser.sign_in("an")
    await browser.get(f"/tickets/{question}")
    sent = await browser.post(f"/tickets/{question}/reply", text=ANSWER, action="send")

    assert "已送法制审核" in sent.text
    assert "撤回修改" in sent.text
    assert (await _told(parts), outbox.woken) == ([], 0)
    assert "等法制审核" in (await browser.get("/consultations")).text
    queue = await reviewer.get("/reviews")
    assert "涉及行政处罚" in queue.text
    shown = await reviewer.get("/reviews/1")
    assert "违法行为轻微并及时改正" in shown.text
    assert "没有找到这一条" in shown.text
    assert "知识库里没有这部法" in shown.text

    done = await reviewer.post("/reviews/1", decision="approve", note="依据准确")

    assert "已通过" in done.text
    assert "没有待审的答复" in done.text
    assert (len(await _told(parts)), outbox.woken) == (1, 1)
    assert "法制审核通过" in (await browser.get(f"/tickets/{question}")).text
    assert "审核结果" in (await reviewer.get("/reviews/1")).text


async def test_a_returned_answer_stands_in_the_form_again(
    browser: Browser, reviewer: Browser, question: str, parts: Services
) -> None:
    await browser.sign_in("an")
    await browser.get(f"/tickets/{question}")
    await browser.post(f"/tickets/{question}/reply", text=ANSWER, action="send")
    await reviewer.get("/reviews/1")
    refused = await reviewer.post("/reviews/1", decision="return", note=" ")
    await reviewer.post("/reviews/1", decision="return", note="条号不对")

    assert (refused.status, "要写说明" in refused.text) == (409, True)
    assert await _told(parts) == []
    assert "退回理由：条号不对" in (await browser.get("/consultations")).text
    page = await browser.get(f"/tickets/{question}")
    assert "法制审核退回（白科长）：条号不对" in page.text
    assert f">{ANSWER}</textarea>" in page.text


async def test_an_adviser_may_ask_for_a_review_of_any_answer_and_take_it_back(
    browser: Browser, question: str, parts: Services
) -> None:
    await browser.sign_in("an")
    await browser.get(f"/tickets/{question}")
    await browser.post(f"/tickets/{question}/reply", text="请到窗口办理", action="review", resolves="1")
    draft = await _draft(parts)
    assert (draft.reasons, draft.resolves) == (["marked"], True)

    await browser.get(f"/tickets/{question}")
    again = await browser.post(f"/tickets/{question}/reply", text="请到窗口办理", action="review")
    await browser.post("/reviews/1/withdraw")

    assert (again.status, "待审" in again.text) == (409, True)
    assert (await _draft(parts)).state is DraftState.WITHDRAWN


async def test_who_wrote_it_can_not_approve_it(
    browser: Browser, administrator: Officer, question: str, parts: Services
) -> None:
    await browser.sign_in("chen")
    await browser.get(f"/tickets/{question}")
    await browser.post(f"/tickets/{question}/reply", text=ANSWER, action="send")

    page = await browser.get("/reviews/1")
    forged = await browser.post("/reviews/1", decision="approve")

    assert "通过并发出" not in page.text
    assert "由另一个人审核" in page.text
    assert (forged.status, "不能自己审核" in forged.text) == (409, True)
    assert await _told(parts) == []


async def test_reviewing_is_the_reviewers_and_unknown_answers_are_not_found(
    browser: Browser, reviewer: Browser, adviser: Officer
) -> None:
    await browser.sign_in("an")

    assert (await browser.get("/reviews")).status == 403
    assert (await reviewer.get("/reviews/77")).status == 404


async def test_a_supervisor_plans_and_the_calendar_shows_it(
    browser: Browser, parts: Services, administrator: Officer
) -> None:
    ids = [
        str((await add_officer(parts, name, display_name=shown, role=Role.LEGAL_ADVISER)).id)
        for name, shown in (("an", "安律师"), ("bai", "白律师"))
    ]
    async with parts.database.transaction() as session:
        await make_ticket(session, kind="consultation", category="other", place=None)
    await browser.sign_in("chen")
    empty = await browser.get("/rota")
    assert "没有法律顾问值班" in empty.text
    assert "已有1件在等" in empty.text

    saved = await browser.post("/rota/plan", starts_on="2026-11-25", person_1=ids[0], person_2=ids[1])

    assert "轮值顺序已保存" in saved.text
    assert saved.text.count('<span class="who">安律师') == 5
    assert "休息" in saved.text
    assert (await browser.get("/rota?week=2026-12-01")).text.count('<span class="who">白律师') == 5
    assert "安排还没有公布" in (await browser.get("/rota?week=2040-05-01")).text
    assert (await browser.get("/rota?week=nonsense")).status == 200
    assert "安排法律顾问轮值" in (await browser.get("/audit")).text


async def test_an_adviser_enters_leave_and_hand_over_for_themselves_only(
    browser: Browser, parts: Services, adviser: Officer, question: str
) -> None:
    other = await add_officer(parts, "bai", display_name="白律师", role=Role.LEGAL_ADVISER)
    own, others = str(adviser.id), str(other.id)
    days = {"first_day": "2026-11-23", "last_day": "2026-11-24"}
    await browser.sign_in("an")
    await browser.get("/rota")

    for form, text in (
        ({"officer_id": others, "reason": "x", **days}, "不能由您来办"),
        (
            {"officer_id": own, "reason": "体检", "first_day": "2026-11-24", "last_day": "2026-11-23"},
            "日期不对",
        ),
        ({"officer_id": own, "reason": "体检", "first_day": "", "last_day": "2026-11-23"}, "日期不对"),
    ):
        refused = await browser.post("/rota/leave", **form)
        assert (refused.status, text in refused.text) == (409, True)
    assert 'value="体检"' in refused.text
    await browser.post("/rota/leave", officer_id=own, reason="体检", **days)
    handed = await browser.post("/rota/hand-over", from_id=own, to_id=others, note="等图纸", **days)

    assert "手上的咨询已转给接手的人" in handed.text
    assert handed.text.count("接手（原为安律师）") == 2
    async with parts.database.reading() as session:
        assert (await session.scalars(select(Ticket.officer_id))).one() == other.id
    for kind in ("leave", "hand-over"):
        await browser.post("/rota/cancel", kind=kind, row_id="1")
    async with parts.database.reading() as session:
        assert (await session.scalars(select(DutyLeave.cancelled_at))).one() == NOW
        assert (await session.scalars(select(HandOver.cancelled_at))).one() == NOW
    assert (await browser.post("/rota/plan", starts_on="2026-11-23", person_1=own)).status == 403


async def test_what_the_citizen_adds_after_submission_is_shown_to_the_reviewer(
    browser: Browser, reviewer: Browser, question: str, parts: Services
) -> None:
    await browser.sign_in("an")
    await browser.get(f"/tickets/{question}")
    await browser.post(f"/tickets/{question}/reply", text=ANSWER, action="send")
    async with parts.database.transaction() as session:
        later = parts.tickets(session, NOW + timedelta(minutes=9))
        await later.add_citizen_message(question, "其实是<b>第二次</b>", conversation_id=1)

    page = await reviewer.get("/reviews/1")

    assert "送审以后诉求人又补充了情况" in page.text
    assert "其实是&lt;b&gt;第二次&lt;/b&gt;" in page.text
