from __future__ import annotations

from tests.factories import NOW, make_conversation
from tickets.conversations import post
from tickets.database import Database
from tickets.past_answers import PastCitation, past_citations


async def test_gives_what_answers_cited_and_passes_over_all_else(database: Database) -> None:
    cite = {
        "law": "甲法",
        "article": "第二条",
        "effective_from": "2010年1月1日",
        "text": "一",
        "status": "有效",
    }
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        answer = {"kind": "card", "text": "答", "card": {"id": "a", "citations": [cite]}}
        first = await post(session, conversation.id, answer, sender="assistant", now=NOW)
        await post(session, conversation.id, {"kind": "text", "text": "好"}, sender="assistant", now=NOW)
        await post(session, conversation.id, {"text": '说到"citations"'}, sender="officer", now=NOW)

    async with database.reading() as session:
        found = [past async for past in past_citations(session)]

    assert found == [PastCitation(first.id, "甲法", "第二条", "2010年1月1日")]
