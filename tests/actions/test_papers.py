"""Papers from the first word to the file, by rule, with the NLU down; and what is not kept of them."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from docx import Document
from sqlalchemy import func, select, update

from actions.base import Message, Outgoing
from actions.paper_wishes import list_in, paper_in
from actions.papers import is_wanted
from bot.files import read_attached
from bot.gathering import Patience
from bot.relay import Relay
from bot.services import Services
from bot.ticking import tick
from tests.actions.test_deadlines import NOW
from tests.actions.test_deadlines import talk as talk  # the fixture
from tests.talk import Talk
from tickets import models
from tickets.models import Conversation, PaperDraft
from tickets.paper_drafts import HIDDEN, KEEP_HOURS, expire_drafts

ID_NUMBER = "11010519491231002X"  # the standard's own example
STORY = "11月3号我只是临时卸货，没有摆摊，也没有人听我解释。"


async def words_of(talk: Talk, reply: dict) -> str:
    file = await read_attached(talk.services, "test", "citizen", Outgoing.from_json(reply))
    assert file is not None
    document = Document(io.BytesIO(file.content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


async def stored(services: Services) -> str:
    async with services.database.reading() as session:
        contents = (await session.scalars(select(models.Message.content))).all()
        states = (await session.scalars(select(Conversation.state))).all()
    return f"{contents}{states}"


async def drafts(services: Services) -> int:
    async with services.database.reading() as session:
        return await session.scalar(select(func.count(PaperDraft.id))) or 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("帮我写一份复议申请书", "reconsideration"),
        ("行政复议申请书怎么写", "reconsideration"),
        ("复议申请书模板", "reconsideration"),
        ("行政复议申请书", "reconsideration"),
        ("我想写一份听证申请书", "hearing"),
        ("下载政府信息公开申请表", "disclosure"),
        ("帮我写封举报信", "complaint"),
        ("写一封投诉信", "complaint"),
        ("帮我写个申请书", "menu"),
        ("不会写申请书怎么办", ""),
        ("行政复议要在多久内提出", ""),
        ("政府信息公开申请多久答复", ""),
        ("怎么投诉占道摆摊", ""),
        ("我要投诉信号塔噪声", ""),
    ],
)
def test_which_paper_a_text_asks_for(text: str, code: str) -> None:
    assert paper_in(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("养狗登记材料清单", "dog"),
        ("摆摊要的材料清单", "vending"),
        ("做招牌的材料清单", "sign"),
        ("材料清单", "menu"),
        ("养狗登记要什么材料", ""),
        ("购物清单", ""),
    ],
)
def test_which_list_a_text_asks_for(text: str, code: str) -> None:
    assert list_in(text) == code


def test_a_story_that_mentions_papers_is_no_wish_for_one() -> None:
    story = "路口有人乱倒垃圾，社区让我写一封投诉信，还说要下载政府信息公开申请表。" * 3

    assert paper_in(story)
    assert not is_wanted(story)


async def test_an_application_for_reconsideration_from_the_first_word_to_the_file(talk: Talk) -> None:
    [opening] = await talk.say("帮我写一份复议申请书")
    assert "《行政复议法实施条例》第十九条" in opening["text"]
    assert [reply["key"] for reply in await talk.press("开始填")] == ["paper_ask_agency"]
    await talk.press("福清市城市管理局")
    await talk.say("行政处罚决定书（融罚字〔2026〕12号）")
    await talk.say("11月3号")
    await talk.press("撤销这个决定")
    await talk.say(STORY)
    await talk.say("林大山")
    await talk.say("13800000000")
    await talk.press("跳过")
    [review] = await talk.say(ID_NUMBER)
    assert review["key"] == "paper_review"
    assert "住址" in review["text"]
    [made] = await talk.press("生成文书")

    assert (made["kind"], made["file"]["name"]) == ("file", "行政复议申请书.docx")
    words = await words_of(talk, made)
    for said in ("林大山", "13800000000", ID_NUMBER, STORY, "2026年11月3日", "福清市人民政府"):
        assert said in words
    assert "【待填写：住址】" in words


async def test_what_was_said_for_a_paper_is_kept_nowhere_else(talk: Talk) -> None:
    await talk.say("帮我写一份复议申请书")
    await talk.press("开始填")
    for answer in ("福清市城市管理局", "决定书12号", "11月3号", "撤销", STORY, "林大山", "13800000000"):
        await talk.say(answer)

    assert await drafts(talk.services) == 1
    kept = await stored(talk.services)
    async with talk.services.database.reading() as session:
        sealed = (await session.scalars(select(PaperDraft.content))).one()
    for said in ("林大山", "13800000000", STORY, "决定书12号"):
        assert said not in kept
        assert said.encode() not in sealed
    assert HIDDEN in kept
    await talk.press("不填了，直接生成")
    assert await drafts(talk.services) == 0


async def test_several_messages_at_once_are_all_left_out(talk: Talk) -> None:
    await talk.say("帮我写一份听证申请书")
    await talk.press("开始填")
    talk.relay = Relay(
        talk.services, talk.relay.turns.nlu, patience=Patience(quiet=0.2), now=lambda: datetime.now(UTC)
    )
    for number, words in enumerate(("融城某支队", "管理局某某中队", "李队长")):
        await talk.relay.receive(Message("test", "citizen", f"burst{number}", text=words))
    await talk.replies()

    kept = await stored(talk.services)
    assert [words for words in ("融城某支队", "某某中队", "李队长") if words in kept] == []


async def test_a_draft_is_dropped_on_cancel_and_in_time(talk: Talk) -> None:
    await talk.say("帮我写一份听证申请书")
    await talk.press("开始填")
    assert await talk.keys("取消") == ["paper_cancelled"]
    assert await drafts(talk.services) == 0

    await talk.say("帮我写一份听证申请书")
    await talk.press("开始填")
    await talk.say("福清市城市管理局")
    async with talk.services.database.transaction() as session:
        assert await expire_drafts(session, NOW + timedelta(hours=KEEP_HOURS, seconds=-1)) == 0
        assert await expire_drafts(session, NOW + timedelta(hours=KEEP_HOURS)) == 1
    # Without its draft the flow goes on, with nothing filled in.
    assert await talk.keys("某告字1号") == ["paper_ask_agency"]


async def test_the_clock_drops_drafts(talk: Talk) -> None:
    await talk.say("帮我写一份听证申请书")
    await talk.press("开始填")
    async with talk.services.database.transaction() as session:
        await session.execute(update(PaperDraft).values(expires_at=NOW - timedelta(days=400)))

    await tick(talk.services)

    assert await drafts(talk.services) == 0


async def test_a_draft_that_was_left_goes_on(talk: Talk) -> None:
    await talk.say("帮我写一份听证申请书")
    await talk.press("开始填")
    await talk.say("福清市城市管理局")
    await talk.say("转人工")
    await talk.say("取消")

    [resumed] = await talk.say("帮我写一份听证申请书")
    assert resumed["key"] == "paper_resumed"
    assert [reply["key"] for reply in await talk.press("开始填")] == ["paper_ask_notice"]


async def test_days_that_were_counted_fill_the_paper(talk: Talk) -> None:
    await talk.say("我11月3号收到处罚决定书，罚2000，没交")
    await talk.press("写复议申请书")
    [made] = await talk.press("直接要一份空白的")

    words = await words_of(talk, made)
    assert "2026年11月3日" in words
    assert "罚款2,000元" in words


async def test_a_report_under_way_waits_and_fills_the_letter(talk: Talk) -> None:
    await talk.say("音西街道一拂路口有人半夜倒垃圾")
    await talk.press("反映这件事")
    await talk.say(payload="paper:start:complaint")
    [made] = await talk.press("直接要一份空白的")

    assert "有人半夜倒垃圾" in await words_of(talk, made)
    back = await talk.press("接着写反映")
    assert back[-1]["key"].startswith("report_")


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("2月30号", "deadlines_no_such_day"),
        ("2027年3月1号", "deadlines_in_future"),
        ("忘了", "paper_unclear_received_on"),
    ],
)
async def test_answers_that_can_not_be_are_asked_again(talk: Talk, said: str, key: str) -> None:
    await talk.say(payload="paper:start:hearing")
    await talk.press("开始填")
    await talk.press("跳过")
    await talk.press("跳过")

    assert await talk.keys(said) == [key, "paper_ask_received_on"]


@pytest.mark.parametrize("number", ["123", "110105194912310021", "110105194913310021"])
async def test_a_wrong_identity_number_is_noticed(talk: Talk, number: str) -> None:
    await talk.say(payload="paper:start:disclosure")
    await talk.press("开始填")
    for _ in range(6):
        await talk.press("跳过")

    assert await talk.keys(number) == ["paper_unclear_id_number", "paper_ask_id_number"]
    assert number not in await stored(talk.services)


async def test_one_answer_can_be_changed_at_the_end(talk: Talk) -> None:
    await talk.say(payload="paper:start:disclosure")
    await talk.press("开始填")
    for _ in range(7):
        await talk.press("跳过")
    await talk.press("要修改")
    assert [reply["key"] for reply in await talk.press("姓名")] == ["paper_ask_name"]
    [review] = await talk.say("陈小梅")
    assert "已经填好：姓名。" in review["text"]
    [made] = await talk.say("好的")

    assert "陈小梅" in await words_of(talk, made)


async def test_what_is_no_answer_is_asked_again(talk: Talk) -> None:
    assert await talk.keys(payload="paper:skip") == ["paper_button_stale"]
    await talk.say(payload="paper:start:complaint")
    assert await talk.keys(photo="a" * 64) == ["paper_words_only", "paper_opening"]
    assert await talk.keys("好") == ["paper_ask_agency"]
    assert await talk.keys(payload="paper:say:agency:nobody") == ["paper_ask_agency"]
    assert await talk.keys(payload="paper:edit:nothing") == ["paper_what_to_change"]
    assert await talk.keys("着火了快来人") == ["emergency_fire"]
    assert await talk.keys(payload="menu:resume") == ["paper_ask_agency"]


async def test_commands_open_papers_and_days(talk: Talk) -> None:
    assert await talk.keys("/papers") == ["paper_menu"]
    assert await talk.keys("/papers 材料清单") == ["paper_list_menu"]
    assert await talk.keys("/deadlines") == ["deadlines_which_paper"]


async def test_a_list_is_handed_out_at_once(talk: Talk) -> None:
    [reply] = await talk.say("养狗登记材料清单")

    assert reply["file"]["name"] == "犬只登记材料清单.docx"
    assert "没有查到公布的规定" in reply["text"]
    assert "《动物防疫法》第三十条" in await words_of(talk, reply)


async def test_cards_lead_to_papers(talk: Talk) -> None:
    for card, label, key in (
        ("recon_where", "写复议申请书", "paper_opening"),
        ("hearing_how", "写听证申请书", "paper_opening"),
        ("info_apply", "写信息公开申请表", "paper_opening"),
        ("petition_how", "写投诉举报信", "paper_opening"),
        ("dog_register_fuqing", "材料清单", "paper_list"),
        ("sign_need_permit", "材料清单", "paper_list"),
        ("vending_where_allowed", "材料清单", "paper_list"),
    ):
        await talk.say(payload=f"consult:card:{card}")
        assert [reply["key"] for reply in await talk.press(label)][0] == key
        await talk.say("取消")


@pytest.mark.parametrize("words", ["举个例子", "有没有案例？", "button"])
async def test_a_card_has_an_invented_case(talk: Talk, words: str) -> None:
    await talk.say(payload="consult:card:pay_surcharge")

    [case] = await (talk.press("看一个例子") if words == "button" else talk.say(words))

    assert case["kind"] == "card"
    assert case["card"]["answer"].startswith("（虚构案例）")
    assert {cite["status"] for cite in case["card"]["citations"]} == {"现行有效"}


async def test_without_a_case_a_wish_for_one_is_no_case(talk: Talk) -> None:
    await talk.say(payload="consult:card:info_fee")

    assert (await talk.say("举个例子"))[0]["key"] != "card"
    assert await talk.keys(payload="consult:example:nothing") == ["card_gone"]
