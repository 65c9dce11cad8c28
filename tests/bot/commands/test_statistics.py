"""`wenfa statistics`."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from bot.cli import main
from tests.factories import NOW, OFFICER, make_service, make_ticket
from tickets.database import Database, upgrade


@pytest.fixture
def database_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with one ticket that was answered in time."""
    path = tmp_path / "wenfa.db"
    url = f"sqlite+aiosqlite:///{path}"
    monkeypatch.setenv("WENFA_DATABASE_URL", url)
    monkeypatch.setenv("WENFA_DATA_FOLDER", str(tmp_path))
    upgrade(url)

    async def fill() -> None:
        database = Database(url)
        async with database.transaction() as session:
            filed = await make_ticket(session, now=NOW)
            await make_service(session, now=NOW).reply(filed.ticket_no, "马上去看", actor=OFFICER)
        await database.close()

    asyncio.run(fill())
    return path


def test_rates_of_history_and_dashboard_agree_and_a_change_by_raw_sql_shows(
    database_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = ["--since", "2026-11-23", "--until", "2026-11-23"]
    assert main(["statistics", "rates", *days]) == 0
    history, dashboard = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (history["from"], history["response_rate"], history["solved_rate"]) == ("history", 1.0, None)
    assert {**history, "from": "dashboard"} == dashboard

    with sqlite3.connect(database_file) as connection:
        connection.execute("UPDATE tickets SET first_replied_at = '2027-01-01 00:00:00.000000'")
    connection.close()

    assert main(["statistics", "rates", *days, "--department", "squad_longtian"]) == 1
    assert "differ" in capsys.readouterr().err


def test_days_the_wrong_way_round_are_refused(
    database_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["statistics", "rates", "--since", "2026-11-23", "--until", "2026-11-01"]) == 2
    assert "lies after" in capsys.readouterr().err
