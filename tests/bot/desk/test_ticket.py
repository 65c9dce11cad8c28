from __future__ import annotations

import asyncio
import io
from datetime import timedelta

import pytest
from PIL import Image

from bot.config import Settings
from bot.services import Services
from tests.bot.desk.browsing import Browser, add_officer
from tests.factories import NOW, make_conversation, make_service, make_ticket
from tickets.conversations import post, receive
from tickets.models import Officer, Role
from tickets.values import Actor, Place
from tickets.workflow import ActorKind, Status

TICKET = "FQ20261123-0001"


def _photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "green").save(file, "JPEG")
    return file.getvalue()


async def _file(parts: Services, **changes: object) -> str:
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, now=NOW - timedelta(minutes=10))
        filed = await make_ticket(session, conversation_id=conversation.id, **changes)
    return filed.ticket_no


async def test_what_a_citizen_writes_is_never_markup(signed_in: Browser, parts: Services) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'"
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, now=NOW)
        await receive(session, conversation, "1", {"text": evil}, NOW - timedelta(minutes=1))
        filed = await make_ticket(
            session, conversation_id=conversation.id, summary=evil, place=Place(f"龙田镇{evil}"), contact=evil
        )

    ticket = await signed_in.get(f"/tickets/{filed.ticket_no}")
    queue = await signed_in.get("/")

    for page in (ticket, queue):
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text


async def test_the_time_line_shows_each_thing_once_and_in_order(signed_in: Browser, parts: Services) -> None:
    officer = Actor(ActorKind.OFFICER, "1", "林国强", role=Role.OFFICER, department="squad_longtian")
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, now=NOW)
        await receive(session, conversation, "1", {"text": "第一句"}, NOW - timedelta(minutes=2))
        await post(
            session,
            conversation.id,
            {"kind": "text", "text": "第二句"},
            sender="assistant",
            now=NOW - timedelta(minutes=1),
        )
        filed = await make_ticket(session, conversation_id=conversation.id)
        later = make_service(session, now=NOW + timedelta(minutes=1))
        await later.reply(filed.ticket_no, "第三句", actor=officer)
        await receive(session, conversation, "2", {"text": "第四句"}, NOW + timedelta(minutes=2))
        latest = make_service(session, now=NOW + timedelta(minutes=2, seconds=1))
        await latest.add_citizen_message(filed.ticket_no, "第四句", conversation_id=conversation.id)

    text = (await signed_in.get(f"/tickets/{filed.ticket_no}")).text
    line = text[text.index('id="timeline"') : text.index("</ol>")]

    assert [line.count(words) for words in ("第一句", "第二句", "第三句", "第四句")] == [1, 1, 1, 1]
    assert sorted(["第四句", "第三句", "第二句", "第一句"], key=line.index) == [
        "第一句",
        "第二句",
        "第三句",
        "第四句",
    ]
    assert "等待送达" in line


async def test_a_ticket_that_does_not_exist_is_not_found(signed_in: Browser) -> None:
    page = await signed_in.get("/tickets/FQ20200101-0001")

    assert page.status == 404
    assert "没有这张工单" in page.text


async def test_another_units_ticket_is_refused_by_its_address(browser: Browser, parts: Services) -> None:
    ticket_no = await _file(parts)
    await add_officer(parts, "he", department="squad_yuping")
    await browser.sign_in("he")

    page = await browser.get(f"/tickets/{ticket_no}")

    assert page.status == 403
    assert "路边倒了一车" not in page.text
    assert "路边倒了一车" not in (await browser.get("/?view=open")).text


@pytest.mark.parametrize(
    ("role", "kind", "expected"),
    [
        (Role.SUPERVISOR, "complaint", 200),
        (Role.AUDITOR, "complaint", 200),
        (Role.LEGAL_ADVISER, "complaint", 403),
        (Role.LEGAL_ADVISER, "consultation", 200),
        (Role.KNOWLEDGE_EDITOR, "consultation", 200),
        (Role.UNIT_HEAD, "complaint", 403),
        (Role.OFFICER, "consultation", 403),
    ],
)
async def test_roles_reach_as_far_as_the_table_says(
    browser: Browser, parts: Services, role: Role, kind: str, expected: int
) -> None:
    ticket_no = await _file(parts, kind=kind)
    await add_officer(parts, "he", role=role, department=None)
    await browser.sign_in("he")

    page = await browser.get(f"/tickets/{ticket_no}")

    assert page.status == expected
    assert (ticket_no in (await browser.get("/?view=open")).text) is (expected == 200)


async def test_a_ticket_of_ones_own_is_seen_whatever_unit_it_belongs_to(
    browser: Browser, parts: Services
) -> None:
    ticket_no = await _file(parts)
    roaming = await add_officer(parts, "he", department=None)
    async with parts.database.transaction() as session:
        service = make_service(session)
        await service.assign(
            ticket_no, officer_id=roaming.id, actor=Actor(ActorKind.OFFICER, "1", "陈", role="supervisor")
        )
    await browser.sign_in("he")

    assert (await browser.get(f"/tickets/{ticket_no}")).status == 200


async def test_photos_are_for_officers_who_may_see_the_ticket(
    signed_in: Browser, second_browser: Browser, parts: Services
) -> None:
    photo = await asyncio.to_thread(parts.photos.save, _photo())
    other = await asyncio.to_thread(parts.photos.save, _photo() + b"\0")
    ticket_no = await _file(parts, photos=(photo.sha256,))
    await add_officer(parts, "he", department="squad_yuping")
    await second_browser.sign_in("he")
    path = f"/tickets/{ticket_no}/photos/{photo.sha256}"

    seen = await signed_in.client.get(f"/desk{path}")

    assert (seen.status, seen.content_type) == (200, "image/jpeg")
    assert "private" in seen.headers["Cache-Control"]
    assert (await second_browser.get(path)).status == 403
    assert (await signed_in.get(f"/tickets/{ticket_no}/photos/{'0' * 64}")).status == 404
    assert (
        other.sha256 == photo.sha256
        or (await signed_in.get(f"/tickets/{ticket_no}/photos/{other.sha256}")).status == 404
    )
    await signed_in.get("/")
    await signed_in.post("/sign-out")
    assert (await signed_in.get(path)).path.startswith("/desk/sign-in")


async def test_a_photo_whose_file_is_gone_is_not_found(signed_in: Browser, parts: Services) -> None:
    ticket_no = await _file(parts, photos=("a" * 64,))

    assert (await signed_in.get(f"/tickets/{ticket_no}/photos/{'a' * 64}")).status == 404


async def test_a_photo_said_in_the_conversation_is_shown(signed_in: Browser, parts: Services) -> None:
    photo = await asyncio.to_thread(parts.photos.save, _photo())
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, now=NOW)
        await receive(session, conversation, "1", {"photo": photo.sha256}, NOW - timedelta(minutes=1))
        filed = await make_ticket(session, conversation_id=conversation.id)

    page = await signed_in.get(f"/tickets/{filed.ticket_no}")

    assert photo.sha256 in page.text
    assert (await signed_in.get(f"/tickets/{filed.ticket_no}/photos/{photo.sha256}")).status == 200


@pytest.mark.parametrize(("role", "is_shown"), [(Role.OFFICER, False), (Role.SUPERVISOR, True)])
async def test_who_reported_in_confidence_stays_hidden_from_the_unit(
    browser: Browser, parts: Services, role: Role, is_shown: bool
) -> None:
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, now=NOW)
        await receive(session, conversation, "1", {"text": "我是三号楼的王某"}, NOW - timedelta(minutes=1))
        filed = await make_ticket(
            session, conversation_id=conversation.id, reporter_mode="confidential", contact="13800000000"
        )
    await add_officer(parts, "lin", role=role)
    await browser.sign_in("lin")

    page = await browser.get(f"/tickets/{filed.ticket_no}")

    assert "13800000000" not in page.text
    assert (f"/tickets/{filed.ticket_no}/contact" in page.text) is is_shown
    assert ("三号楼的王某" in page.text) is is_shown


async def test_a_ticket_with_a_position_offers_the_map(signed_in: Browser, parts: Services) -> None:
    ticket_no = await _file(
        parts, place=Place("龙田镇东华村", latitude=25.62, longitude=119.47, datum="WGS-84")
    )

    assert "geo:25.620000,119.470000" in (await signed_in.get(f"/tickets/{ticket_no}")).text


async def test_a_closed_ticket_offers_no_assignment(
    signed_in: Browser, parts: Services, officer: Officer
) -> None:
    ticket_no = await _file(parts, status=Status.CLOSED)

    page = await signed_in.get(f"/tickets/{ticket_no}")

    assert f"/tickets/{ticket_no}/assign" not in page.text
    assert "重新办理" in page.text


async def test_the_map_is_the_operators_choice(
    signed_in: Browser, parts: Services, desk_settings: Settings
) -> None:
    object.__setattr__(desk_settings, "map_url", "https://map.example/?at={longitude},{latitude}&name={name}")
    object.__setattr__(desk_settings, "map_search_url", "https://map.example/find?q={place}")
    at_point = await _file(
        parts, place=Place("龙田镇东华村", latitude=25.62, longitude=119.47, datum="WGS-84")
    )
    in_words = await _file(parts, place=Place('龙田镇 "东华"&村'))

    point = (await signed_in.get(f"/tickets/{at_point}")).text
    words = (await signed_in.get(f"/tickets/{in_words}")).text

    assert f"https://map.example/?at=119.470000,25.620000&amp;name={at_point}" in point
    assert "https://map.example/find?q=%E9%BE%99%E7%94%B0%E9%95%87%20%22%E4%B8%9C" in words


async def test_fitting_articles_stand_beside_the_cards(signed_in: Browser, parts: Services) -> None:
    page = await signed_in.get(f"/tickets/{await _file(parts)}")

    assert "相关规则和法条" in page.text
    assert '<details class="article"><summary>《' in page.text
