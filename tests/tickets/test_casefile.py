"""The case file: everything about one ticket, checkable without us."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from bot.texts import render_notice
from tests.factories import NOW, OFFICER, ROUTING, SUPERVISOR, make_conversation, make_service, make_ticket
from tests.tickets.test_enclosures import PDF
from tickets.casefile import build_case_file
from tickets.conversations import receive
from tickets.database import Database
from tickets.enclosures import Enclosures, checked_file
from tickets.errors import TicketNotFound
from tickets.history import canonical
from tickets.models import ReporterMode
from tickets.oversight import Oversight
from tickets.photos import PhotoStore
from tickets.privacy import Privacy
from tickets.recordings import keep_recording
from tickets.vault import Vault
from tickets.workflow import Status

TICKET_NO = "FQ20261123-0001"


@pytest.fixture
def photos(tmp_path: Path) -> PhotoStore:
    return PhotoStore(tmp_path / "photos")


async def case_file(database: Database, photos: PhotoStore) -> dict[str, bytes]:
    async with database.reading() as session:
        content = await build_case_file(session, TICKET_NO, photos=photos, routing=ROUTING, now=NOW)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
async def filed(database: Database, photos: PhotoStore) -> Database:
    out = io.BytesIO()
    Image.new("RGB", (32, 32), "green").save(out, "PNG")
    stored = photos.save(out.getvalue())
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        await make_ticket(
            session,
            Status.IN_PROGRESS,
            conversation_id=conversation.id,
            photos=(stored.sha256, "f" * 64),
            summary="<script>alert(1)</script>",
            contact="13800000000",
        )
        await make_service(session).reply(TICKET_NO, "正在办\n请等", actor=OFFICER)
    return database


async def test_every_file_matches_the_list_of_hashes(filed: Database, photos: PhotoStore) -> None:
    files = await case_file(filed, photos)

    listed = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert set(files) == {"index.html", "history.json", "conversation.json", "summary.json", "photos/01.jpg"}


async def test_the_chain_can_be_computed_from_the_file_alone(filed: Database, photos: PhotoStore) -> None:
    files = await case_file(filed, photos)
    previous = "0" * 64

    for entry in json.loads(files["history.json"]):
        content = hashlib.sha256(canonical([entry["salt"], entry["text"], entry["data"]])).hexdigest()
        assert (entry["content"], entry["previous"]) == (content, previous)
        covered = {
            key: entry[key]
            for key in ("number", "kind", "actor", "from_status", "to_status", "content", "at", "previous")
        }
        previous = hashlib.sha256(canonical(covered | {"ticket_no": TICKET_NO})).hexdigest()
        assert entry["hash"] == previous

    summary = json.loads(files["summary.json"])
    assert (summary["last_hash"], summary["history_is_whole"]) == (previous, True)
    assert summary["missing_photos"] == ["f" * 64]


async def test_the_page_shows_words_as_words(filed: Database, photos: PhotoStore) -> None:
    page = (await case_file(filed, photos))["index.html"].decode()

    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "正在办<br>请等" in page
    assert "13800000000" not in page


async def test_the_page_says_what_was_done_and_not_only_why(filed: Database, photos: PhotoStore) -> None:
    async with filed.transaction() as session:
        oversight = make_service(session).bound(Oversight)
        application = await oversight.apply_extension(TICKET_NO, "要鉴定", actor=OFFICER)
        await oversight.rule(application, True, actor=SUPERVISOR, note="抓紧")
        await make_service(session).add_after_photos(TICKET_NO, ["e" * 64], actor=OFFICER)
        await make_service(session).assign(TICKET_NO, department="squad_gaoshan", actor=SUPERVISOR)

    page = (await case_file(filed, photos))["index.html"].decode()

    assert "同意延期，办理时限改为2026年12月21日 18:00<br>抓紧" in page
    assert "处理后的照片1张" in page
    assert "承办单位：高山中队" in page
    assert "照片校验<td>2张已不在，见 summary.json" in page


async def test_a_photo_that_was_changed_is_named(filed: Database, photos: PhotoStore, tmp_path: Path) -> None:
    for path in (tmp_path / "photos").rglob("photos/*/*.jpg"):
        path.write_bytes(path.read_bytes() + b"!")

    files = await case_file(filed, photos)

    assert json.loads(files["summary.json"])["changed_photos"] == ["photos/01.jpg"]
    assert "1张的文件被改动过" in files["index.html"].decode()


async def test_the_conversation_is_in_it_but_not_of_somebody_who_wants_to_stay_unknown(
    database: Database, photos: PhotoStore
) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        for text in ("有人倒垃圾", "电话13800000000"):
            await receive(session, conversation, text, {"text": text}, NOW)
        filed = await make_ticket(session, conversation_id=conversation.id)
        sealed = await make_ticket(session, conversation_id=conversation.id, reporter_mode="confidential")

    said = {}
    for ticket_no in (filed.ticket_no, sealed.ticket_no):
        async with database.reading() as session:
            content = await build_case_file(
                session,
                ticket_no,
                photos=photos,
                routing=ROUTING,
                now=NOW,
                words=lambda content: str(content["text"]).replace("13800000000", "【电话】"),
            )
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            said[ticket_no] = [row["text"] for row in json.loads(archive.read("conversation.json"))]
    assert said[filed.ticket_no] == ["有人倒垃圾", "电话【电话】"]
    assert said[sealed.ticket_no] == []


async def test_voices_are_in_it_for_those_who_may_hear_them(database: Database, photos: PhotoStore) -> None:
    vault, voice = Vault({"k": bytes(32)}, "k"), b"OggS" + bytes(range(99))
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        sha256 = await keep_recording(session, vault, conversation.id, voice, NOW)
        filed = await make_ticket(session, conversation_id=conversation.id, recordings=(sha256,))

    async def written(opened_by: Vault | None) -> dict[str, bytes]:
        async with database.reading() as session:
            content = await build_case_file(
                session, filed.ticket_no, photos=photos, routing=ROUTING, now=NOW, vault=opened_by
            )
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    files = await written(vault)
    assert files["recordings/01.ogg"] == voice
    assert f"{sha256}  recordings/01.ogg\n" in files["SHA256SUMS"].decode()
    assert 'src="recordings/01.ogg"' in files["index.html"].decode()
    silent = await written(None)
    assert "recordings/01.ogg" not in silent
    assert json.loads(silent["summary.json"])["recordings"] == [sha256]
    async with database.transaction() as session:
        ticket = await make_service(session).find_for_change(filed.ticket_no)
        ticket.reporter_mode = ReporterMode.CONFIDENTIAL
    assert "recordings/01.ogg" not in await written(vault)


async def test_what_was_erased_stays_erased(filed: Database, photos: PhotoStore) -> None:
    async with filed.transaction() as session:
        privacy = make_service(session).bound(Privacy)
        ticket = await privacy.find_for_change(TICKET_NO)
        await privacy.erase_ticket(ticket, SUPERVISOR, "申请", photos.delete)

    files = await case_file(filed, photos)

    assert "（已删除）" in files["index.html"].decode()
    assert json.loads(files["summary.json"])["history_is_whole"]


async def test_an_unknown_ticket_has_no_file(database: Database, photos: PhotoStore) -> None:
    async with database.reading() as session:
        with pytest.raises(TicketNotFound):
            await build_case_file(session, TICKET_NO, photos=photos, routing=ROUTING, now=NOW)


async def test_what_officers_sent_along_is_in_it(filed: Database, photos: PhotoStore) -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    enclosed = Enclosures((photos.save(out.getvalue()).sha256,), (checked_file("告知书.pdf", PDF),))
    vault = Vault({"k1": bytes(32)}, "k1")
    async with filed.transaction() as session:
        service = make_service(session, vault=vault, notice=render_notice)
        await service.reply(TICKET_NO, "请看附件", actor=OFFICER, enclosed=enclosed)

    async with filed.reading() as session:
        content = await build_case_file(
            session, TICKET_NO, photos=photos, routing=ROUTING, now=NOW, vault=vault
        )

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("sent/02.pdf") == PDF
        assert archive.read("sent/01.jpg").startswith(b"\xff\xd8")
        assert "告知书.pdf" in archive.read("conversation.json").decode()
        assert hashlib.sha256(PDF).hexdigest() in archive.read("history.json").decode()
