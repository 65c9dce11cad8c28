from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import pytest

from bot.commands.law_watch import cited_elsewhere
from knowledge_base.changes import affected_citations, changes_since
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.statutes.markdown import statute_from_text
from tests.factories import NOW, make_conversation, make_officer
from tickets.conversations import post
from tickets.database import Database, upgrade
from tickets.own_templates import write_template
from tickets.values import Actor
from tickets.workflow import ActorKind

ARTICLE = {"law": "动物防疫法", "article": "第三十条", "text": "旧", "status": "现行有效"}


@pytest.fixture(scope="module")
def library() -> StatuteLibrary:
    return StatuteLibrary.load()


async def _fill(url: str) -> None:
    database = Database(url)
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        for since in ("2021年5月1日", "2027年1月1日"):
            card = {"id": "dog", "citations": [{**ARTICLE, "effective_from": since}]}
            content = {"kind": "card", "text": "答", "card": card}
            await post(session, conversation.id, content, sender="assistant", now=NOW)
        officer = await make_officer(session)
        await write_template(
            session,
            None,
            title="养狗",
            text="按动物防疫法第三十条，请给狗打疫苗。",
            statuses=(),
            categories=(),
            department=None,
            actor=Actor(ActorKind.OFFICER, str(officer.id), "林工"),
            any_department=True,
            now=NOW,
        )
    await database.close()


def test_past_answers_and_templates_that_rest_on_the_older_text_are_named(
    tmp_path: Path, library: StatuteLibrary
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/wenfa.sqlite3"
    upgrade(url)
    asyncio.run(_fill(url))
    newer = statute_from_text(
        "# 动物防疫法\n<!-- INFO END -->\n第一条 甲。\n第三十条 养犬的新规定。", "动物防疫法_2027-01-01.md"
    )
    with_newer = StatuteLibrary([*library.all_versions(), newer])

    changes = changes_since(with_newer, date(2026, 12, 31))
    affected = affected_citations(cited_elsewhere(url, with_newer), changes)

    named = {item.name for item in affected if item.change.article == "第三十条"}
    assert named == {"过去的回答 #1", "回复模板“养狗”", "材料清单“犬只登记材料清单”"}
    shown = {item.change.difference() for item in affected if item.change.article == "第三十条"}
    assert len(shown) == 1
    assert "{+的新+}规定" in shown.pop()


def test_without_a_database_what_is_built_in_is_still_named(tmp_path: Path, library: StatuteLibrary) -> None:
    found = cited_elsewhere(f"sqlite+aiosqlite:///{tmp_path}/none/wenfa.sqlite3", library)

    names = {name for name, _ in found}
    assert {"期限计算", "文书“行政复议申请书”", "材料清单“犬只登记材料清单”"} <= names
    assert not any(name.startswith("过去的回答") for name in names)
