"""`wenfa privacy`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.cli import main
from bot.config import load_settings
from bot.keys import open_vault, read_keys
from bot.photo_store import open_photos
from tests.factories import make_conversation, make_service, make_ticket
from tests.schema import new_sqlite
from tests.tickets.test_photos import picture
from tickets.conversations import receive
from tickets.database import Database
from tickets.models import Ticket
from tickets.workflow import Status

LONG_AGO = datetime.now(UTC) - timedelta(days=900)
OLD_KEY, NEW_KEY = (f"k{number}:" + base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody reported with a photo, left a number that is sealed, and withdrew, long ago."""
    monkeypatch.setenv("WENFA_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("WENFA_CONTACT_KEYS", OLD_KEY)
    new_sqlite(tmp_path / "wenfa.db")
    settings = load_settings()
    photo = open_photos(settings, open_vault(settings)).save(picture()).sha256

    async def fill() -> None:
        database = Database(settings.resolved_database_url)
        async with database.transaction() as session:
            conversation = await make_conversation(session, now=LONG_AGO)
            await receive(session, conversation, "u1", {"text": "有人倒垃圾", "photo": photo}, LONG_AGO)
            service = make_service(session, now=LONG_AGO, vault=open_vault(settings))
            await make_ticket(
                session,
                Status.SUBMITTED,
                now=LONG_AGO,
                conversation_id=conversation.id,
                photos=(photo,),
            )
            ticket = (await session.scalars(sa.select(Ticket))).one()
            ticket.contact = service._sealed("13800000000", ticket.ticket_no)
            await service.withdraw(ticket.ticket_no, conversation_id=conversation.id)
        await database.close()

    asyncio.run(fill())
    return tmp_path


def stored() -> Ticket:
    async def read() -> Ticket:
        database = Database(load_settings().resolved_database_url)
        async with database.reading() as session:
            ticket = (await session.scalars(sa.select(Ticket))).one()
        await database.close()
        return ticket

    return asyncio.run(read())


def test_export_opens_what_is_sealed_and_takes_the_photos_along(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = stored().ticket_no
    assert main(["privacy", "export", "--ticket", number]) == 0
    data = json.loads(capsys.readouterr().out)
    assert main(["privacy", "export", "1", "--zip", str(home / "mine.zip")]) == 0

    assert data["tickets"][0]["contact"] == "13800000000"
    with zipfile.ZipFile(home / "mine.zip") as archive:
        names = sorted(archive.namelist())
        assert json.loads(archive.read("data.json")) == data
    assert names[0] == "data.json"
    assert names[1].startswith("photos/")


def test_erase_leaves_a_skeleton_and_no_photo(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privacy", "erase", "1", "--reason", "本人申请"]) == 0

    assert json.loads(capsys.readouterr().out) == {"tickets": 1, "photos": 1}
    assert not any(path.is_file() for path in (home / "photos").rglob("*"))
    ticket = stored()
    assert (ticket.contact, ticket.place, ticket.status) == (None, None, Status.WITHDRAWN)
    assert main(["tickets", "verify"]) == 0


@pytest.mark.parametrize(
    "call",
    [
        ["export", "9"],
        ["export", "--ticket", "FQ20200101-0009"],
        ["erase", "9", "--reason", "申请"],
        ["erase", "1", "--reason", " "],
    ],
)
def test_what_is_not_there_is_said_in_one_line(
    home: Path, call: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["privacy", *call]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_retain_counts_first_and_then_lets_go(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privacy", "retain", "--dry-run"]) == 0
    counted = json.loads(capsys.readouterr().out)
    assert stored().contact is not None
    assert main(["privacy", "retain"]) == 0
    gone = json.loads(capsys.readouterr().out)

    assert counted == {"contacts": 1, "conversations": 1, "tickets": 0, "photos": 0}
    # The ticket itself is kept for longer, and its photo with it.
    assert gone == counted
    assert stored().contact is None
    assert main(["tickets", "verify"]) == 0
    assert main(["privacy", "retain"]) == 0
    assert not any(json.loads(capsys.readouterr().out).values())


def test_reseal_moves_to_the_newest_key(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WENFA_CONTACT_KEYS", f"{OLD_KEY},{NEW_KEY}")
    assert main(["privacy", "reseal"]) == 0
    assert json.loads(capsys.readouterr().out) == {"resealed": 1, "originals": 1}
    assert main(["privacy", "reseal"]) == 0
    assert json.loads(capsys.readouterr().out) == {"resealed": 0, "originals": 0}

    ticket, only_new = stored(), read_keys(NEW_KEY)
    assert only_new.open(ticket.contact or "", ticket.ticket_no) == "13800000000"
    photos = open_photos(load_settings(), only_new)
    original = hashlib.sha256(picture()).hexdigest()
    assert photos.read_original(original, only_new.open_bytes) == picture()


def test_export_without_the_key_says_which_one_is_missing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WENFA_CONTACT_KEYS", NEW_KEY)

    assert main(["privacy", "export", "1"]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert "k1 is not among the keys" in shown.err


def test_without_the_old_key_nothing_is_resealed(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WENFA_CONTACT_KEYS", NEW_KEY)

    assert main(["privacy", "reseal"]) == 2
    assert "contact_sealed" in capsys.readouterr().err


def test_an_original_that_somebody_changed_is_named_and_left(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WENFA_CONTACT_KEYS", f"{OLD_KEY},{NEW_KEY}")
    (changed,) = (home / "photos" / "originals").rglob("*.bin")
    changed.write_bytes(read_keys(OLD_KEY).seal_bytes(b"another picture"))

    assert main(["privacy", "reseal"]) == 2
    assert changed.stem in capsys.readouterr().err
    assert read_keys(OLD_KEY).open_bytes(changed.read_bytes()) == b"another picture"
