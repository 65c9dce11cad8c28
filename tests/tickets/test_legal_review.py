"""法制审核: what the citizen reads has been approved by somebody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import CALENDAR, NOW, ROUTING, make_conversation, make_officer, make_service, make_ticket
from tickets.consultation_rules import MARKED, load_consultation_rules
from tickets.database import Database
from tickets.errors import (
    ActorNotAllowed,
    BotError,
    DraftNotOpen,
    NoteRequired,
    OwnDraft,
    ReviewRequired,
    RoutingError,
    StaleVersion,
    TransitionNotAllowed,
)
from tickets.legal_review import LegalReview
from tickets.live import LiveDesk
from tickets.models import AnswerDraft, DraftState, Entry, EntryKind, Message, Role, Ticket
from tickets.values import Actor
from tickets.verification import verify
from tickets.workflow import ActorKind, Status, TicketKind

TICKET_NO = "FQ20261123-0001"
PLAIN = "请到镇村建站窗口提交申请。"
PENALTY = "依照《行政处罚法》第三十三条，初次违法且危害后果轻微的，可以不予处罚。"
ADVISER = Actor(ActorKind.OFFICER, "1", "安律师", role=Role.LEGAL_ADVISER)
REVIEWER = Actor(ActorKind.OFFICER, "2", "白科长", role=Role.LEGAL_REVIEWER)
ADMINISTRATOR = Actor(ActorKind.OFFICER, "3", "陈主任", role=Role.ADMINISTRATOR)


def review(session: AsyncSession, **later: float) -> LegalReview:
    return LegalReview(session, routing=ROUTING, calendar=CALENDAR, now=NOW + timedelta(**later))


@pytest.fixture
async def asked(database: Database) -> Database:
    """A consultation of a citizen who listens; three officers."""
    async with database.transaction() as session:
        for actor in (ADVISER, REVIEWER, ADMINISTRATOR):
            await make_officer(
                session,
                username=f"u{actor.id}",
                display_name=actor.name,
                role=Role(actor.role),
                department="legal",
            )
        conversation = await make_conversation(session)
        await make_ticket(
            session,
            kind="consultation",
            category="other",
            summary="会罚款吗",
            place=None,
            conversation_id=conversation.id,
        )
    return database


async def submitted(database: Database, **changes: bool) -> int:
    async with database.transaction() as session:
        return (await review(session).submit(TICKET_NO, PENALTY, actor=ADVISER, **changes)).id


async def told(database: Database) -> list[str]:
    async with database.reading() as session:
        assert await verify(session) == []
        return [row.content["text"] for row in await session.scalars(sa.select(Message).order_by(Message.id))]


async def refused(
    database: Database, error: type[BotError], method: str, *given: object, **named: object
) -> None:
    async def call() -> None:
        async with database.transaction() as session:
            await getattr(review(session), method)(*given, **named)

    with pytest.raises(error):
        await call()


@pytest.mark.parametrize(
    ("kind", "categories", "text", "codes"),
    [
        ("consultation", ["other"], PLAIN, []),
        ("consultation", ["other"], PENALTY, ["penalty"]),
        ("consultation", ["other"], "会被罚 \n款的", ["penalty"]),
        ("consultation", ["other"], "可以申请行政复议，也可能被强制拆除", ["coercion", "remedy"]),
        ("consultation", ["other", "illegal_construction"], PLAIN, ["building"]),
        ("complaint", ["illegal_construction"], PENALTY, []),
    ],
)
def test_the_rules_say_which_answers_are_reviewed(
    kind: str, categories: list[str], text: str, codes: list[str]
) -> None:
    assert ROUTING.consultations.reasons(TicketKind(kind), categories, text) == codes


def test_every_reason_has_a_name_for_officers() -> None:
    names = ROUTING.consultations.reason_names(["penalty", MARKED, "dropped"])

    assert names == ["涉及行政处罚", "答复人申请审核", "dropped"]


@pytest.mark.parametrize(
    "change",
    [
        ("other_category", "categories: [illegal_construction]", "categories: [ufo]"),
        ("role", "legal_adviser", "wizard"),
        ("missing", "department: legal", "office: legal"),
    ],
)
def test_rules_with_a_mistake_are_refused(change: tuple[str, str, str], tmp_path: Path) -> None:
    from tickets.categories import DATA_FOLDER

    text = (DATA_FOLDER / "consultations.yml").read_text(encoding="utf-8")
    (tmp_path / "consultations.yml").write_text(text.replace(change[1], change[2]), encoding="utf-8")

    with pytest.raises(RoutingError, match=r"consultations\.yml"):
        load_consultation_rules(tmp_path)


async def test_no_way_around_the_review_leads_to_the_citizen(asked: Database) -> None:
    async with asked.transaction() as session:
        service = make_service(session)
        with pytest.raises(ReviewRequired) as caught:
            await service.reply(TICKET_NO, PENALTY, actor=ADVISER)
        assert caught.value.reasons == ["penalty"]
        await service.change_status(TICKET_NO, Status.ACCEPTED, actor=ADVISER)
        with pytest.raises(ReviewRequired):
            await service.change_status(TICKET_NO, Status.RESOLVED, actor=ADVISER, note=PENALTY)
        await service.reply(TICKET_NO, PLAIN, actor=ADVISER)
        await service.change_status(TICKET_NO, Status.RESOLVED, actor=ADVISER, note="已答复")

    assert not any(PENALTY in text for text in await told(asked))


async def test_a_live_talk_about_the_question_is_no_way_around_either(asked: Database) -> None:
    async with asked.transaction() as session:
        live = review(session).bound(LiveDesk)
        await live.take_over(1, actor=ADVISER, ticket_no=TICKET_NO)
        with pytest.raises(ReviewRequired):
            await live.say(1, PENALTY, actor=ADVISER)
        await live.say(1, PLAIN, actor=ADVISER)
        with pytest.raises(ReviewRequired):
            await live.hand_back(1, PENALTY, actor=ADVISER)

    assert not any(PENALTY in text for text in await told(asked))


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("您好！", False),
        ("您好，请稍等，我查一下。", False),
        ("房子在哪个镇？是什么时候盖的?", False),
        ("您好，可以盖三层。", True),
        ("可以", True),
        ("可以盖。您在哪个镇？", True),
        ("", False),
    ],
)
def test_what_only_asks_or_greets_is_no_answer(text: str, states: bool) -> None:
    assert ROUTING.consultations.states_something(text) is states


async def test_a_talk_ends_with_a_summary_of_what_was_approved(asked: Database) -> None:
    async with asked.transaction() as session:
        filed = await make_ticket(
            session, kind="consultation", category="illegal_construction", place=None, conversation_id=1
        )
        live = review(session).bound(LiveDesk)
        await live.take_over(1, actor=ADVISER, ticket_no=filed.ticket_no)
        with pytest.raises(ReviewRequired):
            await live.hand_back(1, "说过了", actor=ADVISER)
        draft = await review(session).submit(filed.ticket_no, PLAIN, actor=ADVISER)
        await review(session).approve(draft.id, actor=REVIEWER)
        await live.hand_back(1, "见审核过的答复", actor=ADVISER, resolve=True)
        assert (await make_service(session).find(filed.ticket_no)).status is Status.RESOLVED
        # Whoever asks again gets an answer that was reviewed again.
        later = make_service(session, now=NOW + timedelta(days=1))
        await later.change_status(filed.ticket_no, Status.REOPENED, actor=ADMINISTRATOR, note="还有疑问")
        await later.change_status(filed.ticket_no, Status.IN_PROGRESS, actor=ADVISER)
        with pytest.raises(ReviewRequired):
            await later.change_status(filed.ticket_no, Status.RESOLVED, actor=ADVISER, note=PLAIN)


async def test_a_category_that_is_always_reviewed_still_accepts_and_resolves(asked: Database) -> None:
    async with asked.transaction() as session:
        service = make_service(session)
        filed = await make_ticket(session, kind="consultation", category="illegal_construction", place=None)
        await service.change_status(filed.ticket_no, Status.ACCEPTED, actor=ADVISER)
        with pytest.raises(ReviewRequired):
            await service.change_status(filed.ticket_no, Status.RESOLVED, actor=ADVISER, note=PLAIN)
        draft = await review(session).submit(filed.ticket_no, PLAIN, actor=ADVISER)
        await review(session).approve(draft.id, actor=REVIEWER)
        await service.change_status(filed.ticket_no, Status.RESOLVED, actor=ADVISER, note="已答复")
        ticket = await service.find(filed.ticket_no)

    assert ticket.status is Status.RESOLVED


async def test_the_citizen_reads_the_answer_once_it_is_approved(asked: Database) -> None:
    draft_id = await submitted(asked)
    assert await told(asked) == []
    async with asked.transaction() as session:
        assert [row.draft.id for row in await review(session).queue()] == [draft_id]
        await review(session, hours=1).approve(draft_id, actor=REVIEWER, note="依据准确")

    assert len(await told(asked)) == 1
    async with asked.reading() as session:
        ticket = (await session.scalars(sa.select(Ticket))).one()
        entries = list(await session.scalars(sa.select(Entry).order_by(Entry.number)))
        draft = await session.get_one(AnswerDraft, draft_id)
        assert await review(session).queue() == []
    assert (ticket.status, ticket.first_replied_at) == (Status.SUBMITTED, NOW + timedelta(hours=1))
    assert [entry.kind for entry in entries[-3:]] == [EntryKind.REVIEW, EntryKind.REVIEW, EntryKind.REPLY]
    assert (entries[-1].text, entries[-1].actor_id, entries[-1].data["reviewed_by"]) == (PENALTY, "1", "2")
    assert (draft.state, draft.reviewer_id, draft.note) == (DraftState.APPROVED, 2, "依据准确")


async def test_an_approved_answer_may_resolve_the_ticket(asked: Database) -> None:
    draft_id = await submitted(asked, resolves=True)
    async with asked.transaction() as session:
        await review(session).approve(draft_id, actor=REVIEWER)

    assert len(await told(asked)) == 2
    async with asked.reading() as session:
        assert (await session.scalars(sa.select(Ticket.status))).one() is Status.RESOLVED


async def test_a_returned_answer_says_why_and_is_written_anew(asked: Database) -> None:
    first = await submitted(asked)
    await refused(asked, NoteRequired, "send_back", first, " ", actor=REVIEWER)
    async with asked.transaction() as session:
        await review(session).send_back(first, "还要写明申请条件", actor=REVIEWER)
    second = await submitted(asked)

    assert await told(asked) == []
    async with asked.reading() as session:
        drafts = await review(session).drafts_of(1)
    assert [(row.draft.id, row.draft.state) for row in drafts] == [
        (second, DraftState.PENDING),
        (first, DraftState.RETURNED),
    ]
    assert drafts[1].reviewer is not None
    assert drafts[1].reviewer.display_name == "白科长"


async def test_nobody_approves_what_they_wrote(asked: Database) -> None:
    async with asked.transaction() as session:
        own = await review(session).submit(TICKET_NO, PLAIN, actor=ADMINISTRATOR)
        assert own.reasons == [MARKED]
    await refused(asked, OwnDraft, "approve", own.id, actor=ADMINISTRATOR)
    await refused(asked, ActorNotAllowed, "approve", own.id, actor=ADVISER)
    async with asked.transaction() as session:
        await review(session).withdraw(own.id, actor=ADMINISTRATOR)
        other = await review(session).submit(TICKET_NO, PENALTY, actor=ADVISER)

    # An earlier draft of the same answer makes them an author, too.
    await refused(asked, OwnDraft, "approve", other.id, actor=ADMINISTRATOR)
    await refused(asked, DraftNotOpen, "approve", own.id, actor=REVIEWER)


async def test_the_database_itself_refuses_one_pair_of_eyes(asked: Database) -> None:
    draft_id = await submitted(asked)

    for change in ("state = 'approved', reviewer_id = author_id", "state = 'approved'"):
        with pytest.raises(sa.exc.IntegrityError):
            async with asked.transaction() as session:
                await session.execute(
                    sa.text(f"UPDATE answer_drafts SET {change} WHERE id = :id"),  # noqa: S608 - constant
                    {"id": draft_id},
                )


async def test_one_draft_at_a_time_and_only_for_what_is_open(asked: Database) -> None:
    draft_id = await submitted(asked)
    await refused(asked, DraftNotOpen, "submit", TICKET_NO, PENALTY, actor=ADVISER)
    await refused(asked, StaleVersion, "submit", TICKET_NO, PENALTY, actor=ADVISER, expected_version=1)
    await refused(asked, ActorNotAllowed, "withdraw", draft_id, actor=REVIEWER)
    await refused(asked, DraftNotOpen, "approve", 99, actor=REVIEWER)
    async with asked.transaction() as session:
        await make_service(session).withdraw(TICKET_NO, conversation_id=1)
    await refused(asked, TransitionNotAllowed, "approve", draft_id, actor=REVIEWER)
    async with asked.transaction() as session:
        await review(session).send_back(draft_id, "诉求人已撤回", actor=REVIEWER)
    await refused(asked, TransitionNotAllowed, "submit", TICKET_NO, PENALTY, actor=ADVISER)


async def test_what_the_citizen_adds_meanwhile_is_shown_to_the_reviewer(asked: Database) -> None:
    draft_id = await submitted(asked)
    async with asked.transaction() as session:
        service = make_service(session, now=NOW + timedelta(minutes=5))
        await service.add_citizen_message(TICKET_NO, "其实是两层", conversation_id=1)
        row = await review(session).row(draft_id)
        added = await review(session).said_since(row.draft)

    assert [entry.text for entry in added] == ["其实是两层"]
