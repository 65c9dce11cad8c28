"""Photos and files that officers send with a reply and in a talk."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select

from bot.services import Services
from tests.bot.desk.browsing import Browser, add_officer
from tests.bot.desk.test_handling import TICKET, _photo
from tests.factories import NOW, make_conversation, make_ticket
from tests.tickets.test_enclosures import PDF
from tickets.conversations import receive
from tickets.files import expire_files, read_file
from tickets.live import LiveDesk
from tickets.models import Entry, EntryKind, MadeFile, Message, Officer, OutboxItem, Sender
from tickets.verification import verify
from tickets.workflow import Status, TicketKind

SHA256 = hashlib.sha256(PDF).hexdigest()
FILES = {"现场.jpg": _photo(), "告知书.pdf": PDF}


@pytest.fixture
async def at_ticket(signed_in: Browser, parts: Services) -> Browser:
    """ "lin" looks at a ticket that was filed on the web."""
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session)
        await make_ticket(session, Status.IN_PROGRESS, conversation_id=conversation.id)
    await signed_in.get(f"/tickets/{TICKET}")
    return signed_in


async def _sent(parts: Services) -> list[dict[str, object]]:
    async with parts.database.reading() as session:
        rows = await session.scalars(
            select(Message)
            .join(OutboxItem, OutboxItem.message_id == Message.id)
            .where(Message.sender == Sender.OFFICER)
            .order_by(Message.id)
        )
        return [message.content for message in rows]


async def test_photos_and_files_go_out_after_the_words(at_ticket: Browser, parts: Services) -> None:
    page = await at_ticket.post_files(f"/tickets/{TICKET}/reply", FILES, text="请看附件", action="send")

    words, photo, file = await _sent(parts)
    assert "回复已发出" in page.text
    assert [one["kind"] for one in (words, photo, file)] == ["progress", "photo", "file"]
    assert parts.photos.read(str(photo["photo"])).startswith(b"\xff\xd8")
    assert f'/tickets/{TICKET}/photos/{photo["photo"]}"' in page.text
    assert f'/tickets/{TICKET}/files/{SHA256}" download>告知书.pdf' in page.text
    async with parts.database.transaction() as session:
        entry = (await session.scalars(select(Entry).where(Entry.kind == EntryKind.REPLY))).one()
        assert [one["sha256"] for one in entry.data["files"]] == [SHA256]
        assert await verify(session) == []
        # Kept as long as the conversation, not thirty days only.
        assert await expire_files(session, NOW.replace(year=2027)) == 0
        kept = await read_file(session, parts.vault, "web", "visitor-1", SHA256)
    assert kept is not None
    assert (kept.name, kept.content) == ("告知书.pdf", PDF)


async def test_an_officer_opens_the_file_and_another_unit_does_not(
    at_ticket: Browser, second_browser: Browser, parts: Services
) -> None:
    await at_ticket.post_files(f"/tickets/{TICKET}/reply", {"a.pdf": PDF}, text="请看附件", action="send")
    await add_officer(parts, "wu", department="squad_haikou")
    await second_browser.sign_in("wu")

    opened = await at_ticket.client.get(f"/desk/tickets/{TICKET}/files/{SHA256}")
    refused = await second_browser.get(f"/tickets/{TICKET}/files/{SHA256}")

    assert (opened.status, await opened.read()) == (200, PDF)
    assert opened.headers["Content-Disposition"].startswith("attachment")
    assert refused.status == 403


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"告知书.pdf": b"MZ program"}, "不是照片"),
        ({"a.docx": b"PK\x03\x04 broken"}, "只能发照片、PDF"),
        ({"a.pdf": PDF.replace(b"/Catalog", b"/Catalog /Launch")}, "带宏、脚本"),
        ({"a.pdf": PDF + bytes(11 * 1024 * 1024)}, "不能超过5MB"),
        ({f"{number}.pdf": PDF for number in range(4)}, "一次最多发"),
    ],
)
async def test_a_bad_file_is_refused_and_nothing_is_sent(
    at_ticket: Browser, parts: Services, files: dict[str, bytes], words: str
) -> None:
    page = await at_ticket.post_files(f"/tickets/{TICKET}/reply", files, text="请看附件", action="send")

    assert page.status == 409
    assert words in page.text
    assert "请看附件</textarea>" in page.text
    assert await _sent(parts) == []


async def test_a_ticket_without_a_conversation_says_that_nobody_would_get_it(
    signed_in: Browser, parts: Services
) -> None:
    async with parts.database.transaction() as session:
        await make_ticket(session, Status.IN_PROGRESS)
    await signed_in.get(f"/tickets/{TICKET}")

    page = await signed_in.post_files(f"/tickets/{TICKET}/reply", FILES, text="请看附件", action="send")

    assert page.status == 409
    assert "没有可送达的会话" in page.text
    async with parts.database.reading() as session:
        assert (await session.scalars(select(Entry).where(Entry.kind == EntryKind.REPLY))).all() == []


async def test_an_answer_that_closes_takes_the_file_along(at_ticket: Browser, parts: Services) -> None:
    page = await at_ticket.post_files(f"/tickets/{TICKET}/reply", FILES, text="办好了", action="resolve")

    assert "已办结" in page.text
    assert [one["key"] for one in await _sent(parts)] == ["notice_reply_file"]
    async with parts.database.reading() as session:
        told = await session.scalars(select(Message.content).order_by(Message.id))
    keys = [content["key"] for content in told if "key" in content]
    assert keys == ["notice_after_photo", "notice_reply_file", "notice_status_resolved"]


async def test_an_answer_to_be_reviewed_takes_nothing_along(signed_in: Browser, parts: Services) -> None:
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session)
        ticket = await make_ticket(
            session, Status.IN_PROGRESS, kind=TicketKind.CONSULTATION, conversation_id=conversation.id
        )
        ticket_no, officer = ticket.ticket_no, (await session.scalars(select(Officer))).one()
        officer.department = "legal"
    await signed_in.get(f"/tickets/{ticket_no}")

    page = await signed_in.post_files(
        f"/tickets/{ticket_no}/reply", {"a.pdf": PDF}, text="会被罚款", action="send"
    )

    assert (page.status, "先送文字" in page.text) == (409, True)
    async with parts.database.reading() as session:
        assert (await session.scalars(select(MadeFile))).all() == []


async def test_photos_and_files_go_out_in_a_talk(signed_in: Browser, parts: Services) -> None:
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session)
        await receive(session, conversation, "1", {"text": "有人吗"}, NOW)
        filed = await make_ticket(session, conversation_id=conversation.id)
        await parts.bound(LiveDesk, session, NOW).ask(conversation.id, filed.ticket_no)
    here = f"/conversations/{conversation.id}"
    await signed_in.get(here)
    await signed_in.post(f"{here}/take", ticket_no=filed.ticket_no)

    page = await signed_in.post_files(f"{here}/say", FILES, text="")
    opened = await signed_in.client.get(f"/desk{here}/files/{SHA256}")
    refused = await signed_in.post_files(f"{here}/say", {"a.pdf": b"PK\x03\x04"}, text="看这个")

    assert [one["key"] for one in await _sent(parts)] == ["live_photo", "live_file"]
    assert f"{here}/photos/" in page.text
    assert await opened.read() == PDF
    assert (refused.status, "看这个</textarea>" in refused.text) == (409, True)
