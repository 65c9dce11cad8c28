"""What the desk made, as files that the training and the card check read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml

from bot.cli import main
from bot.commands.quality import CARDS_FILE, LABELS_FILE
from knowledge_base.cards import read_cards
from tests.bot.desk.test_quality_view import CARD
from tests.factories import NOW, make_conversation, make_officer
from tests.schema import new_sqlite
from tickets import card_drafts, conversations, quality
from tickets.database import Database
from tickets.models import GapKind


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = new_sqlite(tmp_path / "wenfa.db")
    monkeypatch.setenv("WENFA_DATABASE_URL", url)
    monkeypatch.setenv("WENFA_DATA_FOLDER", str(tmp_path))
    return url


async def fill(url: str) -> None:
    database = Database(url)
    async with database.transaction() as session:
        author = await make_officer(session, username="bian")
        reviewer = await make_officer(session, username="shen")
        conversation = await make_conversation(session)
        stored = await conversations.receive(session, conversation, "u", {"text": "x"}, NOW)
        assert stored is not None
        missed = quality.Missed(GapKind.UNCLEAR, "楼下 [狗](dog) 一直叫", stored.id)
        await quality.collect(session, missed, NOW)
        (group,) = await quality.open_groups(session)
        await quality.label_group(session, group.id, "complaint", "dog", officer_id=author.id, now=NOW)
        content = {
            **CARD,
            "category": None,
            "questions": CARD["questions"].split("\n"),
            "next_steps": [CARD["next_steps"]],
            "cites": [{"law": "行政复议法", "article": "第二十条", "facts": ["六十日内提出申请"]}],
        }
        draft = await card_drafts.start(session, content, author_id=author.id, group_id=None, now=NOW)
        await card_drafts.submit(session, draft.id, now=NOW)
        await card_drafts.publish(session, draft.id, reviewer_id=reviewer.id, note="", now=NOW)
    await database.close()


def test_export_writes_files_that_can_be_read_back(url: str, tmp_path: Path) -> None:
    asyncio.run(fill(url))

    assert main(["quality", "export", "--into", str(tmp_path)]) == 0

    data = yaml.safe_load((tmp_path / LABELS_FILE).read_text(encoding="utf-8"))
    assert data["nlu"] == [{"intent": "complaint/dog", "examples": "- 楼下 ［狗］（dog） 一直叫\n"}]
    cards, problems = read_cards(tmp_path / CARDS_FILE)
    assert problems == []
    assert [card.id for card in cards] == ["desk_test_reconsider"]


def test_nothing_to_export_leaves_no_file(url: str, tmp_path: Path) -> None:
    assert main(["quality", "export", "--into", str(tmp_path)]) == 0

    assert not (tmp_path / LABELS_FILE).exists()
