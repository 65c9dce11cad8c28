"""Papers rest on articles in force, take what they are given, and mark what is missing."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from docx import Document

from knowledge_base.cards import load_cards
from knowledge_base.deadlines import Rule
from knowledge_base.papers.catalogue import PAPERS, Paper
from knowledge_base.papers.filling import TEMPLATES, fill, fill_list, missing
from knowledge_base.papers.lists import PaperList, paper_lists
from knowledge_base.statutes.library import StatuteLibrary

TODAY = date(2026, 11, 26)
RULES = [rule for paper in PAPERS.values() for rule in paper.rests_on]
RULES += [item.rule for each in paper_lists().values() for item in each.items]


def words_of(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.law}{rule.article}")
def test_every_paper_rests_on_articles_in_force(rule: Rule, library: StatuteLibrary) -> None:
    article = library.article(rule.law, rule.article, TODAY)

    assert article is not None
    assert article.status.value == "in_force"
    assert rule.words in article.text


@pytest.mark.parametrize("paper", PAPERS.values(), ids=lambda paper: paper.code)
def test_an_empty_paper_marks_every_blank(paper: Paper) -> None:
    words = words_of(fill(paper, {}))

    assert words.startswith(paper.title)
    for blank in paper.blanks:
        assert f"【待填写：{blank.title}】" in words
    assert "{" not in words


@pytest.mark.parametrize("paper", PAPERS.values(), ids=lambda paper: paper.code)
def test_a_full_paper_says_what_it_was_given(paper: Paper) -> None:
    values = {blank.key: f"答{number}" for number, blank in enumerate(paper.blanks)}

    words = words_of(fill(paper, values, authority="福清市人民政府"))

    assert all(value in words for value in values.values())
    assert missing(paper, values) == []
    # What the flow doesn't ask stays for the pen.
    left = set(words.replace("\n", "").split("【待填写：")[1:])
    assert all(
        part.split("】")[0] in {"性别", "出生日期", "工作单位，没有就写无", "邮政编码"} for part in left
    )


def test_what_people_write_is_text_and_nothing_else() -> None:
    reasons = "<b>没有</b> {{ name }} {% raise %} & \x00\x0b第一段\n\n第二段 \ud800"

    content = fill(PAPERS["reconsideration"], {"reasons": reasons, "name": "林大山"})

    words = words_of(content)
    assert "<b>没有</b> {{ name }} {% raise %} & 第一段\n第二段" in words
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None


@pytest.mark.parametrize("each", paper_lists().values(), ids=lambda each: each.code)
def test_a_list_says_what_the_law_says_and_what_it_does_not(each: PaperList) -> None:
    words = words_of(fill_list(each))

    assert words.startswith(each.title)
    assert all(item.words in words and item.rule.article in words for item in each.items)
    assert all(question in words for question in each.to_ask)
    assert "没有查到公布的规定，以窗口答复为准" in words
    assert "{" not in words


def test_cards_of_papers_exist() -> None:
    cards = {card.id for card in load_cards()}

    named = [paper.card for paper in PAPERS.values()] + [each.card for each in paper_lists().values()]
    assert set(named) - cards == set()


def test_templates_tell_nothing_of_who_made_them() -> None:
    for path in TEMPLATES.glob("*.docx"):
        assert Document(str(path)).core_properties.author == ""
