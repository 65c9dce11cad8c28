from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.errors import UnknownLaw
from knowledge_base.models import Status
from knowledge_base.statutes.library import StatuteLibrary, read_status
from knowledge_base.statutes.markdown import statute_from_text

TODAY = date(2026, 11, 23)
ENDED_BY_THE_CODE = (
    "环境保护法", "环境影响评价法", "海洋环境保护法", "大气污染防治法", "水污染防治法",
    "土壤污染防治法", "固体废物污染环境防治法", "噪声污染防治法", "放射性污染防治法", "清洁生产促进法",
)  # fmt: skip


@pytest.mark.parametrize("law", ENDED_BY_THE_CODE)
def test_the_environmental_code_ended_ten_laws(law: str, library: StatuteLibrary) -> None:
    version = library.versions(law)[-1]

    assert version.status_on(date(2026, 8, 14)) is Status.IN_FORCE
    assert version.status_on(date(2026, 8, 15)) is Status.REPEALED
    assert version.successor == "生态环境法典"


def test_the_penalties_law_has_two_texts_with_other_numbers(library: StatuteLibrary) -> None:
    then = library.article("治安管理处罚法", "第七十五条", date(2025, 6, 1))
    now = library.article("治安管理处罚法", "第八十九条", TODAY)

    assert then is not None
    assert now is not None
    assert then.status is Status.IN_FORCE
    assert then.effective_to == date(2026, 1, 1)
    assert then.text.startswith("饲养动物")
    assert now.text.startswith("饲养动物")


def test_a_law_stays_in_force_when_only_one_source_calls_it_repealed(library: StatuteLibrary) -> None:
    assert library.versions("农村土地承包法")[-1].status_on(TODAY) is Status.IN_FORCE


def test_a_law_that_has_not_begun_is_not_the_law_yet(library: StatuteLibrary) -> None:
    old, new = library.versions("农业法")

    assert old.status_on(TODAY) is Status.IN_FORCE
    assert new.status_on(TODAY) is Status.NOT_YET
    assert library.article("农业法", "第一条", TODAY) != library.article("农业法", "第一条", date(2027, 1, 1))


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("中华人民共和国行政处罚法", "行政处罚法"),
        ("《民法典》", "民法典"),
        ("固废法", "固体废物污染环境防治法"),
        ("市容条例", "城市市容和环境卫生管理条例"),
        ("治安管理处罚法（2025年修订）", "治安管理处罚法"),
        ("行政诉讼法司法解释", "最高人民法院关于适用《行政诉讼法》的解释"),
    ],
)
def test_finds_a_statute_by_what_people_call_it(name: str, law: str, library: StatuteLibrary) -> None:
    assert library.find(name) == law


def test_says_that_a_name_is_unknown(library: StatuteLibrary) -> None:
    assert library.find("福州市城市养犬管理条例") is None
    assert library.article("没有这部法", "第一条", TODAY) is None
    with pytest.raises(UnknownLaw):
        library.versions("没有这部法")


def test_there_is_no_article_before_the_first_text_and_none_beyond_the_last(library: StatuteLibrary) -> None:
    assert library.article("行政处罚法", "第一条", date(2000, 1, 1)) is None
    assert library.article("行政处罚法", "第三百条", TODAY) is None


def test_a_newer_text_ends_the_older_one() -> None:
    old = statute_from_text("# 甲法\n<!-- INFO END -->\n第一条 旧。", "甲法_2010-01-01.md")
    new = statute_from_text("# 甲法\n<!-- INFO END -->\n第一条 新。", "甲法_2020-01-01.md")

    library = StatuteLibrary([new, old])

    first, last = library.versions("甲法")
    assert first.status_on(date(2019, 12, 31)) is Status.IN_FORCE
    assert first.status_on(date(2020, 1, 1)) is Status.REVISED
    assert last.status_on(TODAY) is Status.IN_FORCE
    assert [v.law for v in library.in_force(TODAY)] == ["甲法"]


def test_every_line_of_the_status_file_names_a_text_that_is_there(library: StatuteLibrary) -> None:
    from knowledge_base.statutes.library import STATUS_FILE

    for line in read_status(STATUS_FILE):
        assert line.reason
        assert line.version in {v.version for v in library.versions(line.law)}, line.law


def test_every_alias_leads_somewhere_and_hides_no_title(library: StatuteLibrary) -> None:
    from knowledge_base.statutes.library import ALIASES_FILE, read_yaml

    for title, others in read_yaml(ALIASES_FILE).items():
        assert library.find(title) is not None, title
        assert all(library.find(other) == library.find(title) for other in others), title


def test_imported_statutes_are_read_too(write: Callable[[str, str], Path]) -> None:
    path = write(
        "imported/甲办法.txt",
        "---\nlaw: 甲办法\nversion: 2026-01-01\neffective_from: 2026-02-01\n---\n\n第一条 甲。\n",
    )

    library = StatuteLibrary.load(path.parent)

    assert library.versions("甲办法")[0].effective_from == date(2026, 2, 1)


def test_status_words_are_chinese() -> None:
    assert [status.label for status in Status] == ["现行有效", "已被修订", "已废止", "尚未生效"]
