"""Sealed contact data, export and erasure."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import (
    CALENDAR,
    NOW,
    OFFICER,
    ROUTING,
    SUPERVISOR,
    make_conversation,
    make_new_ticket,
    make_service,
)
from tickets.conversations import receive
from tickets.database import Database
from tickets.errors import ActorNotAllowed, ContactSealed, ConversationNotFound, NoteRequired, TicketNotFound
from tickets.files import keep_file, read_file_by_id
from tickets.live import LiveDesk
from tickets.models import (
    Base,
    Conversation,
    Entry,
    EntryKind,
    Feedback,
    Gap,
    GapGroup,
    GapKind,
    Message,
    Ticket,
    WebhookSubscription,
)
from tickets.oversight import Oversight
from tickets.paper_drafts import PaperDrafts
from tickets.personal_data import PersonalData
from tickets.recordings import keep_recording, recording_for
from tickets.resealing import lost_key, reseal
from tickets.values import Actor
from tickets.vault import Vault
from tickets.verification import verify
from tickets.webhooks import subscribe
from tickets.workflow import ActorKind

TICKET_NO = "FQ20261123-0001"
PHONE = "13800000000"
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
VAULT = Vault({"k1": OLD}, "k1")
COLLEAGUE = Actor(ActorKind.OFFICER, "1", "林工", "officer", "squad_longtian")


def privacy(session: AsyncSession, vault: Vault | None = VAULT) -> PersonalData:
    return PersonalData(session, routing=ROUTING, calendar=CALENDAR, now=NOW, vault=vault)


async def filed(database: Database, **changes: Any) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        await receive(session, conversation, "1", {"text": "我叫王某，电话" + PHONE}, NOW)
        new = make_new_ticket(
            contact=PHONE, conversation_id=conversation.id, photos=("a" * 64, "b" * 64), **changes
        )
        await make_service(session, vault=VAULT).file(new)
        await make_service(session).reply(TICKET_NO, "王先生您好", actor=OFFICER)


async def everything(database: Database) -> str:
    """All words in all tables that can hold a person's."""
    async with database.reading() as session:
        rows: list[Any] = []
        for table in ("tickets", "entries", "messages", "conversations", "attachments"):
            rows += (await session.execute(sa.text(f"SELECT * FROM {table}"))).all()  # noqa: S608 - our words
    return str(rows)


def test_a_vault_opens_what_it_sealed_for_that_ticket_only() -> None:
    sealed = VAULT.seal(PHONE, "A")

    assert PHONE not in sealed
    assert sealed != VAULT.seal(PHONE, "A")
    assert VAULT.open(sealed, "A") == PHONE
    with pytest.raises(ContactSealed):
        VAULT.open(sealed, "B")


@pytest.mark.parametrize(
    "broken", ["sealed:k1:AAAA", "sealed:k9:AAAA", "sealed:k1", "sealed:k1:!:x", "sealed:"]
)
def test_a_vault_refuses_what_was_changed(broken: str) -> None:
    with pytest.raises(ContactSealed):
        VAULT.open(broken, "A")


def test_a_vault_reads_what_was_stored_before_there_was_one() -> None:
    assert VAULT.open(PHONE, "A") == PHONE


def test_a_vault_seals_bytes() -> None:
    sealed = VAULT.seal_bytes(b"photo")

    assert VAULT.open_bytes(sealed) == b"photo"
    for broken in (b"", sealed[:-1], b"\x02k9" + sealed[3:]):
        with pytest.raises(ContactSealed):
            VAULT.open_bytes(broken)


@pytest.mark.parametrize(("keys", "current"), [({}, "k1"), ({"k1": b"short"}, "k1"), ({"K:1": OLD}, "K:1")])
def test_a_vault_wants_good_keys(keys: dict[str, bytes], current: str) -> None:
    with pytest.raises(ValueError, match="key"):
        Vault(keys, current)


async def test_contact_data_is_sealed_in_the_database(database: Database) -> None:
    await filed(database)

    async with database.reading() as session:
        stored = await session.scalar(sa.select(Ticket.contact))
    assert stored is not None
    assert stored.startswith("sealed:k1:")


async def test_keys_can_be_changed(database: Database) -> None:
    await filed(database)
    both = Vault({"k1": OLD, "k2": NEW}, "k2")

    async with database.transaction() as session:
        recording = await keep_recording(session, VAULT, 1, b"OggS", NOW)
        paper = await keep_file(session, VAULT, 1, name="a.docx", media_type="a/b", content=b"paper", now=NOW)
        await subscribe(session, name="a", url="https://example.com/", vault=VAULT, now=NOW)
        hook = (await session.scalars(sa.select(WebhookSubscription))).one()
        await privacy(session).bound(PaperDrafts).save(1, {"name": "林大山"})
        secret = VAULT.open(hook.secret, "webhook:a")
        await session.flush()

        assert await reseal(session, both) == 5
        assert await reseal(session, both) == 0
        only_new = Vault({"k2": NEW}, "k2")
        shown = await privacy(session, only_new).reveal_contact(TICKET_NO, "回访", actor=SUPERVISOR)
        ticket = await session.get_one(Ticket, 1)
        heard = await recording_for(session, only_new, ticket, recording)
        read = await read_file_by_id(session, only_new, 1)
        drafts = privacy(session, only_new).bound(PaperDrafts)
        assert (await drafts.load(1), only_new.open(hook.secret, "webhook:a")) == ({"name": "林大山"}, secret)
    assert (shown, heard and heard.content, read and read.content) == (PHONE, b"OggS", b"paper")
    assert paper


async def test_a_look_at_the_contact_needs_a_reason_and_is_recorded(database: Database) -> None:
    await filed(database)

    async with database.transaction() as session:
        assert await privacy(session).reveal_contact(TICKET_NO, "约时间看现场", actor=COLLEAGUE) == PHONE
        with pytest.raises(NoteRequired):
            await privacy(session).reveal_contact(TICKET_NO, " ", actor=COLLEAGUE)

    async with database.reading() as session:
        entry = (await session.scalars(sa.select(Entry).order_by(Entry.number.desc()))).first()
    assert entry is not None
    assert (entry.kind, entry.actor_name, entry.text) == (EntryKind.UNSEAL, "林工", "约时间看现场")


@pytest.mark.parametrize(
    ("mode", "role", "department", "may"),
    [
        ("real_name", "officer", "squad_longtian", True),
        ("real_name", "officer", "squad_gaoshan", False),
        ("real_name", "auditor", "squad_longtian", False),
        ("real_name", "supervisor", None, True),
        ("confidential", "officer", "squad_longtian", False),
        ("confidential", "unit_head", "squad_longtian", False),
        ("confidential", "supervisor", None, True),
    ],
)
async def test_who_may_look(
    database: Database, mode: str, role: str, department: str | None, may: bool
) -> None:
    await filed(database, reporter_mode=mode)
    actor = Actor(ActorKind.OFFICER, "3", "某某", role, department)

    async with database.transaction() as session:
        if may:
            assert await privacy(session).reveal_contact(TICKET_NO, "核实", actor=actor) == PHONE
        else:
            with pytest.raises(ActorNotAllowed):
                await privacy(session).reveal_contact(TICKET_NO, "核实", actor=actor)


async def test_sealed_data_stays_sealed_without_keys(database: Database) -> None:
    await filed(database)

    async with database.transaction() as session:
        with pytest.raises(ContactSealed):
            await privacy(session, None).reveal_contact(TICKET_NO, "核实", actor=SUPERVISOR)


async def test_export_has_what_is_theirs_and_no_inner_notes(database: Database) -> None:
    await filed(database)
    async with database.transaction() as session:
        await make_service(session).add_note(TICKET_NO, "内部意见", actor=OFFICER)

    async with database.reading() as session:
        exported = await privacy(session).export(1)
        with pytest.raises(ConversationNotFound):
            await privacy(session).export(99)

    [ticket] = exported["tickets"]
    assert (ticket["contact"], ticket["summary"]) == (PHONE, "路边倒了一车装修垃圾")
    assert [entry["kind"] for entry in ticket["entries"]] == ["submitted", "reply"]
    assert [message["sender"] for message in exported["messages"]] == ["citizen", "officer"]
    assert "内部意见" not in str(exported)


async def test_erasing_leaves_a_skeleton_with_a_tombstone(database: Database) -> None:
    await filed(database)
    deleted: list[str] = []

    async with database.transaction() as session:
        count = await privacy(session).erase(
            1, actor=SUPERVISOR, reason="本人书面申请", delete_photo=deleted.append
        )

    assert count == 1
    assert deleted == ["a" * 64, "b" * 64]
    left = await everything(database)
    for word in (PHONE, "王", "装修垃圾", "东华村", "visitor-1", "a" * 64):
        assert word not in left
    async with database.reading() as session:
        assert await verify(session) == []
        ticket = (await session.scalars(sa.select(Ticket))).one()
        assert (ticket.ticket_no, ticket.category) == (TICKET_NO, "illegal_dumping")
        assert (await session.scalars(sa.select(Message.handled_at))).all() == [NOW, NOW]
        entry = (await session.scalars(sa.select(Entry).order_by(Entry.number.desc()))).first()
        assert entry is not None
        assert (entry.kind, entry.text) == (EntryKind.ERASURE, "本人书面申请")
        with pytest.raises(TicketNotFound):
            await make_service(session).status_for(TICKET_NO, conversation_id=1)


async def test_a_photo_that_another_ticket_needs_stays(database: Database) -> None:
    await filed(database)
    async with database.transaction() as session:
        await make_service(session).file(make_new_ticket(photos=("b" * 64,)))
        deleted: list[str] = []
        await privacy(session).erase(1, actor=SUPERVISOR, reason="申请", delete_photo=deleted.append)

    assert deleted == ["a" * 64]


async def test_erasing_says_why_and_whose(database: Database) -> None:
    await filed(database)

    async with database.transaction() as session:
        with pytest.raises(NoteRequired):
            await privacy(session).erase(1, actor=SUPERVISOR, reason="", delete_photo=print)
        with pytest.raises(ConversationNotFound):
            await privacy(session).erase(9, actor=SUPERVISOR, reason="申请", delete_photo=print)
        assert (await session.get_one(Conversation, 1)).address == "visitor-1"


# Every table that says whose a row is, and every one that hangs on a ticket, a message or a group of them.
KEPT_ABOUT_A_PERSON = {
    "campaign_messages",
    "feedback",
    "followers",
    "gaps",
    "live_talks",
    "made_files",
    "messages",
    "outbox_items",
    "paper_drafts",
    "recordings",
    "tickets",
    "topic_subscriptions",
}
KEPT_ABOUT_A_TICKET = {
    "answer_drafts",
    "api_filings",
    "applications",
    "attachments",
    "checks",
    "entries",
    "followers",
    "live_talks",
    "messages",
    "recordings",
    "staff_topics",
    "tickets",
    "webhook_deliveries",
}


def test_no_table_about_a_person_is_forgotten() -> None:
    """Whoever adds one here has to see to it that it is exported and erased, too."""
    tables = Base.metadata.tables
    of_a_person = {
        name
        for name, table in tables.items()
        for key in table.foreign_keys
        if key.column.table.name in {"conversations", "messages"} and key.parent.name != "ticket_id"
    }
    of_a_ticket = {
        name
        for name, table in tables.items()
        for key in table.foreign_keys
        if key.column.table.name == "tickets"
    }

    # No attachment is made of a message: a photo stands in the message itself.
    assert of_a_person - {"attachments"} == KEPT_ABOUT_A_PERSON
    assert of_a_ticket == KEPT_ABOUT_A_TICKET


async def test_export_and_erasure_reach_everything(database: Database) -> None:
    """A report under way, a talk, a voice message, a paper, a rating, a question of the quality desk, an
    application of the unit: all of it is handed out if it is the citizen's, and none of it is left.
    """
    await filed(database)
    word = "王某的秘密"
    async with database.transaction() as session:
        conversation = await session.get_one(Conversation, 1)
        conversation.state = {"put_aside": {"what": word}}
        message = await receive(session, conversation, "2", {"text": word}, NOW)
        assert message is not None
        voice = await keep_recording(session, VAULT, 1, b"OggS" + word.encode(), NOW)
        await make_service(session, vault=VAULT).bound(PaperDrafts).save(1, {"name": word})
        await keep_file(
            session, VAULT, conversation_id=1, name=f"{word}.ics", media_type="text/calendar",
            content=word.encode(), now=NOW,
        )  # fmt: skip
        session.add(
            Feedback(message_id=message.id, conversation_id=1, helpful=False, question=word, created_at=NOW)
        )
        group = GapGroup(title=word, count=1, created_at=NOW, updated_at=NOW)
        session.add(group)
        await session.flush()
        session.add(
            Gap(group_id=group.id, kind=GapKind.DISLIKED, text=word, message_id=message.id, created_at=NOW)
        )
        await make_service(session).bound(LiveDesk).ask(1, TICKET_NO)
        await make_service(session).bound(Oversight).hand_back(TICKET_NO, word, actor=OFFICER)
        ticket = (await session.scalars(sa.select(Ticket))).one()
        ticket.rating, ticket.rating_reason, ticket.is_solved = 1, word, False

    async with database.transaction() as session:
        exported = await privacy(session).export(1)
        files = await privacy(session).files_about(1)
        assert exported["conversation"]["state"]["put_aside"]["what"] == word
        assert exported["paper_draft"] == {"name": word}
        assert [row["question"] for row in exported["feedback"]] == [word]
        assert exported["answer_quality"] == [word]
        assert exported["talk_with_a_person"] is not None
        assert [row["sha256"] for row in exported["recordings"]] == [voice]
        assert exported["files"][0]["name"] == f"{word}.ics"
        assert (exported["tickets"][0]["rating_reason"], exported["tickets"][0]["is_solved"]) == (word, False)
        assert sorted(name.partition("/")[0] for name in files) == ["files", "recordings"]
        assert all(word.encode() in content for content in files.values())
        await privacy(session).erase(1, actor=SUPERVISOR, reason="本人申请", delete_photo=lambda _: None)

    async with database.reading() as session:
        assert await verify(session) == []
        left = [
            str((await session.execute(sa.select(table))).all()) for table in Base.metadata.tables.values()
        ]
    assert word not in "".join(left)
    assert PHONE not in "".join(left)


async def test_a_ticket_of_another_system_is_exported_and_erased_alone(database: Database) -> None:
    async with database.transaction() as session:
        await make_service(session, vault=VAULT).file(make_new_ticket(contact=PHONE))
        person = privacy(session)
        assert await person.conversation_of(TICKET_NO) is None
        assert (await person.export_alone(TICKET_NO))["tickets"][0]["contact"] == PHONE
        with pytest.raises(NoteRequired):
            await person.erase_alone(TICKET_NO, actor=SUPERVISOR, reason=" ", delete_photo=print)
        await person.erase_alone(TICKET_NO, actor=SUPERVISOR, reason="申请", delete_photo=print)

    assert "装修垃圾" not in await everything(database)
    async with database.reading() as session:
        assert await verify(session) == []


@pytest.mark.parametrize(
    ("vault", "says"),
    [
        (VAULT, None),
        (Vault({"k2": NEW}, "k2"), "k1 is not among the keys"),
        (Vault({"k1": NEW}, "k1"), "k1 does not fit"),
    ],
    ids=["right", "missing", "wrong"],
)
async def test_a_lost_or_wrong_key_is_noticed_by_name(
    database: Database, vault: Vault, says: str | None
) -> None:
    async with database.reading() as session:
        assert await lost_key(session, vault) is None
    await filed(database)

    async with database.reading() as session:
        found = await lost_key(session, vault)
    assert (says or "") in (found or "")
    assert (found is None) == (says is None)
