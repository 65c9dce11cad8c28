"""What anybody may see: the rule as a table, in Python and in SQL, and how exactly a place is named."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import select

from tests.factories import NOW, ROUTING
from tickets.database import Database
from tickets.facts import ERASED
from tickets.models import ReporterMode, Ticket
from tickets.publication import is_published, public_place, published, street_in
from tickets.workflow import Status, TicketKind


def _ticket(number: int, **changes: object) -> Ticket:
    values: dict[str, object] = {
        "ticket_no": f"FQ20261123-{number:04d}",
        "kind": TicketKind.COMPLAINT,
        "status": Status.ACCEPTED,
        "category": "dog",
        "categories": ["dog"],
        "summary": "狗叫",
        "reporter_mode": ReporterMode.REAL_NAME,
        "receipt_code_hash": "x",
        "department": "duty_squad",
        "created_at": NOW,
        "updated_at": NOW,
        "status_since": NOW,
    }
    ticket = Ticket(**(values | changes))
    ticket.closed_at = None if ticket.status.is_open else NOW
    return ticket


async def test_the_rule_says_the_same_in_sql_and_in_python(database: Database) -> None:
    combinations = itertools.product(
        TicketKind, Status, ReporterMode, (["dog"], ["dog", "officer_conduct"], ["officer_conduct"])
    )
    tickets = [
        _ticket(number, kind=kind, status=status, reporter_mode=mode, category=codes[0], categories=codes)
        for number, (kind, status, mode, codes) in enumerate(combinations)
    ]
    tickets.append(_ticket(9001, summary=ERASED))
    async with database.transaction() as session:
        session.add_all(tickets)
        await session.flush()
        merged = _ticket(9002, merged_into_id=tickets[0].id)
        session.add(merged)

    async with database.reading() as session:
        in_sql = set(await session.scalars(select(Ticket.ticket_no).where(*published())))

    assert in_sql == {ticket.ticket_no for ticket in [*tickets, merged] if is_published(ticket)}
    # Two kinds, seven statuses, real names, no officers.
    assert len(in_sql) == 2 * 7


@pytest.mark.parametrize("mode", [ReporterMode.ANONYMOUS, ReporterMode.CONFIDENTIAL])
def test_whoever_did_not_give_their_name_openly_is_never_shown(mode: ReporterMode) -> None:
    assert is_published(_ticket(1))
    assert not is_published(_ticket(1, reporter_mode=mode))


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.REJECTED, Status.WITHDRAWN])
def test_what_nobody_looked_at_or_nobody_wants_is_not_shown(status: Status) -> None:
    assert not is_published(_ticket(1, status=status))


def test_words_about_officers_are_private_also_as_a_second_matter() -> None:
    assert not is_published(_ticket(1, categories=["dog", "officer_conduct"]))


@pytest.mark.parametrize(
    ("said", "street"),
    [
        ("音西街道清昌大道融侨城3号楼502室", "清昌大道"),
        ("福建省福清市龙田镇东华村村口", "东华村"),
        ("我家楼下的福塘路5号", "福塘路"),
        ("音西街道张三家门口", ""),
        ("在天宝路和元洪路路口", "天宝路"),
        ("", ""),
    ],
)
def test_a_place_is_named_no_closer_than_its_street(said: str, street: str) -> None:
    assert street_in(said, ["音西街道", "龙田镇"]) == street


def test_a_point_is_blurred_to_the_street() -> None:
    ticket = _ticket(
        1,
        place={"text": "龙田镇清荣大道12号楼3单元"},
        town="longtian",
        latitude=25.636789,
        longitude=119.461234,
    )

    place = public_place(ticket, ROUTING)

    assert (place.text, place.latitude, place.longitude) == ("福清市龙田镇清荣大道", 25.637, 119.461)


def test_a_ticket_without_a_place_is_in_the_city() -> None:
    assert public_place(_ticket(1), ROUTING).text == "福清市"
