from __future__ import annotations

from bot.desk.views.search import excerpt
from bot.services import Services
from tests.bot.desk.browsing import Browser, add_officer
from tests.factories import NOW, make_conversation, make_ticket
from tickets.conversations import receive
from tickets.models import Role
from tickets.values import Place


async def test_an_officer_finds_words_and_opens_the_ticket(signed_in: Browser, parts: Services) -> None:
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session)
        await receive(session, conversation, "1", {"text": "<b>夜宵摊</b>占道"}, NOW)
        await make_ticket(session, conversation_id=conversation.id, place=Place("龙田", town="longtian"))

    page = await signed_in.get("/search?text=夜宵摊")
    none = await signed_in.get("/search?text=渣土车")
    fresh = await signed_in.get("/search")

    assert (
        "&lt;b&gt;<mark>夜宵</mark><mark>摊</mark>&lt;/b&gt;" in page.text
        or "<mark>夜宵摊</mark>" in page.text
    )
    assert "/desk/tickets/FQ20261123-0001#timeline-title" in page.text
    assert f"/desk/conversations/{conversation.id}" in page.text
    assert "没有找到“渣土车”" in none.text
    assert "写几个词开始查找" in fresh.text


async def test_a_search_in_the_queue_leads_on_to_conversations(browser: Browser, parts: Services) -> None:
    await add_officer(parts, "deng", role=Role.AUDITOR, department=None)
    await browser.sign_in("deng")
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session)
        await receive(session, conversation, "1", {"text": "夜宵摊"}, NOW)

    assert "/desk/search?text=" in (await browser.get("/?text=夜宵摊")).text
    assert "夜宵" in (await browser.get("/search?text=夜宵摊")).text
    # Nothing that can't be asked breaks the page.
    assert (await browser.get("/search?text=%00'%22*:%20OR%20NEAR(")).status == 200


def test_an_excerpt_begins_shortly_before_the_word() -> None:
    marked = excerpt("很长" * 100 + "夜宵" + "的话" * 100, "夜宵")

    assert marked.startswith("…")
    assert "<mark>夜宵</mark>" in marked
    assert len(marked) < 160
