"""The figures of supervision."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.factories import NOW, make_ticket
from tickets.database import Database
from tickets.deadlines import SHANGHAI
from tickets.models import Ticket
from tickets.statistics import Period, Tally, figure_queries, figures
from tickets.workflow import Status

MONTH = Period.until(NOW.date(), 30)


def test_a_period_is_whole_days_in_shanghai_with_both_ends() -> None:
    day = Period(date(2026, 11, 23), date(2026, 11, 23))

    assert day.days == 1
    assert day.begins == datetime(2026, 11, 23, tzinfo=SHANGHAI)
    assert day.ends == datetime(2026, 11, 24, tzinfo=SHANGHAI)
    assert Period(date(2026, 10, 25), date(2026, 11, 23)) == MONTH


def test_rates_of_nothing_are_unknown_rather_than_zero() -> None:
    nothing = Tally()

    assert nothing.response_rate is None
    assert nothing.average_score is None
    assert Tally(replies=4, replies_in_time=3).response_rate == 0.75


async def test_days_and_their_ends_are_chinas(database: Database) -> None:
    midnight = datetime(2026, 11, 22, tzinfo=SHANGHAI)
    async with database.transaction() as session:
        await make_ticket(session, now=midnight)
        await make_ticket(session, now=midnight - timedelta(seconds=1))
        await make_ticket(session, Status.REJECTED, now=midnight + timedelta(days=1))
        found = await figures(session, sa.true(), NOW, Period(date(2026, 11, 21), date(2026, 11, 22)))

    assert found.days == ((date(2026, 11, 21), 1), (date(2026, 11, 22), 1))
    assert (found.total.filed, found.total.open) == (2, 2)


@pytest.mark.parametrize("number", range(3))
async def test_sqlite_reads_the_figures_from_indexes(sqlite_url: str, number: int) -> None:
    database = Database(sqlite_url)
    scope = Ticket.merged_into_id.is_(None)
    query = figure_queries(scope, NOW, MONTH)[number]
    words = str(query.compile(database.engine, compile_kwargs={"literal_binds": True}))
    async with database.reading() as session:
        connection = await session.connection()
        plan = [row[3] for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}")]
    await database.close()

    index = ("ix_tickets_load", "ix_tickets_figures", "ix_entries_reopened")[number]
    assert any(index in step for step in plan)
    assert number == 2 or any(f"COVERING INDEX {index}" in step for step in plan)
    assert not any(step in ("SCAN tickets", "SCAN entries") for step in plan)
