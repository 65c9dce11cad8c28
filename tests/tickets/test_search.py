"""Search over tickets: by words wherever they stand, by numbers, newest first, at once and for good."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.factories import (
    CALENDAR,
    NOW,
    OFFICER,
    ROUTING,
    SUPERVISOR,
    make_conversation,
    make_service,
    make_ticket,
)
from tickets import search
from tickets.casework import plain_notice
from tickets.database import Database
from tickets.duplicates import Duplicates
from tickets.models import Ticket
from tickets.privacy import Privacy
from tickets.queries import QueueFilter, View, queue
from tickets.search import Wanted, alternatives, find, index_words
from tickets.values import Place

STORIES = (
    ("有人半夜在空地倒装修垃圾", "音西街道福清西站旁边"),
    ("广场舞音响太吵，狗也叫", "玉屏街道文化广场"),
    ("渣土车沿路撒土", "清昌大道12号门口"),
    ("垃圾桶满了没人收", "龙田镇东华村村口"),
)


@pytest.fixture
async def told(database: Database) -> Database:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        for summary, place in STORIES:
            await make_ticket(session, summary=summary, place=Place(place), conversation_id=conversation.id)
    return database


async def found(
    database: Database, text: str, *conditions: sa.ColumnElement[bool], limit: int = 10, offset: int = 0
) -> list[int]:
    async with database.reading() as session:
        rows = await find(
            session, sa.select(Ticket.id), Wanted(alternatives(text), conditions), limit, offset
        )
    return [row.id for row in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("垃圾", [4, 1]),
        ("装修垃圾", [1]),
        ("垃圾 东华村", [4]),
        ("东华", [4]),
        ("华村", [4]),
        ("村村口", [4]),
        ("清昌大道的渣土车", []),
        ("清昌大道 渣土车", [3]),
        ("狗", [2]),
        ("狗 广场", [2]),
        ("１２号", [3]),
        ("12", [3]),
        ("0003", [3]),
        ("3", [3]),
        ("1123-0004", [4]),
        ("20261123-0002", [2]),
        ("1124-0004", []),
        ("没有这样的词", []),
        ("！！", []),
        ("' | 垃圾 & (", [4, 1]),
        ('" OR 垃圾*', []),
        ("%", []),
    ],
)
async def test_words_and_numbers_are_found_newest_first(
    told: Database, text: str, expected: list[int]
) -> None:
    assert await found(told, text) == expected


async def test_pages_and_conditions(told: Database) -> None:
    assert await found(told, "垃圾", limit=1) == [4]
    assert await found(told, "垃圾", limit=1, offset=1) == [1]
    assert await found(told, "垃圾", Ticket.town == "longtian") == [4]


async def test_open_ones_are_those_that_are_open_now(told: Database) -> None:
    async def open_ones() -> list[int]:
        async with told.reading() as session:
            page = await queue(session, QueueFilter(View.OPEN, text="垃圾"), NOW)
        return [int(row.ticket_no[-4:]) for row in page.rows]

    assert await open_ones() == [4, 1]
    async with told.transaction() as session:
        await make_service(session).withdraw("FQ20261123-0004", conversation_id=1)
    assert await open_ones() == [1]
    assert await found(told, "垃圾") == [4, 1]
    async with told.transaction() as session:
        await (
            make_service(session).bound(Duplicates).merge("FQ20261123-0001", "FQ20261123-0003", actor=OFFICER)
        )
    assert await open_ones() == []
    async with told.transaction() as session:
        await make_service(session).bound(Duplicates).split("FQ20261123-0001", actor=OFFICER)
    assert await open_ones() == [1]


async def test_a_name_that_the_dictionary_does_not_know_stays_one_word(told: Database) -> None:
    async with told.transaction() as session:
        await make_ticket(session, place=Place("桃岐村桥边"))
        await make_ticket(session, place=Place("岐头桃园"))

    assert await found(told, "桃岐") == [5]
    assert await found(told, "桃 岐") == [6, 5]


@pytest.mark.parametrize("latest", [0, 2])
async def test_older_ones_are_looked_through_too(
    told: Database, monkeypatch: pytest.MonkeyPatch, latest: int
) -> None:
    """With one ticket in each lot, as with a million and more."""
    for name, value in {"LOT": 1, "RARE": 0, "LATEST": latest, "SPARE": 1, "NEXT": 1, "MAX_LOTS": 2}.items():
        monkeypatch.setattr(search, name, value)
    async with told.transaction() as session:
        for ticket in await session.scalars(sa.select(Ticket)):
            await search.index_ticket(session, ticket)

    assert await found(told, "垃圾") == [4, 1]
    assert await found(told, "渣土车") == [3]
    assert await found(told, "装修垃圾") == [1]
    assert await found(told, "垃圾", limit=1, offset=1) == [1]
    assert await found(told, "垃圾", Ticket.town == "yinxi", limit=1) == [1]


async def test_a_ticket_that_was_not_committed_is_not_found(told: Database) -> None:
    async def crash() -> None:
        async with told.transaction() as session:
            await make_ticket(session, summary="井盖没了")
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError):
        await crash()

    assert await found(told, "井盖") == []


async def test_what_was_erased_is_found_no_more(told: Database) -> None:
    async with told.transaction() as session:
        privacy = Privacy(session, routing=ROUTING, calendar=CALENDAR, notice=plain_notice, now=NOW)
        await privacy.erase(1, actor=SUPERVISOR, reason="本人申请", delete_photo=lambda sha256: None)

    assert await found(told, "垃圾") == []
    assert await found(told, "0001") == [1]
    async with told.reading() as session:
        kept = sa.text("SELECT CAST(words AS TEXT) FROM ticket_words")
        assert not any("垃圾" in words for words in await session.scalars(kept))


def test_words_of_the_index_are_pairs_and_numbers() -> None:
    assert index_words(12_345, "FQ20261123-0007", "狗叫。A楼", "") == [
        "a楼",
        "lot1",
        "no0007",
        "no11230007",
        "叫",
        "楼",
        "狗叫",
    ]
