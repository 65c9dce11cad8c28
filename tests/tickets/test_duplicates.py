"""Finding, following, merging and splitting reports of the same matter."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import (
    CALENDAR,
    NOW,
    OFFICER,
    ROUTING,
    make_conversation,
    make_new_ticket,
    make_service,
    make_ticket,
)
from tickets.aftercare import Aftercare
from tickets.casework import find_ticket
from tickets.database import Database
from tickets.duplicates import Duplicates
from tickets.errors import (
    ActorNotAllowed,
    BotError,
    TicketMerged,
    TicketNotFound,
    TransitionNotAllowed,
)
from tickets.models import Entry, Message, Ticket
from tickets.queries import QueueFilter, queue
from tickets.similarity import Weights, pairs
from tickets.values import Actor, NewTicket, Place
from tickets.verification import verify
from tickets.workflow import Status

FIRST, SECOND, THIRD = (f"FQ20261123-000{number}" for number in (1, 2, 3))


def duplicates(session: AsyncSession, days: int = 0) -> Duplicates:
    return Duplicates(session, routing=ROUTING, calendar=CALENDAR, now=NOW + timedelta(days=days))


async def found(database: Database, new: NewTicket, days: int = 0) -> list[str]:
    async with database.reading() as session:
        return [similar.ticket_no for similar in await duplicates(session, days).similar(new)]


async def entries_of(session: AsyncSession, ticket: Ticket) -> list[Entry]:
    return list(await session.scalars(sa.select(Entry).where(Entry.ticket_id == ticket.id)))


async def notices(database: Database) -> list[tuple[int, str]]:
    async with database.reading() as session:
        assert await verify(session) == []
        rows = await session.scalars(sa.select(Message).order_by(Message.id))
        return [(message.conversation_id, message.content["text"]) for message in rows]


@pytest.fixture
async def three(database: Database) -> Database:
    """Three citizens with a ticket each."""
    async with database.transaction() as session:
        for address in ("a", "b", "c"):
            conversation = await make_conversation(session, address=address)
            await make_ticket(session, conversation_id=conversation.id)
    return database


class TestSimilar:
    async def test_finds_the_same_matter_in_other_words(self, database: Database) -> None:
        async with database.transaction() as session:
            await make_ticket(session)
            await make_ticket(session, summary="河边有人烧垃圾", place=Place("高山镇某某桥下"))

        same = make_new_ticket(
            summary="有人把装修垃圾倒在路边没人管", place=Place("福清龙田东华村村口大榕树")
        )
        assert await found(database, same) == [FIRST]

    async def test_does_not_take_the_same_words_elsewhere_for_the_same(self, database: Database) -> None:
        async with database.transaction() as session:
            await make_ticket(session, place=Place("龙田镇玉塘湖公园东门"))

        assert (
            await found(database, make_new_ticket(place=Place("龙田镇上薛小学后面"), summary="垃圾成堆"))
            == []
        )

    @pytest.mark.parametrize(
        ("latitude", "expected"),
        [(25.7205, [FIRST]), (25.7400, []), (None, [])],
        ids=["near", "far", "nowhere"],
    )
    async def test_looks_at_the_distance_where_there_is_one(
        self, database: Database, latitude: float | None, expected: list[str]
    ) -> None:
        place = Place("这里", latitude=25.72, longitude=119.38)
        async with database.transaction() as session:
            await make_ticket(session, summary="倒了一车垃圾", place=place)

        longitude = 119.38 if latitude else None
        new = make_new_ticket(
            summary="有一车垃圾没人清", place=Place("路口", latitude=latitude, longitude=longitude)
        )
        assert await found(database, new) == expected

    async def test_finds_what_was_called_by_another_category(self, database: Database) -> None:
        async with database.transaction() as session:
            await make_ticket(session, category="waste_sorting")
            await make_ticket(session, category="dog", summary="有两条狗半夜一直叫，没人管")
            await make_ticket(session, category="officer_conduct")

        assert await found(database, make_new_ticket()) == [FIRST]

    async def test_leaves_out_what_is_closed_or_old(self, database: Database) -> None:
        async with database.transaction() as session:
            await make_ticket(session, Status.CLOSED)
            await make_ticket(session, place=Place("高山镇菜市场"), category="waste_sorting")

        assert await found(database, make_new_ticket()) == []
        async with database.transaction() as session:
            await make_ticket(session)
        assert await found(database, make_new_ticket()) == [THIRD]
        assert await found(database, make_new_ticket(), days=61) == []

    async def test_another_matter_at_the_same_place_begins_otherwise(self, database: Database) -> None:
        """People who write much name the place and its troubles again and again."""
        about = "龙田镇东华村村口大榕树一带，附近的居民都知道这里，晚上更是如此，我们希望有关部门重视起来。"
        waste = "装修垃圾堆成小山，刮风时尘土飞扬，行人绕道走，臭气熏天没人清理，货车半夜还在往上倒。"
        toilet = "公共厕所一直锁着门，老人小孩找不到方便的去处，请问什么时候开放使用，大家急盼答复呢。"
        async with database.transaction() as session:
            await make_ticket(session, summary=waste + about)

        same = make_new_ticket(summary=f"又有货车半夜来倒装修垃圾，尘土飞扬，臭气熏天。{about}")
        assert await found(database, same) == [FIRST]
        assert await found(database, make_new_ticket(summary=toilet + about)) == []

    async def test_never_tells_of_complaints_about_officers(self, database: Database) -> None:
        async with database.transaction() as session:
            await make_ticket(session, category="officer_conduct")

        assert await found(database, make_new_ticket(category="officer_conduct")) == []

    async def test_works_without_a_place(self, database: Database) -> None:
        async with database.transaction() as session:
            await make_ticket(session, place=None)

        assert await found(database, make_new_ticket(place=None)) == [FIRST]
        assert await found(database, make_new_ticket(place=None, summary="绿化带被人踩坏")) == []

    async def test_a_matter_without_a_place_is_found_by_what_few_others_say(self, database: Database) -> None:
        first = (
            "旧冰箱以旧换新的补贴一直没到账。五月份在海丰家电买的新冰箱，旧的当天就拉走了，店员说两周内补贴打到卡上，"
            "到现在三个月了，问了好几次都说还在审核。"
        )
        again = (
            "请问家电以旧换新补贴什么时候到账？我家四月换的新冰箱，也是在海丰家电买的，旧冰箱拉走了，补贴说好两周内打到卡上，"
            "现在还说在审核。"
        )
        other = "请问老人公交卡的补贴什么时候到账？材料交上去很久了，问了好几次，现在还说在审核。"
        async with database.transaction() as session:
            await make_ticket(session, summary=first, place=None, category="other")
            await make_ticket(
                session, summary="路灯坏了没人修，晚上很黑", place=None, category="street_facility"
            )

        assert await found(database, make_new_ticket(summary=again, category="other")) == [FIRST]
        assert await found(database, make_new_ticket(summary=other, category="other", place=None)) == []
        lamp = make_new_ticket(summary="小区路灯坏了好几天没人修", category="street_facility", place=None)
        assert await found(database, lamp) == []


class TestFollow:
    async def test_a_follower_is_told_of_the_status_and_not_of_words(self, three: Database) -> None:
        async with three.transaction() as session:
            for _ in range(2):
                await duplicates(session).follow(FIRST, conversation_id=2)
            service = make_service(session)
            await service.change_status(FIRST, Status.ACCEPTED, actor=OFFICER)
            await service.reply(FIRST, "王先生您好", actor=OFFICER)

        assert await notices(three) == [
            (1, "notice_status_accepted"),
            (2, "notice_status_accepted"),
            (1, "notice_reply"),
        ]
        async with three.reading() as session:
            view = await make_service(session).status_for(FIRST, conversation_id=2)
        assert (view.status, view.summary, view.place_text, view.entries) == (Status.ACCEPTED, "", "", ())

    @pytest.mark.parametrize("method", ["withdraw", "add_citizen_message"])
    async def test_a_follower_cannot_change_the_ticket(self, three: Database, method: str) -> None:
        async with three.transaction() as session:
            await duplicates(session).follow(FIRST, conversation_id=2)
            words = ["我也看到了"] if method == "add_citizen_message" else []
            with pytest.raises(TicketNotFound):
                await getattr(make_service(session), method)(FIRST, *words, conversation_id=2)

    async def test_following_ones_own_ticket_changes_nothing(self, three: Database) -> None:
        async with three.transaction() as session:
            await duplicates(session).follow(FIRST, conversation_id=1)
            await make_service(session).change_status(FIRST, Status.ACCEPTED, actor=OFFICER)

        assert await notices(three) == [(1, "notice_status_accepted")]

    async def test_closed_tickets_are_not_followed(self, database: Database) -> None:
        async with database.transaction() as session:
            await make_ticket(session, Status.CLOSED)
            conversation = await make_conversation(session)
            with pytest.raises(TransitionNotAllowed):
                await duplicates(session).follow(FIRST, conversation_id=conversation.id)


class TestMerge:
    async def test_keeps_every_reporter_and_shows_them_where_it_stands(self, three: Database) -> None:
        async with three.transaction() as session:
            await duplicates(session).merge(SECOND, FIRST, actor=OFFICER)
        async with three.transaction() as session:
            await duplicates(session).merge(FIRST, THIRD, actor=OFFICER)
        async with three.transaction() as session:
            await make_service(session).reply(THIRD, "今天清理", actor=OFFICER)
            await make_service(session).change_status(THIRD, Status.ACCEPTED, actor=OFFICER)

        told = await notices(three)
        assert told[:2] == [(2, "notice_merged"), (1, "notice_merged")] or len(told) == 9
        assert {conversation for conversation, key in told if key == "notice_reply"} == {1, 2, 3}
        async with three.reading() as session:
            for ticket_no, conversation_id in ((FIRST, 1), (SECOND, 2)):
                view = await make_service(session).status_for(ticket_no, conversation_id=conversation_id)
                assert (view.status, view.merged_into) == (Status.ACCEPTED, THIRD)
            [listed] = await make_service(session).tickets_of(2)
            assert listed.merged_into == THIRD
            page = await queue(session, QueueFilter(), NOW)
        assert [row.ticket_no for row in page.rows] == [THIRD]

    async def test_a_merged_ticket_rests(self, three: Database) -> None:
        async with three.transaction() as session:
            await duplicates(session).merge(SECOND, FIRST, actor=OFFICER)

        async with three.transaction() as session:
            with pytest.raises(TicketMerged) as caught:
                await make_service(session).change_status(SECOND, Status.ACCEPTED, actor=OFFICER)
            with pytest.raises(TicketMerged):
                await (
                    make_service(session)
                    .bound(Aftercare)
                    .rate(SECOND, conversation_id=2, score=1, is_solved=False)
                )
        assert caught.value.into == FIRST

    async def test_splitting_restores_it_and_its_reporter(self, three: Database) -> None:
        async with three.transaction() as session:
            await duplicates(session).merge(SECOND, FIRST, actor=OFFICER)
            await duplicates(session).split(SECOND, actor=OFFICER)
            await make_service(session).change_status(FIRST, Status.ACCEPTED, actor=OFFICER)
            await make_service(session).withdraw(SECOND, conversation_id=2)

        assert await notices(three) == [
            (2, "notice_merged"),
            (2, "notice_split"),
            (1, "notice_status_accepted"),
        ]

    async def test_splitting_one_of_a_chain_loses_no_reporter(self, three: Database) -> None:
        async with three.transaction() as session:
            follower = await make_conversation(session, address="d")
            await duplicates(session).follow(FIRST, conversation_id=follower.id)
            await duplicates(session).merge(FIRST, SECOND, actor=OFFICER)
            await duplicates(session).merge(SECOND, THIRD, actor=OFFICER)
            await duplicates(session).split(SECOND, actor=OFFICER)
            await make_service(session).reply(THIRD, "今天清理", actor=OFFICER)
            await make_service(session).change_status(THIRD, Status.ACCEPTED, actor=OFFICER)
            await make_service(session).change_status(SECOND, Status.REJECTED, actor=OFFICER, note="不属实")

        told = await notices(three)
        assert {conversation for conversation, key in told if key == "notice_reply"} == {1, 3}
        assert {conversation for conversation, key in told if key == "notice_status_accepted"} == {1, 3, 4}
        assert {conversation for conversation, key in told if key == "notice_status_rejected"} == {2}

    async def test_who_followed_what_was_merged_still_reads_no_words(self, three: Database) -> None:
        async with three.transaction() as session:
            await duplicates(session).follow(FIRST, conversation_id=3)
            await duplicates(session).merge(FIRST, SECOND, actor=OFFICER)
            await make_service(session).reply(SECOND, "王先生您好", actor=OFFICER)
            await make_service(session).change_status(SECOND, Status.REJECTED, actor=OFFICER, note="王先生…")

        async with three.reading() as session:
            rows = (await session.scalars(sa.select(Message).where(Message.conversation_id == 3))).all()
        assert [(row.content["text"], row.content["params"]["note"]) for row in rows] == [
            ("notice_merged", ""),
            ("notice_status_rejected", ""),
        ]

    async def test_who_reported_a_merged_ticket_adds_urges_and_withdraws(self, three: Database) -> None:
        async with three.transaction() as session:
            await duplicates(session).merge(SECOND, FIRST, actor=OFFICER)
            service = make_service(session)
            for step in (Status.ACCEPTED, Status.ASSIGNED, Status.IN_PROGRESS, Status.AWAITING_CITIZEN):
                await service.change_status(FIRST, step, actor=OFFICER, note="请说明")
            await service.add_citizen_message(FIRST, "又倒了一车", conversation_id=2, photos=["b" * 64])
            await service.bound(Aftercare).urge(SECOND, conversation_id=2)

        async with three.transaction() as session:
            first, second = [await find_ticket(session, number) for number in (FIRST, SECOND)]
            assert (first.status, first.urged_count, second.urged_count) == (Status.IN_PROGRESS, 1, 0)
            words = [entry.text for entry in await entries_of(session, second)]
            assert "又倒了一车" in words
            assert "又倒了一车" not in [entry.text for entry in await entries_of(session, first)]
            assert {"added_to": SECOND} in [entry.data for entry in await entries_of(session, first)]
            own = await make_service(session).status_for(FIRST, conversation_id=1)
            assert [entry.label for entry in own.entries].count("补充") == 0
            await make_service(session).withdraw(SECOND, conversation_id=2)

        async with three.reading() as session:
            second = await find_ticket(session, SECOND)
            assert (second.status, second.merged_into_id) == (Status.WITHDRAWN, None)
            assert (await find_ticket(session, FIRST)).status is Status.IN_PROGRESS
            assert await make_service(session).reporters(await find_ticket(session, FIRST)) == [1]

    async def test_withdrawing_leaves_what_others_reported(self, three: Database) -> None:
        """The one that leads goes; the oldest that rested in it goes on with the others and the followers."""
        async with three.transaction() as session:
            follower = await make_conversation(session, address="d")
            await duplicates(session).follow(FIRST, conversation_id=follower.id)
            await duplicates(session).merge(SECOND, FIRST, actor=OFFICER)
            await duplicates(session).merge(THIRD, FIRST, actor=OFFICER)
            await make_service(session).withdraw(FIRST, conversation_id=1)
            await make_service(session).change_status(SECOND, Status.ACCEPTED, actor=OFFICER)

        async with three.reading() as session:
            second, third = [await find_ticket(session, number) for number in (SECOND, THIRD)]
            assert (second.merged_into_id, third.merged_into_id) == (None, second.id)
        told = await notices(three)
        assert {conversation for conversation, key in told if key == "notice_status_accepted"} == {2, 3, 4}
        assert (1, "notice_status_accepted") not in told

    async def test_two_merges_that_cross_end_with_one(self, three: Database, other_process: Database) -> None:
        async def merge(database: Database, source: str, target: str) -> bool:
            try:
                async with database.transaction() as session:
                    await duplicates(session).merge(source, target, actor=OFFICER)
            except TicketMerged:
                return False
            return True

        done = await asyncio.gather(merge(three, FIRST, SECOND), merge(other_process, SECOND, FIRST))

        assert sorted(done) == [False, True]
        async with three.reading() as session:
            merged = await session.scalars(sa.select(Ticket).where(Ticket.merged_into_id.is_not(None)))
            assert len(merged.all()) == 1
            assert await verify(session) == []

    @pytest.mark.parametrize(
        ("source", "target", "error"),
        [
            (FIRST, FIRST, ActorNotAllowed),
            (FIRST, "FQ20261123-0009", TicketNotFound),
            ("FQ20261123-0004", FIRST, TransitionNotAllowed),
            (FIRST, "FQ20261123-0004", TransitionNotAllowed),
            ("FQ20261123-0005", FIRST, ActorNotAllowed),
            (FIRST, "FQ20261123-0005", ActorNotAllowed),
        ],
    )
    async def test_refuses_what_makes_no_sense(
        self, three: Database, source: str, target: str, error: type[BotError]
    ) -> None:
        async with three.transaction() as session:
            await make_ticket(session, Status.CLOSED)
            await make_ticket(session, category="officer_conduct")

        async with three.transaction() as session:
            with pytest.raises(error):
                await duplicates(session).merge(source, target, actor=OFFICER)

    async def test_citizens_neither_merge_nor_split(self, three: Database) -> None:
        async with three.transaction() as session:
            with pytest.raises(ActorNotAllowed):
                await duplicates(session).merge(FIRST, SECOND, actor=Actor.citizen(1))
            with pytest.raises(ActorNotAllowed):
                await duplicates(session).split(FIRST, actor=Actor.citizen(1))
            with pytest.raises(TransitionNotAllowed):
                await duplicates(session).split(FIRST, actor=OFFICER)


def test_rare_pairs_weigh_more_than_common_ones() -> None:
    reports = [pairs(f"小区垃圾没人清{number}号") for number in range(100)]
    weights = Weights([*reports, pairs("梧桐苑小区垃圾没人清")])

    with_name = weights.similarity(pairs("梧桐苑有垃圾"), pairs("梧桐苑小区垃圾没人清"))
    without = weights.similarity(pairs("金桂园有垃圾"), pairs("梧桐苑小区垃圾没人清"))
    assert with_name > 2 * without


def test_nothing_is_similar_to_nothing() -> None:
    weights = Weights([])

    assert weights.similarity(pairs(""), pairs("垃圾")) == 0.0
    assert weights.containment(pairs("！"), pairs("垃圾")) == 0.0
