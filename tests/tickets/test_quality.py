"""What went badly, put together by matter; labels and cards that come of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, make_conversation, make_officer
from tickets import card_drafts, conversations, quality
from tickets.database import Database
from tickets.errors import (
    ActorNotAllowed,
    AlreadyRuled,
    CardInWork,
    GapNotFound,
    NoteRequired,
    StaleVersion,
    TransitionNotAllowed,
)
from tickets.models import CardDraft, DraftStatus, GapKind, GapOutcome, Officer, Role
from tickets.quality import Missed

CONTENT = {"id": "pigeon_register", "title": "养鸽子要登记吗", "questions": ["鸽子要登记吗"]}


async def miss(database: Database, *texts: str, kind: GapKind = GapKind.UNANSWERED) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        for number, text in enumerate(texts):
            stored = await conversations.receive(
                session, conversation, f"{kind}{number}{text}", {"text": text}, NOW
            )
            assert stored is not None
            await quality.collect(session, Missed(kind, text, stored.id), NOW)


async def people(database: Database) -> tuple[Officer, Officer]:
    async with database.transaction() as session:
        author = await make_officer(session, username="bian", role=Role.KNOWLEDGE_EDITOR)
        reviewer = await make_officer(session, username="shen", role=Role.LEGAL_REVIEWER)
    return author, reviewer


async def test_one_matter_is_one_group(database: Database) -> None:
    await miss(database, "在小区里养鸽子要登记吗", "请问小区养鸽子要不要登记", "没有驾照开老年代步车怎么处罚")

    async with database.reading() as session:
        groups = await quality.open_groups(session)

    assert [(group.title, group.count) for group in groups] == [
        ("在小区里养鸽子要登记吗", 2),
        ("没有驾照开老年代步车怎么处罚", 1),
    ]


async def test_the_same_message_is_kept_once(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        stored = await conversations.receive(session, conversation, "u1", {"text": "养鸽子"}, NOW)
        assert stored is not None
        for kind in (GapKind.UNANSWERED, GapKind.UNCLEAR):
            await quality.collect(session, Missed(kind, "养鸽子要登记吗", stored.id), NOW)

    async with database.reading() as session:
        (group,) = await quality.open_groups(session)
        assert [gap.kind for gap in await quality.messages_of(session, group.id)] == [GapKind.UNANSWERED]
        assert group.count == 1


async def test_groups_can_be_asked_for_by_kind(database: Database) -> None:
    await miss(database, "在小区里养鸽子要登记吗")
    await miss(database, "那个东西要弄一下吧", kind=GapKind.UNCLEAR)

    async with database.reading() as session:
        unclear = await quality.open_groups(session, GapKind.UNCLEAR)

    assert [group.title for group in unclear] == ["那个东西要弄一下吧"]


async def test_a_closed_group_takes_no_more(database: Database) -> None:
    await miss(database, "在小区里养鸽子要登记吗")
    author, _ = await people(database)
    async with database.transaction() as session:
        (group,) = await quality.open_groups(session)
        await quality.close_group(
            session, group.id, GapOutcome.DISMISSED, officer_id=author.id, note="不归我们管", now=NOW
        )

    await miss(database, "小区里养鸽子要不要登记呢")

    async with database.reading() as session:
        assert [group.count for group in await quality.open_groups(session)] == [1]
        assert [group.note for group in await quality.closed_groups(session)] == ["不归我们管"]


async def test_closing_refuses_what_makes_no_sense(database: Database) -> None:
    await miss(database, "在小区里养鸽子要登记吗")
    author, _ = await people(database)
    close = {"officer_id": author.id, "now": NOW}

    async with database.transaction() as session:
        (group,) = await quality.open_groups(session)
        with pytest.raises(NoteRequired):
            await quality.close_group(session, group.id, GapOutcome.DISMISSED, note=" ", **close)
        await quality.close_group(session, group.id, GapOutcome.DISMISSED, note="重复", **close)
        with pytest.raises(AlreadyRuled):
            await quality.close_group(session, group.id, GapOutcome.DISMISSED, note="重复", **close)
        with pytest.raises(GapNotFound):
            await quality.close_group(session, 999, GapOutcome.DISMISSED, note="重复", **close)


async def test_labels_are_kept_once_for_each_text(database: Database) -> None:
    await miss(database, "在小区里养鸽子要登记吗", "在小区里养鸽子要登记吗", "小区养鸽子要不要登记")
    author, _ = await people(database)

    async with database.transaction() as session:
        (group,) = await quality.open_groups(session)
        count = await quality.label_group(
            session, group.id, "legal_consult", "other", officer_id=author.id, now=NOW
        )

    async with database.reading() as session:
        labels = await quality.labels(session)
        assert await quality.open_groups(session) == []
    assert count == 2
    assert {(label.text, label.intent, label.category) for label in labels} == {
        ("在小区里养鸽子要登记吗", "legal_consult", "other"),
        ("小区养鸽子要不要登记", "legal_consult", "other"),
    }


async def write(database: Database, author: Officer, group_id: int | None = None) -> CardDraft:
    async with database.transaction() as session:
        return await card_drafts.start(session, CONTENT, author_id=author.id, group_id=group_id, now=NOW)


async def test_a_card_speaks_after_somebody_else_has_reviewed_it(database: Database) -> None:
    await miss(database, "在小区里养鸽子要登记吗")
    author, reviewer = await people(database)
    async with database.reading() as session:
        (group,) = await quality.open_groups(session)
    draft = await write(database, author, group.id)

    async with database.transaction() as session:
        await card_drafts.submit(session, draft.id, now=NOW)
        with pytest.raises(ActorNotAllowed):
            await card_drafts.publish(session, draft.id, reviewer_id=author.id, note="", now=NOW)
        assert await card_drafts.published(session) == []
        await card_drafts.publish(session, draft.id, reviewer_id=reviewer.id, note="同意", now=NOW)

    async with database.reading() as session:
        assert await card_drafts.published(session) == [CONTENT]
        (closed,) = await quality.closed_groups(session)
    assert (closed.outcome, closed.note) == (GapOutcome.CARD, "pigeon_register")


async def test_a_returned_card_is_mended_and_sent_again(database: Database) -> None:
    author, reviewer = await people(database)
    draft = await write(database, author)

    async with database.transaction() as session:
        await card_drafts.submit(session, draft.id, now=NOW)
        with pytest.raises(NoteRequired):
            await card_drafts.send_back(session, draft.id, reviewer_id=reviewer.id, note="", now=NOW)
        await card_drafts.send_back(session, draft.id, reviewer_id=reviewer.id, note="缺依据", now=NOW)
        found = await card_drafts.find_draft(session, draft.id)
        mended = await card_drafts.save(
            session, draft.id, CONTENT | {"title": "新标题", "id": "other"}, version=found.version, now=NOW
        )

    assert mended.content["title"] == "新标题"
    assert mended.content["id"] == "pigeon_register"
    assert (mended.status, mended.note) == (DraftStatus.DRAFT, "缺依据")


async def test_two_editors_do_not_overwrite_one_another(database: Database) -> None:
    author, _ = await people(database)
    draft = await write(database, author)

    async with database.transaction() as session:
        await card_drafts.save(session, draft.id, CONTENT, version=1, now=NOW)
        with pytest.raises(StaleVersion):
            await card_drafts.save(session, draft.id, CONTENT, version=1, now=NOW)
        with pytest.raises(CardInWork):
            await card_drafts.start(session, CONTENT, author_id=author.id, group_id=None, now=NOW)


@pytest.mark.parametrize("old", DraftStatus)
@pytest.mark.parametrize("new", DraftStatus)
def test_the_table_of_moves(old: DraftStatus, new: DraftStatus) -> None:
    draft = CardDraft(status=old, version=1)

    if new in card_drafts.MOVES[old]:
        card_drafts._move(draft, new, NOW)
        assert draft.status is new
    else:
        with pytest.raises(TransitionNotAllowed):
            card_drafts._move(draft, new, NOW)


async def test_a_withdrawn_version_gives_way_to_the_one_before(database: Database) -> None:
    author, reviewer = await people(database)
    async with database.transaction() as session:
        ids = []
        for number, title in enumerate(("第一版", "第二版")):
            now = NOW + timedelta(hours=number)
            draft = await card_drafts.start(
                session, CONTENT | {"title": title}, author_id=author.id, group_id=None, now=now
            )
            await card_drafts.submit(session, draft.id, now=now)
            await card_drafts.publish(session, draft.id, reviewer_id=reviewer.id, note="", now=now)
            ids.append(draft.id)
        mark = await card_drafts.publication_mark(session)
        assert [content["title"] for content in await card_drafts.published(session)] == ["第二版"]

        await card_drafts.withdraw(session, ids[1], note="有误", now=NOW + timedelta(hours=2))

        assert [content["title"] for content in await card_drafts.published(session)] == ["第一版"]
        assert await card_drafts.publication_mark(session) != mark
