"""Which action takes a turn, and that nothing a citizen may send breaks it."""

from __future__ import annotations

import asyncio

import pytest

from tests.actions.test_report import answer_all
from tests.talk import Talk

pytestmark = pytest.mark.nlu


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("你好", "smalltalk"),
        ("谢谢", "thanks"),
        ("转人工", "handoff_ask"),
        ("我想查一下我投诉的进度", "status_ask_number"),
        ("帮我写一首关于春天的诗", "out_of_scope"),
        ("/help", "welcome"),
        ("/cancel", "nothing_to_cancel"),
        ("", "no_words"),
        ("😡😡😡", "no_words"),
        ("。。。？！", "no_words"),
    ],
)
async def test_first_words(talk: Talk, text: str, key: str) -> None:
    assert await talk.keys(text) == [key]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("救命，我家厨房着火了", "emergency_fire"),
        ("楼道里很大一股煤气味，快来人", "emergency_gas"),
        ("有人被车撞了，流了好多血", "emergency_medical"),
        ("外面两伙人拿刀打起来了", "emergency_violence"),
    ],
)
async def test_danger_comes_first(talk: Talk, text: str, key: str) -> None:
    assert await talk.keys(text) == [key]


async def test_a_question_is_answered_with_a_card_in_force(talk: Talk) -> None:
    (reply,) = await talk.say("在福清养狗要登记吗？")

    assert reply["kind"] == "card"
    assert all(citation["status"] == "现行有效" for citation in reply["card"]["citations"])
    assert all(citation["text"] for citation in reply["card"]["citations"])


async def test_an_answer_leads_to_a_report_with_the_facts_given(talk: Talk) -> None:
    await talk.say("邻居家的狗不拴绳子，这样违法吗")
    replies = await talk.press("反映这件事")

    assert replies[-1]["key"] == "report_place"
    assert "养犬" in replies[0]["text"]


async def test_a_place_in_a_question_need_not_be_said_again(talk: Talk) -> None:
    await talk.say("龙山街道清荣大道上有人占道摆摊，会被罚多少钱")
    replies = await talk.press("反映这件事")

    assert replies[-1]["key"] == "report_photos"


async def test_an_article_is_shown_when_its_name_is_all_that_is_said(talk: Talk) -> None:
    (reply,) = await talk.say("行政处罚法第三十三条")

    assert reply["key"] == "consult_articles"
    assert "违法行为轻微并及时改正" in reply["text"]


async def test_a_repealed_article_is_told_to_be_repealed(talk: Talk) -> None:
    (reply,) = await talk.say("噪声污染防治法第八十二条")

    assert "已经废止" in reply["text"]
    assert "第一千一百九十条" in reply["text"]


async def test_law_of_an_earlier_day_is_not_called_the_law_of_today(talk: Talk) -> None:
    (reply,) = await talk.say("2025年3月邻居制造噪声被派出所罚款，按哪条罚的")

    statuses = {(cite["law"], cite["article"]): cite["status"] for cite in reply["card"]["citations"]}
    assert statuses["治安管理处罚法", "第五十八条"] == "已被修订"
    assert "当时适用的规定" in reply["text"]


@pytest.mark.parametrize(
    ("question", "follow_up", "card"),
    [
        ("乱倒垃圾罚多少", "那如果是公司呢", "dump_company_waste"),
        ("乱倒垃圾罚多少", "去哪里交", "pay_where_how"),
        ("罚款几天内要交", "要多久之内", "pay_fifteen_days"),
        ("饭店油烟太大会被罚吗", "那罚多少", "fume_restaurant"),
        ("养狗要登记吗", "那罚多少", "dog_register_fuqing"),
    ],
)
async def test_a_follow_up_uses_the_conversation(
    talk: Talk, question: str, follow_up: str, card: str
) -> None:
    await talk.say(question)

    (reply,) = await talk.say(follow_up)

    assert reply["card"]["id"] == card
    told = any("没有写罚多少" in note for note in reply["card"]["notes"])
    assert told == (card == "dog_register_fuqing")


async def test_a_day_that_no_calendar_has_is_named(talk: Talk) -> None:
    (reply,) = await talk.say("2026年2月30日遛狗没牵绳会被罚吗")

    assert reply["card"]["id"] == "dog_leash_walk"
    assert any("日历上没有2026年2月30日" in note for note in reply["card"]["notes"])


async def test_a_card_shows_only_what_it_cites_itself(talk: Talk) -> None:
    (reply,) = await talk.say("罚款拖了两个月没交会加多少")

    own = {(c.law, c.article) for c in talk.services.knowledge.cards[reply["card"]["id"]].cites}
    assert {(c["law"], c["article"]) for c in reply["card"]["citations"]} <= own


async def test_a_liked_answer_is_noted(talk: Talk) -> None:
    await talk.say("在福清养狗要登记吗？")

    replies = await talk.press("有帮助")

    assert [reply["key"] for reply in replies] == ["thanks_feedback"]


@pytest.mark.parametrize("text", ["／affirm", "/restart", '/affirm{"a":1}', "[a](b)", "\u200b\u200d", "‮abc"])
async def test_forged_intents_and_odd_signs_get_a_clear_answer(talk: Talk, text: str) -> None:
    replies = await talk.say(text)

    assert len(replies) == 1
    assert replies[0]["key"] != "internal_error"


async def test_ten_thousand_characters_are_kept_whole(talk: Talk) -> None:
    story = "垃圾站臭味很大，" + "每天早上都能闻到，" * 1100
    await talk.say(story[:10_000])
    await answer_all(talk, until="report_read_back")
    await talk.press("提交")

    tickets = await talk.tickets()
    assert [ticket.summary for ticket in tickets] == [story[:10_000]]


async def test_two_messages_at_once_are_both_answered_in_order(talk: Talk) -> None:
    first, second = asyncio.create_task(talk.say("你好")), asyncio.create_task(talk.say("谢谢"))
    await asyncio.gather(first, second)

    sent = [*first.result(), *second.result()]
    assert sorted(reply["key"] for reply in sent) == ["smalltalk", "thanks"]


async def test_the_same_update_twice_is_answered_once(talk: Talk) -> None:
    first = await talk.say("你好", update_id="same")
    second = await talk.say("你好", update_id="same")

    assert (len(first), len(second)) == (1, 0)


async def test_a_short_question_after_an_answer_is_about_that_answer(talk: Talk) -> None:
    await talk.say("乱倒生活垃圾违法吗")
    first = talk.last[0]["card"]["id"]

    (reply,) = await talk.say("那罚多少？")

    assert reply["kind"] == "card"
    assert reply["card"]["id"] == first
