"""`wenfa tickets`."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zipfile
from pathlib import Path

import pytest

from bot.cli import main
from tests.factories import make_conversation, make_ticket
from tests.schema import new_sqlite
from tickets.database import Database
from tickets.workflow import Status


@pytest.fixture
def database_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with one ticket, which the settings point to."""
    path = tmp_path / "wenfa.db"
    url = new_sqlite(path)
    monkeypatch.setenv("WENFA_DATABASE_URL", url)
    monkeypatch.setenv("WENFA_DATA_FOLDER", str(tmp_path))

    async def fill() -> None:
        database = Database(url)
        async with database.transaction() as session:
            conversation = await make_conversation(session)
            await make_ticket(session, Status.IN_PROGRESS, conversation_id=conversation.id, contact="138")
        await database.close()

    asyncio.run(fill())
    return path


def test_verify_is_content_with_an_honest_history(
    database_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tickets", "verify"]) == 0

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "1 tickets, 4 entries, 0 problems" in shown.err


def test_verify_names_the_entry_that_raw_sql_reached_into(
    database_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = sqlite3.connect(database_file)
    raw.execute("DROP TRIGGER entries_no_update")
    raw.execute("UPDATE entries SET actor_name = '别人' WHERE number = 3")
    raw.commit()
    raw.close()

    assert main(["tickets", "verify", "--json", "--ticket", "fq20261123-0001"]) == 1

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows == [{"ticket_no": "FQ20261123-0001", "entry": 3, "what": "edited"}]


def test_verify_beside_a_list_of_hashes_that_was_kept_finds_what_was_rewritten(
    database_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.txt"
    assert main(["tickets", "verify", "--keep", str(kept)]) == 0
    assert main(["tickets", "verify", "--against", str(kept)]) == 0
    kept.write_text(kept.read_text().replace(" 4 ", " 3 "))

    assert main(["tickets", "verify", "--against", str(kept)]) == 1
    assert "FQ20261123-0001 #3 rewritten" in capsys.readouterr().out
    # What is wrong already is not kept.
    assert main(["tickets", "verify", "--against", str(kept), "--keep", str(tmp_path / "new.txt")]) == 1
    assert not (tmp_path / "new.txt").exists()
    kept.write_text("nonsense")
    assert main(["tickets", "verify", "--against", str(kept)]) == 2
    assert "is no file that --keep wrote" in capsys.readouterr().err


def test_verify_looks_at_photos_unless_told_not_to(
    database_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def attach() -> None:
        database = Database(f"sqlite+aiosqlite:///{database_file}")
        async with database.transaction() as session:
            await make_ticket(session, photos=("f" * 64,))
        await database.close()

    asyncio.run(attach())

    assert main(["tickets", "verify", "--no-files"]) == 0
    # Who only looks makes no keys.
    assert not (database_file.parent / "contact.keys").exists()
    assert main(["tickets", "verify"]) == 1
    assert "FQ20261123-0002 #- photo_missing" in capsys.readouterr().out


def test_verify_says_that_there_is_no_such_ticket(
    database_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tickets", "verify", "--ticket", "FQ20261123-0009"]) == 2
    assert "no ticket" in capsys.readouterr().err


@pytest.mark.parametrize("action", [["verify"], ["export", "FQ20261123-0001", "file.zip"]])
def test_a_database_without_tables_is_told_in_one_line(
    action: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WENFA_DATA_FOLDER", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    assert main(["tickets", *action]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "no such table" in line
    assert not (tmp_path / "file.zip").exists()


def test_check_counts_what_has_an_owner(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tickets", "check"]) == 0
    assert "19 categories x 24 towns" in capsys.readouterr().err


def test_export_writes_a_case_file(database_file: Path, tmp_path: Path) -> None:
    assert main(["tickets", "export", "FQ20261123-0001", str(tmp_path / "case.zip")]) == 0

    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        assert "SHA256SUMS" in archive.namelist()
    assert main(["tickets", "export", "FQ20261123-0002", str(tmp_path / "none.zip")]) == 2
    assert not (tmp_path / "none.zip").exists()
