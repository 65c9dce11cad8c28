from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.services import Services
from tests.bot.desk.browsing import Browser, add_officer
from tests.factories import NOW, make_conversation, make_ticket
from tickets.models import Entry, EntryKind, Role, Ticket
from tickets.workflow import Status

TICKET = "FQ20261123-0001"


@pytest.fixture
async def ticket(parts: Services) -> str:
    """Assigned to the squad of 龙田; the citizen left a number."""
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, now=NOW)
        filed = await make_ticket(
            session, Status.ASSIGNED, conversation_id=conversation.id, contact="13800000000"
        )
    return filed.ticket_no


@pytest.fixture
async def supervisor(second_browser: Browser, parts: Services, ticket: str) -> Browser:
    """ "wang" at the queue."""
    await add_officer(parts, "wang", display_name="王督办", role=Role.SUPERVISOR, department=None)
    await second_browser.sign_in("wang")
    return second_browser


async def _stored(parts: Services) -> Ticket:
    async with parts.database.reading() as session:
        return (await session.scalars(select(Ticket))).one()


async def _kinds(parts: Services) -> set[EntryKind]:
    async with parts.database.reading() as session:
        return set(await session.scalars(select(Entry.kind)))


async def test_contact_data_is_opened_with_a_reason_that_stays_on_the_record(
    signed_in: Browser, ticket: str, parts: Services
) -> None:
    assert "13800000000" not in (await signed_in.get(f"/tickets/{ticket}")).text

    refused = await signed_in.post(f"/tickets/{ticket}/contact", reason=" ")
    shown = await signed_in.post(f"/tickets/{ticket}/contact", reason="约定现场查看时间")

    assert (refused.status, "13800000000" in refused.text) == (409, False)
    assert "13800000000" in shown.text
    assert EntryKind.UNSEAL in await _kinds(parts)
    again = await signed_in.get(f"/tickets/{ticket}")
    assert "13800000000" not in again.text
    assert "约定现场查看时间" in again.text


async def test_a_hand_back_waits_for_a_ruling_and_moves_on_after_it(
    signed_in: Browser, supervisor: Browser, ticket: str, parts: Services
) -> None:
    await signed_in.get(f"/tickets/{ticket}")
    assert "为什么不归本单位" in signed_in.page.text
    page = await signed_in.post(f"/tickets/{ticket}/hand-back", reason="属于市政设施")
    assert "等督办人员审定" in page.text
    twice = await signed_in.post(f"/tickets/{ticket}/hand-back", reason="再说一次")
    assert (twice.status, "已经有申请在等审定" in twice.text, "再说一次" in twice.text) == (409, True, True)
    assert (await _stored(parts)).department == "squad_longtian"

    listed = await supervisor.get("/applications")
    assert "属于市政设施" in listed.text
    ruled = await supervisor.post("/applications/1", ruling="approve")

    assert "已同意" in ruled.text
    assert (await _stored(parts)).department != "squad_longtian"
    assert "没有等待审定的申请" in ruled.text


async def test_an_extension_is_refused_with_a_reason(
    signed_in: Browser, supervisor: Browser, ticket: str, parts: Services
) -> None:
    due_at = (await _stored(parts)).due_at
    await signed_in.get(f"/tickets/{ticket}")
    await signed_in.post(f"/tickets/{ticket}/extension", reason="等第三方检测")
    await supervisor.get("/applications")

    silent = await supervisor.post("/applications/1", ruling="refuse")
    ruled = await supervisor.post("/applications/1", ruling="refuse", reason="检测当天就有结果")
    twice = await supervisor.post("/applications/1", ruling="approve")

    assert (silent.status, twice.status) == (409, 409)
    assert "已驳回" in ruled.text
    assert (await _stored(parts)).due_at == due_at
    assert EntryKind.RULING in await _kinds(parts)


async def test_a_supervised_ticket_shows_it(signed_in: Browser, supervisor: Browser, ticket: str) -> None:
    await supervisor.get(f"/tickets/{ticket}")

    page = await supervisor.post(f"/tickets/{ticket}/supervision", reason="三日内到现场")

    assert "已列入督办" in page.text
    unit = (await signed_in.get(f"/tickets/{ticket}")).text
    assert ">督办</span>" in unit
    assert "三日内到现场" in unit


@pytest.mark.parametrize("act", ["contact", "hand-back", "extension"])
async def test_another_units_ticket_stays_closed(
    browser: Browser, ticket: str, parts: Services, act: str
) -> None:
    await add_officer(parts, "he", department="squad_yuping")
    await browser.sign_in("he")
    await browser.get("/")

    page = await browser.post(f"/tickets/{ticket}/{act}", reason="看看")

    assert page.status == 403
    assert "13800000000" not in page.text


@pytest.mark.parametrize("path", ["/applications/1", f"/tickets/{TICKET}/supervision"])
async def test_only_supervisors_rule(signed_in: Browser, ticket: str, path: str) -> None:
    assert (await signed_in.post(path, ruling="approve", reason="x")).status == 403
    assert (await signed_in.get("/applications")).status == 403
