"""Random checks in the database: announce, draw, score, rectify, confirm."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import CALENDAR, NOW, OFFICER, ROUTING, make_officer, make_ticket
from tickets.categories import DATA_FOLDER
from tickets.check_models import Check, CheckRound, CheckState
from tickets.check_rules import load_check_rules
from tickets.checks import CheckRow, Checks
from tickets.database import Database
from tickets.deadlines import WorkingCalendar
from tickets.errors import (
    ActorNotAllowed,
    BotError,
    CalendarYearMissing,
    CheckNotOpen,
    MarksMissing,
    NoReviewer,
    NoteRequired,
    NothingToCheck,
    RoutingError,
    TooEarly,
    WrongPeriod,
)
from tickets.models import Entry, EntryKind, Officer, Role
from tickets.values import Actor
from tickets.verification import verify
from tickets.workflow import ActorKind, Status

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 23)
SEED, SOURCE = "03 08 11 17 22 30 05", "双色球2026135期开奖公告"
FULL = {one.code: one.points for one in ROUTING.checks.criteria}
POOR = {one.code: 0 for one in ROUTING.checks.criteria}


def checks(session: AsyncSession, calendar: WorkingCalendar = CALENDAR, **later: float) -> Checks:
    return Checks(session, routing=ROUTING, calendar=calendar, now=NOW + timedelta(**later))


def actor(officer: Officer) -> Actor:
    return Actor(
        ActorKind.OFFICER, str(officer.id), officer.display_name, str(officer.role), officer.department
    )


@pytest.fixture
async def people(database: Database) -> dict[str, Actor]:
    """People of 龙田, a head of 高山, a supervisor, a reviewer; eight closed tickets of 龙田."""
    async with database.transaction() as session:
        rows = [
            ("lin", Role.OFFICER, "squad_longtian"),
            ("long", Role.UNIT_HEAD, "squad_longtian"),
            ("gao", Role.UNIT_HEAD, "squad_gaoshan"),
            ("wang", Role.SUPERVISOR, None),
            ("bai", Role.LEGAL_REVIEWER, "legal"),
        ]
        found = {
            name: actor(await make_officer(session, username=name, role=role, department=unit))
            for name, role, unit in rows
        }
        for _ in range(8):
            await make_ticket(session, Status.RESOLVED)
        await make_ticket(session)
        await make_ticket(session, Status.REJECTED)
        await make_ticket(session, Status.RESOLVED, now=NOW - timedelta(days=60))
    return found


async def drawn(database: Database, people: dict[str, Actor], size: int = 4) -> list[CheckRow]:
    async with database.transaction() as session:
        round_ = await checks(session).announce("11月抽查", FIRST, LAST, size, actor=people["wang"])
    async with database.transaction() as session:
        await checks(session, days=1).draw(round_.id, SEED, SOURCE, actor=people["wang"])
        return await checks(session).rows(round_id=round_.id)


async def refused(
    database: Database, error: type[BotError], method: str, *given: object, **named: object
) -> None:
    async def call() -> None:
        async with database.transaction() as session:
            await getattr(checks(session, days=1), method)(*given, **named)

    with pytest.raises(error):
        await call()


def by_id(people: dict[str, Actor], officer_id: int) -> Actor:
    return next(one for one in people.values() if one.id == str(officer_id))


async def test_the_list_has_what_was_closed_and_the_draw_only_what_the_lot_says(
    database: Database, people: dict[str, Actor]
) -> None:
    rows = await drawn(database, people)

    async with database.reading() as session:
        round_ = await checks(session).round(1)
        assert await checks(session).verify(1) == []
        assert await verify(session) == []
        noted = (await session.scalars(sa.select(Entry).where(Entry.kind == EntryKind.INSPECTION))).all()
    assert round_.candidate_count == 8
    # Officer 1 acted on all of them (factories' OFFICER), and no account of 龙田 may look at its own unit's.
    assert f"squad_longtian {OFFICER.id}" in round_.list_text
    names = {"gao", "wang", "bai"}
    assert {row.reviewer.username for row in rows} <= names
    assert len({row.ticket.id for row in rows}) == 4
    assert [entry.data["act"] for entry in noted] == ["drawn"] * 4


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE checks SET reviewer_id = 1 WHERE position = 2",
        "UPDATE check_rounds SET seed = 'another seed'",
        "UPDATE check_rounds SET list_text = list_text || 'reviewer 99 -'",
        "UPDATE check_rounds SET drawn_on = '2026-11-30'",
        "DELETE FROM checks WHERE position = 1",
    ],
)
async def test_who_helps_the_lot_along_afterwards_is_found_out(
    database: Database, people: dict[str, Actor], change: str
) -> None:
    await drawn(database, people)
    async with database.transaction() as session:
        await session.execute(sa.text(change))

    async with database.reading() as session:
        assert await checks(session).verify(1) != []


async def test_a_draw_waits_for_another_day_and_happens_once(
    database: Database, people: dict[str, Actor]
) -> None:
    chief = people["wang"]
    async with database.transaction() as session:
        await checks(session).announce("x", FIRST, LAST, 2, actor=chief)
        with pytest.raises(TooEarly):
            await checks(session, hours=9).draw(1, SEED, SOURCE, actor=chief)
    await refused(database, NoteRequired, "draw", 1, "12345", SOURCE, actor=chief)
    await refused(database, NoteRequired, "draw", 1, SEED, " ", actor=chief)
    await refused(database, NoteRequired, "draw", 1, "with|a|bar", SOURCE, actor=chief)
    await refused(database, ActorNotAllowed, "draw", 1, SEED, SOURCE, actor=people["gao"])
    await refused(database, CheckNotOpen, "verify", 1)
    async with database.transaction() as session:
        await checks(session, days=1).draw(1, f" {SEED}  ", SOURCE, actor=chief)
    await refused(database, CheckNotOpen, "draw", 1, "another seed", SOURCE, actor=chief)
    await refused(database, CheckNotOpen, "draw", 77, SEED, SOURCE, actor=chief)


@pytest.mark.parametrize(
    ("error", "given"),
    [
        (NothingToCheck, {"sample_size": 9}),
        (NothingToCheck, {"sample_size": 0}),
        (NothingToCheck, {"first": date(2020, 1, 1), "last": date(2020, 1, 31)}),
        (WrongPeriod, {"first": LAST, "last": FIRST}),
        (WrongPeriod, {"first": date(2027, 1, 1), "last": date(2027, 1, 2)}),
        (NoteRequired, {"title": " "}),
    ],
)
async def test_an_announcement_that_makes_no_sense_is_refused(
    database: Database, people: dict[str, Actor], error: type[BotError], given: dict[str, object]
) -> None:
    values = {"title": "x", "first": FIRST, "last": LAST, "sample_size": 2} | given

    await refused(database, error, "announce", **values, actor=people["wang"])
    await refused(database, ActorNotAllowed, "announce", **values, actor=people["bai"])


async def test_without_anybody_who_may_look_nothing_is_drawn(database: Database) -> None:
    async with database.transaction() as session:
        chief = await make_officer(session, role=Role.SUPERVISOR, department="squad_longtian")
        await make_ticket(session, Status.RESOLVED)
        await checks(session).announce("x", FIRST, LAST, 1, actor=actor(chief))

    await refused(database, NoReviewer, "draw", 1, SEED, SOURCE, actor=actor(chief))
    async with database.reading() as session:
        assert (await session.scalars(sa.select(CheckRound.seed))).one() is None


async def test_a_good_ticket_passes(database: Database, people: dict[str, Actor]) -> None:
    row = (await drawn(database, people))[0]
    reviewer = by_id(people, row.check.reviewer_id)
    other = next(one for one in people.values() if one is not reviewer)

    await refused(database, ActorNotAllowed, "score", row.check.id, FULL, "", actor=other)
    await refused(database, MarksMissing, "score", row.check.id, {"handled": 3}, "", actor=reviewer)
    await refused(database, MarksMissing, "score", row.check.id, FULL | {"handled": 31}, "", actor=reviewer)
    async with database.transaction() as session:
        check = await checks(session, days=2).score(row.check.id, FULL, "", actor=reviewer)
    assert (check.state, check.score, check.due_on) == (CheckState.PASSED, 100, None)
    await refused(database, CheckNotOpen, "score", row.check.id, FULL, "", actor=reviewer)


async def test_a_poor_ticket_is_rectified_and_confirmed(database: Database, people: dict[str, Actor]) -> None:
    row = (await drawn(database, people))[0]
    check_id, reviewer = row.check.id, by_id(people, row.check.reviewer_id)
    await refused(database, NoteRequired, "score", check_id, POOR, " ", actor=reviewer)
    async with database.transaction() as session:
        await checks(session, days=1).score(check_id, POOR, "没有去现场", actor=reviewer)

    await refused(database, ActorNotAllowed, "rectify", check_id, "去了", actor=people["gao"])
    await refused(database, CheckNotOpen, "confirm", check_id, True, "", actor=reviewer)
    async with database.transaction() as session:
        await checks(session, days=2).rectify(check_id, "已去现场清走", actor=people["long"])
    await refused(database, ActorNotAllowed, "confirm", check_id, True, "", actor=people["long"])
    await refused(database, NoteRequired, "confirm", check_id, False, "", actor=people["wang"])
    async with database.transaction() as session:
        await checks(session, days=3).confirm(check_id, False, "没有照片", actor=people["wang"])
        await checks(session, days=4).rectify(check_id, "补了照片", actor=people["lin"])
        await checks(session, days=5).confirm(check_id, True, "", actor=people["wang"])

    async with database.reading() as session:
        check = await session.get_one(Check, check_id)
        assert await verify(session) == []
        acts = [
            entry.data["act"]
            for entry in await session.scalars(
                sa.select(Entry)
                .where(Entry.ticket_id == row.ticket.id, Entry.kind == EntryKind.INSPECTION)
                .order_by(Entry.number)
            )
        ]
    assert (check.state, check.due_on) == (CheckState.CONFIRMED, date(2026, 12, 8))
    assert acts == ["drawn", "scored", "rectified", "sent_back", "rectified", "confirmed"]


async def test_without_a_calendar_of_the_year_the_reviewer_gives_the_day(
    database: Database, people: dict[str, Actor]
) -> None:
    row = (await drawn(database, people))[0]
    reviewer = by_id(people, row.check.reviewer_id)
    late = {"days": 365 * 6}
    async with database.transaction() as session:
        one = checks(session, **late)
        assert one.usual_due_day() is None
        with pytest.raises(CalendarYearMissing):
            await one.score(row.check.id, POOR, "没有去现场", actor=reviewer)
        session.expire_all()
        with pytest.raises(WrongPeriod):
            await one.score(row.check.id, POOR, "没有去现场", actor=reviewer, due_on=one.today)
        check = await one.score(
            row.check.id, FULL, "写得太少", actor=reviewer, must_rectify=True, due_on=date(2033, 1, 4)
        )

    assert (check.state, check.score, check.due_on) == (CheckState.TO_RECTIFY, 100, date(2033, 1, 4))


async def test_a_reviewer_who_stands_aside_is_replaced_by_the_lot(
    database: Database, people: dict[str, Actor]
) -> None:
    row = (await drawn(database, people))[0]
    seen = [row.check.reviewer_id]
    for _ in range(2):
        reviewer = by_id(people, seen[-1])
        async with database.transaction() as session:
            seen.append(await checks(session, days=1).recuse(row.check.id, "认识当事人", actor=reviewer))
    await refused(database, NoReviewer, "recuse", row.check.id, "认识当事人", actor=by_id(people, seen[-1]))

    assert len(set(seen)) == 3
    async with database.reading() as session:
        assert await checks(session).verify(1) == []
        check = await session.get_one(Check, row.check.id)
    assert check.recused == seen[:2]


async def test_lists_are_by_reviewer_unit_and_state(database: Database, people: dict[str, Actor]) -> None:
    rows = await drawn(database, people)
    me = rows[0].check.reviewer_id
    async with database.reading() as session:
        mine = await checks(session).rows(reviewer_id=me, states=[CheckState.DRAWN])
        unit = await checks(session).rows(department="squad_longtian", states=[CheckState.TO_RECTIFY])
        assert await checks(session).rows(department="squad_gaoshan") == []
    assert {row.check.reviewer_id for row in mine} == {me}
    assert unit == []


@pytest.mark.parametrize(
    ("old", "new"), [("points: 15", "points: 16"), ("unit_head", "wizard"), ("criteria", "c")]
)
def test_rules_with_a_mistake_are_refused(old: str, new: str, tmp_path: Path) -> None:
    text = (DATA_FOLDER / "checks.yml").read_text(encoding="utf-8")
    (tmp_path / "checks.yml").write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(RoutingError, match="checks"):
        load_check_rules(tmp_path)
