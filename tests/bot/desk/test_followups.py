"""The list of people to call back, at the desk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.services import Services
from tests.bot.desk.browsing import Browser, Clock, add_officer
from tests.factories import NOW, make_conversation, make_ticket
from tickets.aftercare import Aftercare
from tickets.models import Role, Ticket
from tickets.workflow import Status

TICKET = "FQ20261123-0001"


@pytest.fixture
async def supervisor(browser: Browser, parts: Services, clock: Clock) -> Browser:
    """Signed in, with somebody on the list: not solved, for the second time."""
    await add_officer(parts, "chen", role=Role.SUPERVISOR, department=None)
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session)
        await make_ticket(session, Status.RESOLVED, conversation_id=conversation.id)
        ticket = (await session.scalars(select(Ticket))).one()
        ticket.reopened_count = 1
        await parts.bound(Aftercare, session, NOW).rate(
            TICKET, conversation_id=conversation.id, score=1, is_solved=False, reason="只清了一半"
        )
    clock.now = NOW + timedelta(hours=1)
    await browser.sign_in("chen")
    return browser


async def test_the_list_says_whom_to_call_and_why(supervisor: Browser) -> None:
    page = await supervisor.get("/followups")

    assert TICKET in page.text
    assert "只清了一半" in page.text
    assert "说没有解决" in page.text


@pytest.mark.parametrize(
    ("outcome", "words", "status"),
    [
        ("solved", "诉求人说解决了", Status.RESOLVED),
        ("unsolved", "已退回承办单位重新办理", Status.ASSIGNED),
        ("unreached", "明天会再出现", Status.RESOLVED),
    ],
)
async def test_what_came_of_a_call_is_recorded(
    supervisor: Browser, parts: Services, outcome: str, words: str, status: Status
) -> None:
    await supervisor.get("/followups")
    page = await supervisor.post(f"/followups/{TICKET}", note="电话里说的", outcome=outcome)

    assert words in page.text
    assert "没有等待回访的诉求人" in page.text
    async with parts.database.reading() as session:
        assert (await session.scalars(select(Ticket.status))).one() is status


@pytest.mark.parametrize("fields", [{"note": "写了很久", "outcome": ""}, {"note": " ", "outcome": "solved"}])
async def test_half_a_record_is_refused_and_kept(supervisor: Browser, fields: dict[str, str]) -> None:
    await supervisor.get("/followups")
    page = await supervisor.post(f"/followups/{TICKET}", **fields)

    assert page.status == 409
    assert f'value="{fields["note"].strip()}"' in page.text
    assert TICKET in page.text


async def test_units_do_not_call_about_their_own_work(signed_in: Browser) -> None:
    assert (await signed_in.get("/followups")).status == 403
