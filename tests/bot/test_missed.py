"""Which turns of a conversation reach the answer-quality desk."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.talk import Talk
from tickets import quality
from tickets.models import Feedback, Gap, GapKind

pytestmark = pytest.mark.nlu


async def gaps(talk: Talk) -> list[Gap]:
    async with talk.services.database.reading() as session:
        groups = await quality.open_groups(session)
        return [gap for group in groups for gap in await quality.messages_of(session, group.id)]


async def test_a_disliked_answer_goes_to_the_desk_with_its_card(talk: Talk) -> None:
    await talk.say("在福清养狗要登记吗")

    replies = await talk.press("没帮上忙")

    assert replies[-1]["key"] == "feedback_unhelpful"
    (gap,) = await gaps(talk)
    assert gap.kind is GapKind.DISLIKED
    assert gap.text == "在福清养狗要登记吗"
    assert gap.card_id in talk.services.knowledge.cards


async def test_what_is_kept_is_masked(talk_without_nlu: Talk) -> None:
    talk = talk_without_nlu
    await talk.say("在福清养狗要登记吗，我的电话13800138000")
    if talk.last[-1]["key"] != "card":
        await talk.press("问规定")

    await talk.press("没帮上忙")

    assert [gap.text for gap in await gaps(talk)] == ["在福清养狗要登记吗，我的电话【电话】"]
    async with talk.services.database.reading() as session:
        kept = await session.scalars(select(Feedback.question))
        assert list(kept) == ["在福清养狗要登记吗，我的电话【电话】"]


async def test_a_good_answer_leaves_nothing(talk: Talk) -> None:
    await talk.say("在福清养狗要登记吗")
    await talk.press("有帮助")

    assert await gaps(talk) == []
