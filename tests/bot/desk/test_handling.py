from __future__ import annotations

import asyncio
import io

import pytest
from PIL import Image
from sqlalchemy import func, select

from bot.services import Services
from tests.bot.desk.browsing import Browser, Outbox, add_officer
from tests.factories import NOW, make_conversation, make_ticket
from tickets.models import Entry, EntryKind, Message, Officer, OutboxItem, Role, Sender, Ticket
from tickets.workflow import Status

TICKET = "FQ20261123-0001"


@pytest.fixture
async def ticket(parts: Services) -> str:
    """Somebody in 龙田 reported dumping on the web; the squad works on it."""
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, now=NOW)
        filed = await make_ticket(session, Status.IN_PROGRESS, conversation_id=conversation.id)
    return filed.ticket_no


@pytest.fixture
async def at_ticket(signed_in: Browser, ticket: str) -> Browser:
    """ "lin" looks at the ticket."""
    assert (await signed_in.get(f"/tickets/{ticket}")).status == 200
    return signed_in


def _photo(colour: str = "green") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(out, "JPEG")
    return out.getvalue()


async def _stored(parts: Services, ticket_no: str = TICKET) -> Ticket:
    async with parts.database.reading() as session:
        return (await session.scalars(select(Ticket).where(Ticket.ticket_no == ticket_no))).one()


async def _count(parts: Services, kind: EntryKind) -> int:
    async with parts.database.reading() as session:
        return await session.scalar(select(func.count()).where(Entry.kind == kind)) or 0


async def test_a_reply_reaches_the_outbox_and_goes_out_at_once(
    at_ticket: Browser, parts: Services, outbox: Outbox
) -> None:
    page = await at_ticket.post(f"/tickets/{TICKET}/reply", text="已经派人清理。", action="send")

    assert page.path == f"/desk/tickets/{TICKET}?done=reply"
    assert "回复已发出" in page.text
    assert "已经派人清理。" in page.text
    assert outbox.woken == 1
    async with parts.database.reading() as session:
        query = select(Message).join(OutboxItem, OutboxItem.message_id == Message.id)
        sent = (await session.scalars(query.where(Message.sender == Sender.OFFICER))).one()
    assert "已经派人清理。" in sent.content["text"]


async def test_a_preview_shows_what_the_citizen_will_read_and_sends_nothing(
    at_ticket: Browser, parts: Services, outbox: Outbox
) -> None:
    page = await at_ticket.post(f"/tickets/{TICKET}/reply", text="明天清理", action="preview")

    assert page.status == 200
    assert "诉求人在网页将看到" in page.text
    assert f"龙田中队回复您（工单{TICKET}）" in page.text
    assert (await _count(parts, EntryKind.REPLY), outbox.woken) == (0, 0)


async def test_two_replies_at_once_do_not_overwrite_each_other(
    at_ticket: Browser, second_browser: Browser, parts: Services
) -> None:
    await add_officer(parts, "wu", display_name="吴敏")
    await second_browser.sign_in("wu")
    await second_browser.get(f"/tickets/{TICKET}")

    pages = await asyncio.gather(
        at_ticket.post(f"/tickets/{TICKET}/reply", text="林：今天清理", action="send"),
        second_browser.post(f"/tickets/{TICKET}/reply", text="吴：明天清理", action="send"),
    )

    refused = next(page for page in pages if page.status == 409)
    loser = at_ticket if refused is pages[0] else second_browser
    typed = "林：今天清理" if loser is at_ticket else "吴：明天清理"
    assert sorted(page.status for page in pages) == [200, 409]
    assert "刚才有同事动过这张工单" in refused.text
    assert f">{typed}</textarea>" in refused.text
    assert await _count(parts, EntryKind.REPLY) == 1
    again = await loser.post(f"/tickets/{TICKET}/reply", text=typed, action="send")
    assert again.status == 200
    assert await _count(parts, EntryKind.REPLY) == 2


async def test_a_reply_of_five_megabytes_is_refused_and_its_beginning_kept(
    at_ticket: Browser, parts: Services
) -> None:
    page = await at_ticket.post_large(
        f"/tickets/{TICKET}/reply", text="开头" + "长" * 1_700_000, action="send"
    )

    assert page.status == 413
    assert "内容太长，没有发出" in page.text
    assert ">开头长长长" in page.text
    assert await _count(parts, EntryKind.REPLY) == 0


async def test_a_body_beyond_all_measure_is_cut_off(at_ticket: Browser) -> None:
    page = await at_ticket.post_large(
        f"/tickets/{TICKET}/reply", text="x" * (33 * 1024 * 1024), action="send"
    )

    assert page.status == 413
    assert "提交的内容太大" in page.text


@pytest.mark.parametrize("text", ["", "  \n "])
async def test_an_empty_reply_or_note_is_refused(at_ticket: Browser, text: str) -> None:
    assert (await at_ticket.post(f"/tickets/{TICKET}/reply", text=text)).status == 409
    assert (await at_ticket.post(f"/tickets/{TICKET}/note", text=text)).status == 409


@pytest.mark.parametrize("token", ["", "forged", "长"])
@pytest.mark.parametrize("act", ["reply", "note", "status", "assign", "take"])
async def test_a_change_without_the_right_token_is_refused(
    at_ticket: Browser, parts: Services, act: str, token: str
) -> None:
    before = await _stored(parts)

    page = await at_ticket.post(
        f"/tickets/{TICKET}/{act}", text="您好", status="resolved", note="好了", csrf_token=token
    )

    assert page.status == 403
    assert "页面已失效" in page.text
    after = await _stored(parts)
    assert (after.version, after.entry_count) == (before.version, before.entry_count)


async def test_a_body_that_is_no_form_is_refused(at_ticket: Browser) -> None:
    response = await at_ticket.client.post(f"/desk/tickets/{TICKET}/reply", json={"text": "x"})

    assert response.status == 415


async def test_a_note_stays_inside(at_ticket: Browser, parts: Services) -> None:
    page = await at_ticket.post(f"/tickets/{TICKET}/note", text="业主姓名待核")

    assert "备注已保存" in page.text
    assert "业主姓名待核" in page.text
    async with parts.database.reading() as session:
        messages = (await session.scalars(select(Message))).all()
    assert not any("业主姓名待核" in str(message.content) for message in messages)


async def test_a_note_that_is_too_long_is_kept(at_ticket: Browser) -> None:
    page = await at_ticket.post(f"/tickets/{TICKET}/note", text="记" * 2001)

    assert page.status == 413
    assert "记" * 2000 in page.text


async def test_resolving_tells_the_citizen_why(at_ticket: Browser, parts: Services, outbox: Outbox) -> None:
    page = await at_ticket.post_photos(
        f"/tickets/{TICKET}/status", [_photo()], status="resolved", note="垃圾已清走"
    )

    assert "已办理" in page.text
    assert "处理后的照片" in page.text
    assert (await _stored(parts)).status is Status.RESOLVED
    assert outbox.woken == 1
    async with parts.database.reading() as session:
        sent = await session.scalars(select(Message.content).where(Message.sender == Sender.ASSISTANT))
        photo, words = sent.all()[-2:]
    assert parts.photos.has(photo["photo"])
    assert "垃圾已清走" in words["text"]


async def test_a_street_matter_is_not_resolved_without_a_photo(at_ticket: Browser, parts: Services) -> None:
    page = await at_ticket.post(f"/tickets/{TICKET}/status", status="resolved", note="垃圾已清走")

    assert page.status == 409
    assert "办结这类工单要有处理后的照片" in page.text
    assert "垃圾已清走</textarea>" in page.text
    assert (await _stored(parts)).status is Status.IN_PROGRESS


async def test_photos_are_kept_when_the_move_is_refused_and_need_not_be_sent_again(
    at_ticket: Browser, parts: Services
) -> None:
    refused = await at_ticket.post_photos(f"/tickets/{TICKET}/status", [_photo()], status="resolved", note="")
    assert refused.status == 409
    assert "已有1张" in refused.text

    await at_ticket.post(f"/tickets/{TICKET}/status", status="resolved", note="垃圾已清走")

    assert (await _stored(parts)).status is Status.RESOLVED


async def test_photos_can_be_kept_before_anything_is_decided(at_ticket: Browser, parts: Services) -> None:
    page = await at_ticket.post_photos(
        f"/tickets/{TICKET}/status", [_photo("red"), _photo("blue")], status="photos"
    )
    nothing = await at_ticket.post(f"/tickets/{TICKET}/status", status="photos")

    assert "照片已保存" in page.text
    assert page.text.count("data-photo><img") == 4
    assert (nothing.status, "还没有选照片" in nothing.text) == (409, True)
    assert (await _stored(parts)).status is Status.IN_PROGRESS


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        (b"GIF89a<script>", "已损坏"),
        (b"%PDF-1.7", "不是照片"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (bytes(10 * 1024 * 1024 + 1), "不能超过10MB"),
    ],
)
async def test_a_bad_photo_is_refused_and_nothing_is_half_done(
    at_ticket: Browser, parts: Services, photo: bytes, words: str
) -> None:
    page = await at_ticket.post_photos(
        f"/tickets/{TICKET}/status", [photo], status="resolved", note="垃圾已清走"
    )

    assert page.status == 409
    assert words in page.text
    assert "垃圾已清走</textarea>" in page.text
    assert (await _stored(parts)).status is Status.IN_PROGRESS
    assert await _count(parts, EntryKind.NOTE) == 0


async def test_photos_on_another_units_ticket_are_refused(at_ticket: Browser, parts: Services) -> None:
    async with parts.database.transaction() as session:
        other = await make_ticket(session, Status.IN_PROGRESS, category="greening")

    page = await at_ticket.post_photos(f"/tickets/{other.ticket_no}/status", [_photo()], status="photos")

    assert page.status == 403
    assert await _count(parts, EntryKind.NOTE) == 0


async def test_a_move_that_needs_a_note_is_refused_without(at_ticket: Browser, parts: Services) -> None:
    page = await at_ticket.post(f"/tickets/{TICKET}/status", status="resolved", note=" ")

    assert page.status == 409
    assert "要写说明" in page.text
    assert (await _stored(parts)).status is Status.IN_PROGRESS


@pytest.mark.parametrize("status", ["submitted", "closed", "withdrawn", "in_progress", "nonsense", ""])
async def test_a_wrong_move_is_refused_and_the_note_kept(
    at_ticket: Browser, parts: Services, status: str
) -> None:
    page = await at_ticket.post(f"/tickets/{TICKET}/status", status=status, note="写了很久的说明")

    assert page.status in (403, 409)
    assert "写了很久的说明</textarea>" in page.text
    assert (await _stored(parts)).status is Status.IN_PROGRESS


async def test_a_note_for_a_move_that_is_too_long_is_refused(at_ticket: Browser, parts: Services) -> None:
    page = await at_ticket.post(f"/tickets/{TICKET}/status", status="resolved", note="长" * 2001)

    assert page.status == 413
    assert (await _stored(parts)).status is Status.IN_PROGRESS


async def test_only_the_moves_allowed_now_are_offered(at_ticket: Browser) -> None:
    page = at_ticket.page

    assert [status for status in Status if f'name="status" value="{status}"' in page.text] == [
        Status.AWAITING_CITIZEN,
        Status.RESOLVED,
    ]


async def test_taking_a_ticket_makes_it_ones_own(
    at_ticket: Browser, officer: Officer, parts: Services
) -> None:
    page = await at_ticket.post(f"/tickets/{TICKET}/take")

    assert "已接手" in page.text
    assert (await _stored(parts)).officer_id == officer.id
    assert TICKET in (await at_ticket.get("/?view=mine")).text
    assert f"/tickets/{TICKET}/take" not in (await at_ticket.get(f"/tickets/{TICKET}")).text


async def test_an_officer_gives_a_ticket_to_a_colleague_but_not_to_another_unit(
    at_ticket: Browser, parts: Services
) -> None:
    colleague = await add_officer(parts, "wu", display_name="吴敏")

    await at_ticket.post(
        f"/tickets/{TICKET}/assign", officer_id=str(colleague.id), department="squad_yuping", note="请接着办"
    )

    stored = await _stored(parts)
    assert (stored.officer_id, stored.department) == (colleague.id, "squad_longtian")


async def test_an_officer_of_another_unit_can_not_be_given_a_ticket(
    at_ticket: Browser, parts: Services
) -> None:
    stranger = await add_officer(parts, "he", department="squad_yuping")

    page = await at_ticket.post(f"/tickets/{TICKET}/assign", officer_id=str(stranger.id), note="记得看照片")

    assert page.status == 409
    assert 'value="记得看照片"' in page.text
    assert (await _stored(parts)).officer_id is None


async def test_a_unit_head_gives_nothing_away_and_is_shown_how_to_hand_back(
    browser: Browser, ticket: str, parts: Services
) -> None:
    await add_officer(parts, "zheng", role=Role.UNIT_HEAD)
    await browser.sign_in("zheng")
    page = await browser.get(f"/tickets/{ticket}")
    assert 'id="assign-department"' not in page.text

    page = await browser.post(f"/tickets/{ticket}/assign", department="squad_yuping", note="不在我辖区")

    assert page.status == 403
    assert "申请退单" in page.text
    assert (await _stored(parts)).department == "squad_longtian"


async def test_a_supervisor_passes_a_ticket_on_and_corrects_what_it_is_about(
    browser: Browser, ticket: str, parts: Services
) -> None:
    await add_officer(parts, "chen", role=Role.SUPERVISOR, department=None)
    await browser.sign_in("chen")
    page = await browser.get(f"/tickets/{ticket}")
    assert 'id="category"' in page.text

    await browser.post(f"/tickets/{ticket}/assign", department="squad_yuping", note="不在龙田")
    assert (await _stored(parts)).department == "squad_yuping"
    page = await browser.post(f"/tickets/{ticket}/category", category="officer_conduct", reason="说的是队员")

    assert "诉求类别已更正" in page.text
    assert "说的是队员" in page.text
    assert (await _stored(parts)).department == "supervision"


@pytest.mark.parametrize("act", ["reply", "note", "status", "assign", "take"])
async def test_another_units_ticket_can_not_be_changed(
    browser: Browser, ticket: str, parts: Services, act: str
) -> None:
    await add_officer(parts, "he", department="squad_yuping")
    await browser.sign_in("he")
    await browser.get("/")

    page = await browser.post(
        f"/tickets/{ticket}/{act}", text="您好", action="send", status="resolved", note="好了", officer_id="1"
    )
    preview = await browser.post(f"/tickets/{ticket}/reply", text="您好", action="preview")

    assert (page.status, preview.status) == (403, 403)
    assert "归其他单位办理" in page.text


@pytest.mark.parametrize("act", ["reply", "note", "status", "assign", "take"])
async def test_a_role_that_only_reads_can_not_change_a_ticket(
    browser: Browser, ticket: str, parts: Services, act: str
) -> None:
    await add_officer(parts, "sun", role=Role.AUDITOR, department=None)
    await browser.sign_in("sun")
    page = await browser.get(f"/tickets/{ticket}")
    assert "回复诉求人" not in page.text
    await browser.get("/")

    assert (await browser.post(f"/tickets/{ticket}/{act}", text="您好")).status == 403


async def test_an_unknown_ticket_can_not_be_changed(signed_in: Browser) -> None:
    page = await signed_in.post("/tickets/FQ20200101-0001/reply", text="您好", action="send")

    assert page.status == 404
    assert "没有这张工单" in page.text


async def test_a_reply_can_close_the_ticket_in_one_step(at_ticket: Browser, parts: Services) -> None:
    refused = await at_ticket.post(f"/tickets/{TICKET}/reply", text="垃圾已清走", action="resolve")
    assert "要有处理后的照片" in refused.text
    assert "垃圾已清走</textarea>" in refused.text

    page = await at_ticket.post_photos(
        f"/tickets/{TICKET}/reply", [_photo()], text="垃圾已清走", action="resolve"
    )

    assert "工单已办结" in page.text
    stored = await _stored(parts)
    assert stored.status is Status.RESOLVED
    assert stored.first_replied_at is not None
    async with parts.database.reading() as session:
        told = (await session.scalars(select(Message).order_by(Message.id.desc()).limit(1))).one()
    assert "垃圾已清走" in told.content["text"]


async def test_taking_a_ticket_can_begin_it(signed_in: Browser, officer: Officer, parts: Services) -> None:
    async with parts.database.transaction() as session:
        filed = await make_ticket(session)
    await signed_in.get(f"/tickets/{filed.ticket_no}")

    page = await signed_in.post(f"/tickets/{filed.ticket_no}/take", begin="1")

    stored = await _stored(parts, filed.ticket_no)
    assert "已接手并开始办理" in page.text
    assert (stored.status, stored.officer_id) == (Status.IN_PROGRESS, officer.id)
