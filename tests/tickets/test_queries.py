"""Queues, counts and the page of one ticket."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, OFFICER, make_conversation, make_officer, make_service, make_ticket
from tickets import queries
from tickets.conversations import post
from tickets.database import Database
from tickets.desk_queries import Reach
from tickets.errors import TicketNotFound
from tickets.models import Ticket
from tickets.queries import Page, QueueFilter, View, counts, queue, ticket_page
from tickets.values import Place
from tickets.workflow import Status

AFTER_THE_DEADLINE = NOW + timedelta(days=30)


@pytest.fixture
async def filled(database: Database) -> Database:
    """Ticket 1 mine, 2 my unit's, 3 another unit's, 4 closed, 5 waiting for the citizen."""
    async with database.transaction() as session:
        officer = await make_officer(session)
        await make_ticket(session, Status.ASSIGNED)
        await make_service(session).assign("FQ20261123-0001", officer_id=officer.id, actor=OFFICER)
        await make_ticket(session, summary="广场舞 50%_太吵", category="noise_social")
        await make_ticket(session, place=Place("高山镇菜市场"))
        await make_ticket(session, Status.CLOSED)
        await make_ticket(session, Status.AWAITING_CITIZEN)
    return database


async def listed(database: Database, now_days: int = 0, **wanted: object) -> list[int]:
    async with database.reading() as session:
        page = await queue(session, QueueFilter(**wanted), NOW + timedelta(days=now_days))  # type: ignore[arg-type] # test
    assert page.total == len(page.rows)
    return [int(row.ticket_no[-4:]) for row in page.rows]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [1, 2, 3, 5]),
        ({"view": "mine", "officer_id": 1}, [1]),
        ({"view": "unit", "department": "squad_longtian"}, [1, 2, 5]),
        ({"view": "unassigned"}, [2, 3, 5]),
        ({"view": "due_soon"}, []),
        ({"view": "due_soon", "now_days": 14}, [1, 2, 3, 5]),
        ({"view": "overdue"}, []),
        ({"view": "overdue", "now_days": 30}, [1, 2, 3, 5]),
        ({"view": "awaiting_citizen"}, [5]),
        ({"view": "closed"}, [4]),
        ({"view": "all"}, [5, 4, 3, 2, 1]),
        ({"category": "noise_social"}, [2]),
        ({"view": "all", "category": "noise_social"}, [2]),
        ({"view": "all", "department": "squad_longtian"}, [5, 4, 2, 1]),
        ({"view": "all", "department": "squad_longtian", "officer_id": 1}, [1]),
        ({"view": "all", "department": "squad_longtian", "status": Status.CLOSED}, [4]),
        ({"view": "all", "town": "gaoshan", "kind": "complaint"}, [3]),
        ({"view": "all", "kind": "consultation"}, []),
        ({"view": "all", "department": "' | \\"}, []),
        ({"view": "closed", "town": "longtian", "category": "illegal_dumping"}, [4]),
        ({"view": "closed", "town": "gaoshan"}, []),
        ({"view": "all", "text": "装修垃圾", "town": "longtian"}, [5, 4, 1]),
        ({"view": "closed", "text": "装修垃圾", "department": "squad_gaoshan"}, []),
        ({"text": "装修垃圾", "officer_id": 1}, [1]),
        ({"town": "gaoshan"}, [3]),
        ({"text": "广场舞"}, [2]),
        ({"text": "50%_"}, [2]),
        ({"text": "50__太"}, [2]),
        ({"text": "菜市场"}, [3]),
        ({"text": "市场高山镇"}, [3]),
        ({"text": "高山镇 广场舞"}, []),
        ({"text": "fq20261123-0003"}, [3]),
        ({"text": "0003"}, [3]),
        ({"text": "没有的词"}, []),
        ({"page": 2}, []),
    ],
)
async def test_queue_lists(filled: Database, wanted: dict[str, object], expected: list[int]) -> None:
    if wanted == {"page": 2}:
        async with filled.reading() as session:
            assert (await queue(session, QueueFilter(page=2), NOW)).rows == ()
        return
    assert await listed(filled, **wanted) == expected  # type: ignore[arg-type] # test


async def test_queue_shows_names_and_lateness(filled: Database) -> None:
    async with filled.reading() as session:
        page = await queue(session, QueueFilter(), AFTER_THE_DEADLINE)

    first = page.rows[0]
    assert (first.officer_name, first.is_overdue, first.place_text) == ("林工", True, "龙田镇东华村村口")
    assert "龙田镇" not in repr(first)


async def test_queue_goes_in_pages(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 2)
    async with database.transaction() as session:
        for _ in range(3):
            await make_ticket(session)

    pages: list[Page] = []
    async with database.reading() as session:
        for number in (0, 1, 2):
            pages.append(await queue(session, QueueFilter(page=number), NOW))
    assert [(page.page, len(page.rows), page.has_next, page.total) for page in pages] == [
        (1, 2, True, 3),
        (1, 2, True, 3),
        (2, 1, False, 3),
    ]


async def test_narrowed_lists_of_all_are_counted(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 1)
    async with filled.reading() as session:
        page = await queue(session, QueueFilter(View.ALL, town="longtian"), NOW, Reach(99, "squad_longtian"))
        beyond = await queue(session, QueueFilter(View.ALL, town="longtian", page=9), NOW)
    assert ([row.ticket_no[-4:] for row in page.rows], page.total) == (["0005"], 4)
    assert beyond.rows == ()


async def test_queue_keeps_to_what_the_officer_may_see(filled: Database) -> None:
    async with filled.reading() as session:
        page = await queue(session, QueueFilter(View.ALL), NOW, Reach(99, "squad_gaoshan"))
    assert [row.town for row in page.rows] == ["gaoshan"]


@pytest.mark.parametrize("text", ["", "高山镇 垃圾"])
async def test_lists_follow_a_ticket_to_its_next_unit_and_officer(filled: Database, text: str) -> None:
    async def seen(reach: Reach) -> list[str]:
        async with filled.reading() as session:
            rows = (await queue(session, QueueFilter(View.ALL, town="gaoshan", text=text), NOW, reach)).rows
        return [row.ticket_no for row in rows]

    squad, office = Reach(7, "squad_gaoshan"), Reach(8, "sanitation")
    assert (await seen(squad), await seen(office)) == (["FQ20261123-0003"], [])

    async with filled.transaction() as session:
        for number in range(8):
            await make_officer(session, username=f"officer{number}")
        ticket = await session.get_one(Ticket, 3)
        ticket.department, ticket.officer_id = "sanitation", 9
    assert (await seen(squad), await seen(office)) == ([], ["FQ20261123-0003"])
    assert await seen(Reach(9, "squad_gaoshan")) == ["FQ20261123-0003"]


async def test_counts_are_of_the_officers_own_department(filled: Database) -> None:
    async with filled.transaction() as session:
        squad = await make_officer(session, username="a")
        bureau = await make_officer(session, username="b", department=None)
        of_squad = await counts(session, squad, AFTER_THE_DEADLINE)
        of_bureau = await counts(session, bureau, NOW)

    assert of_squad == {
        "mine": 0,
        "unit": 3,
        "unassigned": 2,
        "due_soon": 0,
        "overdue": 3,
        "awaiting_citizen": 1,
        "open": 3,
    }
    assert (of_bureau["open"], of_bureau["overdue"]) == (4, 0)


async def test_ticket_page_has_everything_about_a_ticket(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        filed = await make_ticket(
            session, Status.ACCEPTED, conversation_id=conversation.id, photos=("a" * 64,)
        )
        await post(session, conversation.id, {"text": "还有吗"}, sender="assistant", now=NOW)

    async with database.reading() as session:
        page = await ticket_page(session, filed.ticket_no)
    assert [entry.number for entry in page.entries] == [1, 2]
    assert [message.content["text"] for message in page.messages] == ["notice_status_accepted", "还有吗"]
    assert [attachment.sha256 for attachment in page.attachments] == ["a" * 64]


async def test_ticket_page_without_a_conversation_has_no_messages(database: Database) -> None:
    async with database.transaction() as session:
        await make_ticket(session)

    async with database.reading() as session:
        assert (await ticket_page(session, "FQ20261123-0001")).messages == ()
        with pytest.raises(TicketNotFound):
            await ticket_page(session, "FQ20261123-0002")
