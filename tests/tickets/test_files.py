"""Made files: sealed, bound to their conversation, gone in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import NOW
from tickets import conversations
from tickets.database import Database
from tickets.errors import ContactSealed
from tickets.files import KEEP_DAYS, MAX_FILE_BYTES, expire_files, keep_file, read_file, read_file_by_id
from tickets.models import MadeFile
from tickets.personal_data import PersonalData
from tickets.values import Actor
from tickets.vault import Vault

VAULT = Vault({"k1": bytes(32)}, "k1")
WORDS = "行政复议申请书：林大山"


async def made(database: Database, address: str = "a", words: str = WORDS) -> str:
    async with database.transaction() as session:
        conversation = await conversations.open_conversation(session, "web", address, NOW)
        return await keep_file(
            session,
            VAULT,
            conversation.id,
            name="申请书.docx",
            media_type="application/x",
            content=words.encode(),
            now=NOW,
        )


async def test_a_file_comes_back_whole_to_its_own_conversation_only(database: Database) -> None:
    sha256 = await made(database)
    await made(database, "b", "别的")

    async with database.reading() as session:
        mine = await read_file(session, VAULT, "web", "a", sha256)
        assert await read_file(session, VAULT, "web", "b", sha256) is None
        assert await read_file(session, VAULT, "telegram", "a", sha256) is None

    assert mine is not None
    assert (mine.name, mine.content.decode()) == ("申请书.docx", WORDS)
    assert WORDS not in repr(mine)


async def test_the_stored_bytes_are_sealed_and_bound_to_the_conversation(database: Database) -> None:
    sha256 = await made(database)
    await made(database, "b", "别的")

    async with database.transaction() as session:
        content = await session.scalar(sa.select(MadeFile.content).where(MadeFile.sha256 == sha256))
        assert content is not None
        assert WORDS.encode() not in content
        await session.execute(sa.update(MadeFile).where(MadeFile.sha256 != sha256).values(content=content))
        stolen = (await session.scalars(sa.select(MadeFile.id).where(MadeFile.sha256 != sha256))).one()
        session.expire_all()
        with pytest.raises(ContactSealed):
            await read_file_by_id(session, VAULT, stolen)


async def test_the_same_bytes_are_stored_once(database: Database) -> None:
    assert await made(database) == await made(database)

    async with database.reading() as session:
        assert await session.scalar(sa.select(sa.func.count(MadeFile.id))) == 1


@pytest.mark.parametrize("content", [b"", b"x" * (MAX_FILE_BYTES + 1)], ids=["empty", "huge"])
async def test_nothing_empty_and_nothing_huge(database: Database, content: bytes) -> None:
    async with database.transaction() as session:
        conversation = await conversations.open_conversation(session, "web", "a", NOW)
        with pytest.raises(ValueError, match="bytes"):
            await keep_file(
                session, VAULT, conversation.id, name="a", media_type="b", content=content, now=NOW
            )


async def test_files_go_after_their_time(database: Database) -> None:
    await made(database)

    async with database.transaction() as session:
        assert await expire_files(session, NOW + timedelta(days=KEEP_DAYS)) == 0
        assert await expire_files(session, NOW + timedelta(days=KEEP_DAYS, seconds=1)) == 1
        assert await session.scalar(sa.select(sa.func.count(MadeFile.id))) == 0


async def test_erasing_a_person_erases_their_files(database: Database) -> None:
    await made(database)
    await made(database, "b")

    async with database.transaction() as session:
        # Neither routing nor calendar is asked for this.
        privacy = PersonalData(session, routing=None, calendar=None, now=NOW)  # type: ignore[arg-type]  # unused
        exported = await privacy.export(1)
        await privacy.erase(1, actor=Actor.system(), reason="本人申请", delete_photo=print)
        left = (await session.scalars(sa.select(MadeFile.conversation_id))).all()

    (file,) = exported["files"]
    assert (file["name"], file["made_at"]) == ("申请书.docx", NOW.isoformat())
    assert left == [2]
