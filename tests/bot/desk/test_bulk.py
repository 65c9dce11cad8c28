from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from bot.services import Services
from tests.bot.desk.browsing import Browser, Outbox, add_officer
from tests.factories import make_ticket
from tickets.models import Entry, EntryKind, Officer, Role, Ticket
from tickets.values import Place
from tickets.workflow import Status


async def _file(parts: Services, count: int = 3, **changes: object) -> list[str]:
    async with parts.database.transaction() as session:
        return [(await make_ticket(session, Status.ASSIGNED, **changes)).ticket_no for _ in range(count)]


async def _owners(parts: Services) -> list[int | None]:
    async with parts.database.reading() as session:
        return list(await session.scalars(select(Ticket.officer_id).order_by(Ticket.id)))


def _chosen(numbers: list[str]) -> dict[str, str]:
    return {f"ticket-{number}": number for number in numbers}


async def test_several_tickets_are_taken_at_once(
    signed_in: Browser, officer: Officer, parts: Services, outbox: Outbox
) -> None:
    numbers = await _file(parts)
    await signed_in.get("/?view=unassigned")

    page = await signed_in.post("/bulk", act="take", query="view=unassigned", **_chosen(numbers[:2]))

    assert "已办理2张" in page.text
    assert await _owners(parts) == [officer.id, officer.id, None]
    # The same queue is shown again, without what was taken.
    assert '<h1 id="list-title">未分配' in page.text
    assert f"/tickets/{numbers[0]}" not in page.text
    assert outbox.woken == 1


async def test_several_tickets_are_given_to_a_colleague(signed_in: Browser, parts: Services) -> None:
    colleague = await add_officer(parts, "wu", display_name="吴敏")
    numbers = await _file(parts)
    await signed_in.get("/")

    page = await signed_in.post("/bulk", act="assign", officer_id=str(colleague.id), **_chosen(numbers))

    assert "已办理3张" in page.text
    assert await _owners(parts) == [colleague.id] * 3


async def test_a_note_goes_onto_each(signed_in: Browser, parts: Services) -> None:
    numbers = await _file(parts)
    await signed_in.get("/")

    await signed_in.post("/bulk", act="note", note="台风过后一起查", **_chosen(numbers))

    async with parts.database.reading() as session:
        notes = await session.scalar(select(func.count()).where(Entry.kind == EntryKind.NOTE))
    assert notes == 3


async def test_what_cannot_be_done_to_one_does_not_undo_the_others(
    signed_in: Browser, officer: Officer, parts: Services
) -> None:
    numbers = await _file(parts, 1)
    (foreign,) = await _file(parts, 1, place=Place("玉屏街道一拂路"))
    await signed_in.get("/")

    page = await signed_in.post("/bulk", act="take", **_chosen([*numbers, foreign]))

    assert "已办理1张" in page.text
    assert f"1张没有办成。{foreign}：没有这张工单" in page.text
    assert await _owners(parts) == [officer.id, None]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"act": "take"}, "还没有选工单"),
        ({"act": "note", "ticket-FQ20261123-0001": "x"}, "还没有写内容"),
        ({"act": "assign", "ticket-FQ20261123-0001": "x"}, "请选转给谁"),
        ({"act": "close", "ticket-FQ20261123-0001": "x"}, "请选一个操作"),
        # A unit officer can't move a ticket to another unit.
        ({"act": "assign", "department": "squad_yuping", "ticket-FQ20261123-0001": "x"}, "请选转给谁"),
    ],
)
async def test_a_form_that_asks_for_nothing_changes_nothing(
    signed_in: Browser, parts: Services, fields: dict[str, str], words: str
) -> None:
    await _file(parts, 1)
    await signed_in.get("/")

    page = await signed_in.post("/bulk", **fields)

    assert page.status == 409
    assert words in page.text
    assert await _owners(parts) == [None]


async def test_bulk_acts_need_the_token_and_the_permission(
    browser: Browser, signed_in: Browser, second_browser: Browser, parts: Services
) -> None:
    numbers = await _file(parts, 1)
    await signed_in.get("/")
    forged = await signed_in.post("/bulk", act="take", csrf_token="forged", **_chosen(numbers))
    await add_officer(parts, "sun", role=Role.AUDITOR, department=None)
    await second_browser.sign_in("sun")
    page = await second_browser.get("/")
    refused = await second_browser.post("/bulk", act="take", **_chosen(numbers))

    assert (forged.status, refused.status) == (403, 403)
    assert 'type="checkbox" class="choose"' not in page.text
    assert await _owners(parts) == [None]


async def test_a_view_is_saved_counted_used_and_dropped(signed_in: Browser, parts: Services) -> None:
    await _file(parts, 2)
    await _file(parts, 1, category="dog", summary="两条大狼狗")
    await signed_in.get("/?view=unit&category=dog")

    page = await signed_in.post("/views", name="龙田的狗", query="view=unit&category=dog&page=3")

    assert "视图已保存" in page.text
    link = re.search(
        r'<a href="(/desk/\?[^"]+)"><span>龙田的狗</span><span class="count">1</span>', page.text
    )
    assert link is not None
    listed = await signed_in.get(link[1].removeprefix("/desk").replace("&amp;", "&"))
    assert listed.text.count('class="row-title"') == 1
    view_id = re.search(r'name="view_id" value="(\d+)"', listed.text)
    assert view_id is not None
    page = await signed_in.post("/views/drop", view_id=view_id[1])
    assert "龙田的狗" not in page.text


async def test_saved_views_are_ones_own_and_few(
    signed_in: Browser, second_browser: Browser, parts: Services
) -> None:
    await signed_in.get("/")
    for number in range(12):
        await signed_in.post("/views", name=f"视图{number}", query="view=open")
    full = await signed_in.post("/views", name="再来一个", query="view=open")
    again = await signed_in.post("/views", name="视图0", query="view=mine")
    nameless = await signed_in.post("/views", name=" ", query="view=mine")
    await add_officer(parts, "wu", display_name="吴敏")
    other = await second_browser.sign_in("wu")

    assert (full.status, again.status, nameless.status) == (409, 200, 409)
    assert "最多保存12个视图" in full.text
    assert "视图0" not in other.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=assigned", 2),
        ("status=accepted", 0),
        ("status=nonsense", 3),
        ("kind=suggestion", 1),
        ("urgent=1", 1),
        ("supervised=1", 0),
        ("department=squad_yuping", 0),
    ],
)
async def test_more_filters_narrow_the_queue(
    signed_in: Browser, parts: Services, query: str, expected: int
) -> None:
    await _file(parts, 2)
    async with parts.database.transaction() as session:
        await make_ticket(session, kind="suggestion", priority="urgent")

    page = await signed_in.get(f"/?view=open&{query}")

    assert page.text.count('class="row-title"') == expected
