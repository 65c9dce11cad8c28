"""What was said is found by whoever may read it, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import CALENDAR, NOW, ROUTING, SUPERVISOR, make_conversation, make_officer, make_ticket
from tickets.casework import plain_notice
from tickets.conversation_search import find_messages
from tickets.conversations import post, receive
from tickets.database import Database
from tickets.desk_queries import Reach
from tickets.live import LiveDesk
from tickets.models import Message, Sender, Ticket
from tickets.paper_drafts import PaperDrafts
from tickets.privacy import Privacy
from tickets.values import Place

ALL = Reach(0, None, everything=True)
LONGTIAN = Reach(0, "squad_longtian")
HAIKOU = Reach(0, "squad_haikou")


@pytest.fixture
async def told(database: Database) -> Database:
    """Somebody in 龙田 spoke the day before, then reported and wrote on; somebody else only asked."""
    async with database.transaction() as session:
        first = await make_conversation(session)
        await receive(session, first, "1", {"text": "昨天问过夜宵摊的事"}, NOW - timedelta(days=1))
        await receive(session, first, "2", {"text": "龙田文化路的夜宵摊占道"}, NOW)
        await make_ticket(session, conversation_id=first.id, place=Place("龙田", town="longtian"))
        await receive(
            session, first, "3", {"text": "夜宵摊", "payload": "report:other", "label": "夜宵摊"}, NOW
        )
        await post(
            session, first.id, {"text": "夜宵摊已经劝离", "key": "live_said"}, sender=Sender.OFFICER, now=NOW
        )
        await post(
            session, first.id, {"text": "夜宵摊不归我管", "key": "x"}, sender=Sender.ASSISTANT, now=NOW
        )
        other = await make_conversation(session, address="other")
        await receive(session, other, "1", {"text": "夜宵摊要办什么证？ＡＢ12"}, NOW)
    return database


async def said(database: Database, text: str, reach: Reach = ALL) -> Sequence[str]:
    async with database.reading() as session:
        return [str(hit.message.content["text"]) for hit in await find_messages(session, text, reach)]


async def test_words_are_found_the_newest_first(told: Database) -> None:
    assert await said(told, "夜宵摊") == [
        "夜宵摊要办什么证？ＡＢ12",
        "夜宵摊已经劝离",
        "龙田文化路的夜宵摊占道",
        "昨天问过夜宵摊的事",
    ]
    assert await said(told, "占道 夜宵") == ["龙田文化路的夜宵摊占道"]
    assert await said(told, "ab12") == ["夜宵摊要办什么证？ＡＢ12"]
    assert await said(told, "没有的词") == await said(told, "！") == []


async def test_a_unit_finds_what_its_tickets_let_it_read(told: Database) -> None:
    assert await said(told, "夜宵摊", LONGTIAN) == ["夜宵摊已经劝离", "龙田文化路的夜宵摊占道"]
    assert await said(told, "夜宵摊", HAIKOU) == []
    async with told.reading() as session:
        hit = (await find_messages(session, "占道", LONGTIAN))[0]
    assert (hit.ticket_no, hit.channel) == ("FQ20261123-0001", "web")


async def test_a_confidential_reporters_words_stay_with_the_bureau(told: Database) -> None:
    async with told.transaction() as session:
        await session.execute(sa.update(Ticket).values(reporter_mode="confidential"))

    assert await said(told, "夜宵摊", LONGTIAN) == []
    assert len(await said(told, "夜宵摊")) == 4


async def test_a_talk_without_a_ticket_is_found_by_who_talks(told: Database) -> None:
    async with told.transaction() as session:
        officer = await make_officer(session, department="squad_haikou")
        actor = SUPERVISOR.__class__(SUPERVISOR.kind, str(officer.id), "吴", "officer", "squad_haikou")
        live = LiveDesk(session, routing=ROUTING, calendar=CALENDAR, notice=plain_notice, now=NOW)
        await live.take_over(2, actor=actor)

    assert await said(told, "办证", Reach(officer.id, "squad_haikou")) == []
    assert await said(told, "什么证", Reach(officer.id, "squad_haikou")) == ["夜宵摊要办什么证？ＡＢ12"]


async def test_what_is_erased_or_hidden_is_found_no_more(told: Database) -> None:
    async with told.transaction() as session:
        newest = await session.scalar(sa.select(sa.func.max(Message.id)))
        drafts = PaperDrafts(session, routing=ROUTING, calendar=CALENDAR, now=NOW)
        await drafts.hide_words([newest or 0])
        work = Privacy(session, routing=ROUTING, calendar=CALENDAR, notice=plain_notice, now=NOW)
        await work.erase(1, actor=SUPERVISOR, reason="本人申请", delete_photo=lambda _: None)

        left = await session.execute(sa.text("SELECT count(*) FROM message_words"))
        assert left.scalar_one() == 0
