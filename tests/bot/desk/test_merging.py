"""Merging, splitting and the case file at the desk."""

from __future__ import annotations

import asyncio
import io
import zipfile

import pytest
from sqlalchemy import select

from bot.services import Services
from tests.bot.desk.browsing import Browser
from tests.factories import NOW, make_conversation, make_ticket
from tickets.duplicates import Duplicates
from tickets.models import AuditEntry, Message, Ticket
from tickets.values import Place

FIRST, SECOND, OTHER = (f"FQ20261123-000{number}" for number in (1, 2, 3))


@pytest.fixture
async def two_reports(parts: Services) -> None:
    """Two neighbours reported the same heap in 龙田; somebody reported a park of another unit's."""
    async with parts.database.transaction() as session:
        for address in ("one", "two"):
            conversation = await make_conversation(session, address=address)
            await make_ticket(
                session,
                conversation_id=conversation.id,
                summary="东华村村口倒了一车装修垃圾，没人管，电话13800000000",
                place=Place("龙田镇东华村村口"),
            )
        await make_ticket(session, category="greening")


async def stored(parts: Services) -> dict[str, Ticket]:
    async with parts.database.reading() as session:
        return {ticket.ticket_no: ticket for ticket in await session.scalars(select(Ticket))}


async def test_the_like_is_offered_merged_told_and_split_again(
    signed_in: Browser, parts: Services, two_reports: None
) -> None:
    page = await signed_in.get(f"/tickets/{SECOND}")
    assert f"/tickets/{SECOND}/merge" in page.text
    page = await signed_in.get(f"/tickets/{SECOND}/merge")
    assert f'value="{FIRST}"' in page.text
    assert OTHER not in page.text

    page = await signed_in.post(f"/tickets/{SECOND}/merge", target=FIRST)

    assert "已并单" in page.text
    assert "已并入这一张的工单：1张" in page.text
    tickets = await stored(parts)
    assert tickets[SECOND].merged_into_id == tickets[FIRST].id
    async with parts.database.reading() as session:
        told = (await session.scalars(select(Message.content).order_by(Message.id.desc()))).first()
    assert told is not None
    assert FIRST in told["text"]
    page = await signed_in.get(f"/tickets/{SECOND}")
    assert f'已并入 <a href="/desk/tickets/{FIRST}">' in page.text

    page = await signed_in.post(f"/tickets/{SECOND}/split")

    assert "已拆开" in page.text
    assert (await stored(parts))[SECOND].merged_into_id is None


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("FQ20200101-0001", "没有这张工单"),
        (SECOND, "并到它自己"),
        (OTHER, "归其他单位办理"),
        ("", "没有这张工单"),
    ],
)
async def test_what_cannot_be_merged_is_refused_kindly(
    signed_in: Browser, parts: Services, two_reports: None, target: str, words: str
) -> None:
    await signed_in.get(f"/tickets/{SECOND}/merge")
    page = await signed_in.post(f"/tickets/{SECOND}/merge", target=target)

    assert page.status == 409
    assert words in page.text
    assert (await stored(parts))[SECOND].merged_into_id is None


async def test_a_ticket_that_is_not_merged_cannot_be_split(signed_in: Browser, two_reports: None) -> None:
    await signed_in.get(f"/tickets/{SECOND}/merge")

    assert (await signed_in.post(f"/tickets/{SECOND}/split")).status == 409
    assert (await signed_in.get(f"/tickets/{OTHER}/merge")).status == 403


async def test_the_case_file_is_taken_at_the_desk_and_that_is_recorded(
    signed_in: Browser, parts: Services, two_reports: None
) -> None:
    assert "下载卷宗" in (await signed_in.get(f"/tickets/{FIRST}")).text
    response = await signed_in.client.get(f"/desk/tickets/{FIRST}/case-file.zip")
    content = await response.read()
    other = await signed_in.client.get(f"/desk/tickets/{OTHER}/case-file.zip")

    def names() -> list[str]:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()

    assert (response.status, response.content_type) == (200, "application/zip")
    assert f'filename="{FIRST}.zip"' in response.headers["Content-Disposition"]
    assert "SHA256SUMS" in await asyncio.to_thread(names)
    assert other.status == 403
    async with parts.database.reading() as session:
        rows = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "case_file"))).all()
    assert [row.subject for row in rows] == [FIRST]


async def test_a_ticket_names_the_like_its_zone_and_who_follows(
    signed_in: Browser, parts: Services, two_reports: None
) -> None:
    async with parts.database.transaction() as session:
        neighbour = await make_conversation(session, address="three")
        duplicates = parts.bound(Duplicates, session, NOW)
        await duplicates.follow(SECOND, conversation_id=neighbour.id)

    page = await signed_in.get(f"/tickets/{SECOND}")
    similar = await signed_in.get(f"/tickets/{SECOND}/similar")

    assert "1位诉求人在关注进展" in page.text
    assert "龙高片区" in page.text
    assert f'data-load="/desk/tickets/{SECOND}/similar"' in page.text
    assert f"/desk/tickets/{FIRST}" in similar.text
    assert OTHER not in similar.text
    assert (await signed_in.get(f"/tickets/{OTHER}/similar")).status == 403
