from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cli import main
from bot.config import Settings
from tickets.database import Database
from tickets.models import Role
from tickets.officers import accept_invitation, check_credentials, get_officer


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A data folder of the test's own, by environment variable as an operator would."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WENFA_DATA_FOLDER", str(tmp_path))
    return Settings(data_folder=tmp_path)


def test_an_added_officer_joins_is_listed_and_can_be_reset(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["officers", "add", "--role", "unit_head", "--department", "squad_longtian"]) == 0
    link = capsys.readouterr().out.strip()
    asyncio.run(_join(settings, link.rpartition("/")[2]))

    assert main(["officers", "list"]) == 0
    assert capsys.readouterr().out == "zheng\t郑队长\tunit_head\tsquad_longtian\tactive\tno-2fa\n"

    assert main(["officers", "reset", "ZHENG"]) == 0
    password = capsys.readouterr().out.strip()
    assert asyncio.run(_checked(settings, password)) == (1, None, True)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["reset", "nobody"], 1),
        (["add", "--department", "nowhere"], 2),
    ],
)
def test_a_mistake_is_told_in_one_line(
    settings: Settings, capsys: pytest.CaptureFixture[str], words: list[str], status: int
) -> None:
    assert main(["officers", *words]) == status
    assert capsys.readouterr().err.count("\n") == 1


def test_a_role_that_does_not_exist_is_refused(settings: Settings) -> None:
    with pytest.raises(SystemExit):
        main(["officers", "add", "--role", "king"])


def test_the_link_leads_to_the_public_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WENFA_PUBLIC_URL", "https://wenfa.example/")

    main(["officers", "add"])

    assert capsys.readouterr().out.startswith("https://wenfa.example/desk/welcome/")
    with sqlite3.connect(settings.data_folder / "wenfa.db") as database:
        rows = database.execute("SELECT action, subject FROM audit_entries").fetchall()
    database.close()
    assert rows == [("invited", "工作人员")]


async def _join(settings: Settings, token: str) -> None:
    database = Database(settings.resolved_database_url)
    async with database.transaction() as session:
        officer = await accept_invitation(
            session,
            token,
            username="zheng",
            display_name="郑队长",
            password_hash="unused",
            now=datetime.now(UTC),
        )
        assert officer.role is Role.UNIT_HEAD
    await database.close()


async def _checked(settings: Settings, password: str) -> tuple[int, str | None, bool]:
    database = Database(settings.resolved_database_url)
    officer_id = await check_credentials(database, "zheng", password)
    async with database.reading() as session:
        officer = await get_officer(session, officer_id)
    await database.close()
    return officer_id, officer.totp_secret, officer.is_active
