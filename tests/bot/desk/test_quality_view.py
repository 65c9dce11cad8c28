"""The answer-quality desk: from a question without an answer to a card that speaks."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from bot.desk.card_topics import topic_choices
from bot.desk_cards import refresh
from bot.services import Services
from knowledge_base.base import KnowledgeBase
from tests.bot.desk.browsing import Browser, add_officer
from tests.factories import NOW, make_conversation
from tickets import card_drafts, conversations, quality
from tickets.models import GapKind, Role
from tickets.quality import Missed

QUESTION = "装修把承重墙砸了一个洞要怎么处理"
CARD = {
    "id": "desk_test_reconsider",
    "title": "对罚款不服先找谁复议",
    "topic": "law_reconsideration",
    "category": "",
    "questions": "\n".join(f"罚款不服想复议的第{number}种问法" for number in "甲乙丙丁戊"),
    "answer": "觉得处罚侵犯了您的合法权益，可以自知道这个处罚之日起六十日内申请行政复议。",
    "cites": "行政复议法 第二十条 | 自知道或者应当知道该行政行为之日起六十日内提出申请",
    "next_steps": "先看处罚决定书上写的复议机关",
    "local_gap": "",
    "jurisdiction": "全国",
    "authority": "县级以上地方人民政府",
    "valid_from": "2024-01-01",
    "reviewed_on": "2026-11-23",
}


@pytest.fixture
async def group_id(parts: Services) -> int:
    """A question that nothing answered."""
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session)
        stored = await conversations.receive(session, conversation, "u1", {"text": QUESTION}, NOW)
        assert stored is not None
        await quality.collect(session, Missed(GapKind.UNANSWERED, QUESTION, stored.id), NOW)
        (group,) = await quality.open_groups(session)
    return group.id


@pytest.fixture
async def editor(parts: Services, browser: Browser) -> Browser:
    """Signed in as the knowledge editor."""
    await add_officer(parts, "bian", display_name="编辑", role=Role.KNOWLEDGE_EDITOR, department=None)
    await browser.sign_in("bian")
    return browser


@pytest.fixture
async def reviewer(parts: Services, second_browser: Browser) -> Browser:
    """Signed in as the legal reviewer."""
    await add_officer(parts, "shen", display_name="法审", role=Role.LEGAL_REVIEWER, department=None)
    await second_browser.sign_in("shen")
    return second_browser


async def test_an_officer_of_a_squad_has_no_business_here(signed_in: Browser) -> None:
    assert (await signed_in.get("/quality")).status == 403


async def test_a_group_is_listed_opened_and_dismissed(editor: Browser, group_id: int) -> None:
    assert QUESTION in (await editor.get("/quality")).text
    page = await editor.get(f"/quality/{group_id}")
    assert "没有答案" in page.text

    await editor.post(f"/quality/{group_id}/dismiss", note="同一个人问了两次")

    page = await editor.get("/quality")
    assert "没有待处理的问题" in page.text
    assert "同一个人问了两次" in page.text


async def test_a_label_needs_a_category_where_there_are_some(editor: Browser, group_id: int) -> None:
    await editor.get(f"/quality/{group_id}")
    page = await editor.post(f"/quality/{group_id}/label", intent="complaint", category="")
    assert page.status == 422

    page = await editor.post(f"/quality/{group_id}/label", intent="complaint", category="property_mgmt")

    assert "已标注" in page.text


async def test_a_card_is_written_reviewed_published_and_speaks(
    editor: Browser, reviewer: Browser, parts: Services, group_id: int
) -> None:
    page = await editor.get(f"/rule-cards/new?group={group_id}")
    assert QUESTION in page.text
    page = await editor.post("/rule-cards", **CARD, group=str(group_id))
    assert "没有问题" in page.text
    path = page.path.removeprefix("/desk").split("?")[0]
    await editor.post(f"{path}/submit")
    assert (await editor.get(path)).text.count("起草人不能审自己的卡") == 1

    await reviewer.get(path)
    page = await reviewer.post(f"{path}/publish", note="同意")

    try:
        assert "已发布" in page.text
        answer = parts.knowledge.answer("罚款不服想复议的第丙种问法")
        assert answer.card is not None
        assert answer.card.id == "desk_test_reconsider"
        async with parts.database.reading() as session:
            assert await quality.open_groups(session) == []
    finally:
        parts.knowledge.use_cards(())


async def test_what_would_change_is_shown_before(editor: Browser, parts: Services) -> None:
    known = next(iter(parts.knowledge.cards.values()))
    taking = CARD | {"questions": "\n".join(f"{text}啊" for text in known.questions[:6])}
    page = await editor.get("/rule-cards/new")
    page = await editor.post("/rule-cards", **taking)

    page = await editor.get(page.path.removeprefix("/desk").split("?")[0] + "?compare=1")

    assert "发布后会变的" in page.text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cites": "行政复议法 第九百条 | 六十日"}, "不存在"),
        ({"answer": "九十日内申请复议。"}, "九十日"),
        ({"questions": "只有一种问法"}, "至少"),
        ({"cites": "固体废物污染环境防治法 第一百一十一条 | 罚款"}, "已废止"),
    ],
)
async def test_a_card_that_the_check_refuses_goes_no_further(
    editor: Browser, change: dict[str, str], reason: str
) -> None:
    await editor.get("/rule-cards/new")
    page = await editor.post("/rule-cards", **(CARD | change))
    assert reason in page.text

    page = await editor.post(page.path.removeprefix("/desk").split("?")[0] + "/submit")

    assert page.status == 409
    assert "检查没有通过" in page.text


@pytest.mark.parametrize("change", [{"reviewed_on": "2026-02-30"}, {"title": ""}, {"cites": "没有条号"}])
async def test_a_form_that_cannot_be_read_comes_back_with_what_was_typed(
    editor: Browser, change: dict[str, str]
) -> None:
    await editor.get("/rule-cards/new")
    page = await editor.post("/rule-cards", **(CARD | change))

    assert page.status == 422
    assert "有一项没填对" in page.text
    assert CARD["answer"] in page.text


async def test_a_published_card_that_the_law_left_behind_is_silent(
    parts: Services, client: TestClient[web.Request, web.Application]
) -> None:
    author = await add_officer(parts, "bian", role=Role.KNOWLEDGE_EDITOR)
    other = await add_officer(parts, "shen", role=Role.LEGAL_REVIEWER)
    content = {
        **CARD,
        "category": None,
        "questions": CARD["questions"].split("\n"),
        "next_steps": [],
        "cites": [{"law": "固体废物污染环境防治法", "article": "第一百一十一条", "facts": []}],
    }
    async with parts.database.transaction() as session:
        draft = await card_drafts.start(session, content, author_id=author.id, group_id=None, now=NOW)
        await card_drafts.submit(session, draft.id, now=NOW)
        await card_drafts.publish(session, draft.id, reviewer_id=other.id, note="", now=NOW)

    await refresh(parts)

    assert "desk_test_reconsider" not in parts.knowledge.cards


def test_every_topic_of_the_cards_has_a_name(knowledge: KnowledgeBase) -> None:
    topics = {card.topic for card in knowledge.cards.values()}

    assert [topic for topic, name in topic_choices(topics) if topic == name] == []
