"""Whoever reaches into the database, or into the photo store, with whatever they like: it shows."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import (
    CALENDAR,
    NOW,
    ROUTING,
    SUPERVISOR,
    make_conversation,
    make_new_ticket,
    make_officer,
    make_service,
    make_ticket,
)
from tickets.aftercare import Aftercare
from tickets.casework import ServiceT
from tickets.clock import run_clock
from tickets.columns import Base, UtcDateTime, Word
from tickets.database import Database
from tickets.duplicates import Duplicates
from tickets.legal_review import LegalReview
from tickets.models import (
    AnswerDraft,
    Application,
    Attachment,
    Entry,
    Role,
    Ticket,
    TicketCounter,
)
from tickets.oversight import Oversight
from tickets.photos import PhotoStore
from tickets.privacy import Privacy
from tickets.recordings import keep_recording
from tickets.values import Actor
from tickets.vault import Vault
from tickets.verification import Evidence, verify, verify_all
from tickets.workflow import ActorKind, Status

VAULT = Vault({"k": bytes(32)}, "k")
LIN = Actor(ActorKind.OFFICER, "1", "林工", role=Role.OFFICER)
REVIEWER = Actor(ActorKind.OFFICER, "2", "白科长", role=Role.LEGAL_REVIEWER)
# What the history doesn't tell. A receipt code must not be guessed from a case file, contact data is sealed,
# the rest says nothing of what was done.
UNTOLD = {
    Ticket: {"receipt_code_hash", "request_key", "contact", "version", "updated_at", "followup_at"},
    Entry: set[str](),
    Attachment: {"message_id", "media_type", "width", "height", "created_at", "released_at"},
    AnswerDraft: {"reasons", "resolves"},
    Application: {"department", "wanted_department", "note"},
    TicketCounter: set[str](),
}
# Rows that exist, where a reference needs one.
OTHERS: dict[str, list[Any]] = {
    "officer_id": [2, None],
    "conversation_id": [2, 1],
    "merged_into_id": [4, 1],
    "author_id": [3, 1],
    "reviewer_id": [3],
    "ticket_id": [5, 1],
    "number": [99],
    "rating": [3, 4],
}


def picture(color: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> PhotoStore:
    return PhotoStore(tmp_path / "photos", VAULT.seal_bytes)


@pytest.fixture
async def cases(database: Database, photos: PhotoStore) -> Database:
    """Five tickets to which everything has happened that the history records."""
    before, after = photos.save(picture("red")).sha256, photos.save(picture("green")).sha256

    def at(hours: float) -> Callable[[AsyncSession, type[ServiceT]], ServiceT]:
        return lambda session, kind: kind(
            session, routing=ROUTING, calendar=CALENDAR, now=NOW + timedelta(hours=hours), vault=VAULT
        )

    async with database.transaction() as session:
        for name, role in (("lin", Role.OFFICER), ("bai", Role.LEGAL_REVIEWER), ("chen", Role.SUPERVISOR)):
            await make_officer(session, username=name, role=role)
        for address in ("a", "b"):
            await make_conversation(session, address=address)
        voice = await keep_recording(session, VAULT, 1, b"OggS voice", NOW)
        one = (
            await make_service(session).file(
                make_new_ticket(conversation_id=1, photos=(before,), recordings=(voice,))
            )
        ).ticket_no
        service, oversight = make_service(session, now=NOW + timedelta(hours=1)), at(2)(session, Oversight)
        await service.assign(one, officer_id=1, actor=SUPERVISOR)
        refused = await oversight.hand_back(one, "不归我们", actor=LIN)
        await oversight.rule(refused, False, actor=SUPERVISOR, note="归你们")
        await oversight.supervise(one, "盯紧", actor=SUPERVISOR)
        granted = await oversight.apply_extension(one, "要鉴定", actor=LIN)
        await oversight.rule(granted, True, actor=SUPERVISOR, note="同意")
        await at(3)(session, Aftercare).urge(one, conversation_id=1)
        await service.change_status(one, Status.IN_PROGRESS, actor=LIN)
        await service.change_status(one, Status.RESOLVED, actor=LIN, note="清了", photos=(after,))
        await at(4)(session, Aftercare).rate(one, conversation_id=1, score=2, is_solved=False, reason="还有")
        asked = await make_ticket(session, kind="consultation", category="other", conversation_id=2)
        review = at(5)(session, LegalReview)
        returned = await review.submit(asked.ticket_no, "会处罚", actor=LIN)
        await review.send_back(returned.id, "写清楚", actor=REVIEWER)
        draft = await review.submit(asked.ticket_no, "可以不予处罚", actor=LIN)
        await review.approve(draft.id, actor=REVIEWER, note="可以")
        merged = await make_ticket(session, conversation_id=2)
        await at(6)(session, Duplicates).merge(merged.ticket_no, one, actor=LIN)
        erased = await make_ticket(session, Status.CLOSED, conversation_id=2)
        await at(7)(session, Privacy).erase_ticket(
            await service.find_for_change(erased.ticket_no), SUPERVISOR, "申请", lambda _: None
        )
        await make_ticket(session)
        await run_clock(session, NOW + timedelta(days=40), routing=ROUTING, calendar=CALENDAR)
    return database


@asynccontextmanager
async def reaching_in(database: Database) -> AsyncIterator[AsyncSession]:
    """A transaction past triggers and foreign keys that is undone afterwards."""
    async with database.engine.connect() as connection, AsyncSession(connection) as session:
        if connection.dialect.name == "postgresql":
            await session.execute(sa.text("SET session_replication_role = replica"))
        else:
            await session.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
            for trigger in ("entries_no_update", "entries_no_delete"):
                await session.execute(sa.text(f"DROP TRIGGER {trigger}"))
        try:
            yield session
        finally:
            await session.rollback()
            if connection.dialect.name == "postgresql":
                await session.execute(sa.text("SET session_replication_role = DEFAULT"))


@asynccontextmanager
async def undone(session: AsyncSession) -> AsyncIterator[None]:
    """What is written in it is gone afterwards."""
    nested = await session.begin_nested()
    session.expunge_all()
    yield
    await nested.rollback()


def others(column: sa.Column[Any], value: Any) -> list[Any]:
    """Another value or two that a column could have instead."""
    if column.name in OTHERS:
        return [other for other in OTHERS[column.name] if other != value][:2]
    if isinstance(column.type, Word):
        return [word for word in column.type.words if word != value][:1] + [None] * bool(
            value and column.nullable
        )
    changed: dict[type, Callable[[Any], Any]] = {
        bool: lambda value: not value,
        int: lambda value: value + 1,
        float: lambda value: value + 1,
        datetime: lambda value: value + timedelta(seconds=1),
        str: lambda value: f"{value[:-1]}改",
        list: lambda value: [*value, "dog"],
        dict: lambda value: {**value, "text": "别处"},
    }
    if type(value) in changed:
        return [changed[type(value)](value)]
    return [NOW] if isinstance(column.type, UtcDateTime) else [1] * isinstance(column.type, sa.Integer)


async def unseen(session: AsyncSession, table: type[Base]) -> list[str]:
    """Changes of one column of one row that verification doesn't find."""
    missed = []
    columns = [column for column in table.__table__.columns if column.name not in {"id", *UNTOLD[table]}]
    rows = (await session.execute(sa.select(*columns, table.id.label("row_id")).order_by(table.id))).all()
    # Of the many entries some do.
    for row in rows[::7] if table is Entry else rows:
        for column in columns:
            for other in others(column, getattr(row, column.name))[:1]:
                change = sa.update(table).where(table.id == row.row_id).values({column.name: other})
                async with undone(session):
                    try:
                        await session.execute(change)
                    except sa.exc.IntegrityError:
                        continue
                    if not await verify(
                        session, row.row_id if table is Ticket else getattr(row, "ticket_id", None)
                    ):
                        missed.append(f"{table.__tablename__}.{column.name} {row.row_id}: {other!r}")
    return missed


async def test_a_change_of_any_column_of_any_row_shows(cases: Database) -> None:
    async with reaching_in(cases) as session:
        assert await verify(session) == []

        assert [await unseen(session, table) for table in UNTOLD] == [[]] * len(UNTOLD)

        # What was tried left nothing behind that was found instead.
        assert await verify(session) == []


async def test_any_row_that_is_gone_shows(cases: Database) -> None:
    missed = []
    async with reaching_in(cases) as session:
        for table in UNTOLD:
            for row_id in (await session.scalars(sa.select(table.id))).all():
                async with undone(session):
                    await session.execute(sa.delete(table).where(table.id == row_id))
                    missed += [] if await verify(session) else [(table.__tablename__, row_id)]
        assert await verify(session) == []

    assert missed == []


SLIPPED_IN = """
INSERT INTO entries (id, ticket_id, number, kind, actor_kind, actor_id, actor_name, text, data, at, salt,
 content_digest, previous_hash, hash)
SELECT 999, ticket_id, number + 1, kind, actor_kind, actor_id, actor_name, text, data, at, salt,
 content_digest, hash, previous_hash
FROM entries WHERE ticket_id = 5 AND number = (SELECT entry_count FROM tickets WHERE id = 5)
"""
SWAPPED = [
    "UPDATE entries SET number = 99 WHERE ticket_id = 1 AND number = 2",
    "UPDATE entries SET number = 2 WHERE ticket_id = 1 AND number = 3",
    "UPDATE entries SET number = 3 WHERE ticket_id = 1 AND number = 99",
]
REACHES: list[tuple[list[str], str]] = [
    (["UPDATE entries SET text = '伪造' WHERE erased_at IS NOT NULL AND number = 1"], "content_edited"),
    (["UPDATE entries SET data = '{\"x\": 1}' WHERE erased_at IS NOT NULL"], "content_edited"),
    (["UPDATE entries SET erased_at = NULL WHERE erased_at IS NOT NULL AND number = 2"], "erasure_undone"),
    (SWAPPED, "edited"),
    ([SLIPPED_IN], "extra_entry"),
    ([SLIPPED_IN, "UPDATE tickets SET entry_count = entry_count + 1 WHERE id = 5"], "edited"),
    (["UPDATE ticket_counters SET last_number = 4"], "counter_differs"),
    (["UPDATE ticket_counters SET last_number = 4", "DELETE FROM tickets WHERE id = 5"], "orphaned_entries"),
    (["UPDATE tickets SET ticket_no = 'FQ20261123-0009' WHERE id = 5"], "ticket_missing"),
    (["UPDATE tickets SET merged_into_id = NULL WHERE merged_into_id IS NOT NULL"], "merged_into_differs"),
]


async def test_what_takes_more_than_one_column_shows_too(cases: Database) -> None:
    missed = []
    async with reaching_in(cases) as session:
        for statements, what in REACHES:
            async with undone(session):
                for statement in statements:
                    await session.execute(sa.text(statement))
                found = {problem.what for problem in await verify(session)}
                missed += [] if what in found else [(statements, what, found)]

    assert missed == []


async def test_a_row_that_nobody_can_read_any_more_is_named_and_hides_no_other(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    async with database.transaction() as session:
        for _ in range(3):
            await make_ticket(session)
    async with reaching_in(database) as session:
        await session.execute(sa.text("UPDATE entries SET data = 'nonsense' WHERE ticket_id = 1"))
        await session.execute(sa.text("UPDATE tickets SET created_at = 'yesterday' WHERE id = 2"))
        await session.execute(sa.text("UPDATE tickets SET department = 'sanitation' WHERE id = 3"))

        found = await verify(session)

    assert {(problem.ticket_no[-1], problem.what) for problem in found} == {
        ("1", "unreadable"),
        ("2", "unreadable"),
        ("3", "department_differs"),
    }
    await database.close()


async def test_a_file_that_was_changed_or_is_gone_shows(
    cases: Database, photos: PhotoStore, tmp_path: Path
) -> None:
    async def found() -> list[str]:
        async with cases.reading() as session:
            run = await verify_all(session, evidence=Evidence(photos, VAULT))
        return [problem.what for problem in run.problems]

    assert await found() == []
    one, other = sorted((tmp_path / "photos" / "photos").rglob("*.jpg"))
    one.write_bytes(one.read_bytes() + b"!")
    assert await found() == ["photo_changed"]
    other.unlink()
    assert sorted(await found()) == ["photo_changed", "photo_missing"]
    one.write_bytes(one.read_bytes()[:-1])
    for original in (tmp_path / "photos" / "originals").rglob("*.bin"):
        original.write_bytes(original.read_bytes()[:-1] + b"!")
    assert sorted(await found()) == ["original_changed", "photo_missing"]
    for original in (tmp_path / "photos" / "originals").rglob("*.bin"):
        original.write_bytes(Vault({"lost": bytes(32)}, "lost").seal_bytes(b"x"))
    assert sorted(await found()) == ["original_unreadable", "photo_missing"]


async def test_a_voice_that_was_changed_shows(cases: Database, photos: PhotoStore) -> None:
    async with reaching_in(cases) as session:
        sealed = VAULT.seal_bytes(b"OggS other", "other")
        await session.execute(sa.text("UPDATE recordings SET content = :content"), {"content": sealed})
        run = await verify_all(session, evidence=Evidence(photos, VAULT))
        assert [problem.what for problem in run.problems] == ["recording_changed"]

        await session.execute(sa.text("UPDATE recordings SET sha256 = 'x'"))
        assert [problem.what for problem in await verify(session)] == ["recordings_differ"]


async def test_a_history_written_anew_with_all_its_hashes_shows_beside_what_was_kept(
    database: Database,
) -> None:
    async with database.transaction() as session:
        await make_ticket(session, Status.IN_PROGRESS)
        await make_ticket(session)
    kept: dict[str, tuple[int, str]] = {}

    async with database.reading() as session:
        await verify_all(session, keep=lambda ticket_no, *end: kept.update({ticket_no: end}))
    async with database.transaction() as session:
        await make_service(session).add_note("FQ20261123-0001", "之后的", actor=LIN)
        assert (await verify_all(session, kept=kept)).problems == []
    async with database.transaction() as session:
        # Somebody with the program at hand begins anew.
        for table in ("entries", "tickets", "ticket_counters", "ticket_words"):
            await delete_all(session, table)
        await make_ticket(session)
        await make_ticket(session, summary="没有的事")
        assert await verify(session) == []

        found = (await verify_all(session, kept=kept)).problems

    assert {(problem.ticket_no, problem.number, problem.what) for problem in found} == {
        ("FQ20261123-0001", 4, "rewritten"),
        ("FQ20261123-0002", 1, "rewritten"),
    }


async def delete_all(session: AsyncSession, table: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    else:
        await session.execute(sa.text("DROP TRIGGER IF EXISTS entries_no_delete"))
    await session.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - our own words


async def test_one_unchanging_view_is_verified_while_others_write(
    postgresql_url: str,
) -> None:
    database, other = Database(postgresql_url), Database(postgresql_url)
    async with database.transaction() as session:
        await make_ticket(session)
    async with database.reading() as session:
        ticket = (await session.scalars(sa.select(Ticket))).one()
        async with other.transaction() as writing:
            await make_service(writing).add_note(ticket.ticket_no, "同时", actor=LIN)
            await make_ticket(writing)

        assert await verify(session) == []
    await database.close()
    await other.close()
