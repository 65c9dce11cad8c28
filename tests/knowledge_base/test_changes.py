from __future__ import annotations

from collections.abc import Callable
from datetime import date

from knowledge_base.changes import affected_cards, affected_citations, changes_between, changes_since
from knowledge_base.models import Citation, Cite, RuleCard, Status
from knowledge_base.statutes.library import StatuteLibrary
from knowledge_base.statutes.markdown import statute_from_text

OLD = statute_from_text(
    "# 甲法\n<!-- INFO END -->\n第一条 同。\n第二条 罚一百元。\n第三条 去掉。", "甲法_2010-01-01.md"
)
NEW = statute_from_text("# 甲法\n<!-- INFO END -->\n第一条 同。\n第二条 罚二百元。", "甲法_2020-01-01.md")


def test_tells_which_articles_a_newer_text_changed() -> None:
    changes = changes_between(OLD, NEW)

    assert [(c.article, c.now) for c in changes] == [("第二条", "罚二百元。"), ("第三条", "")]
    assert changes[0].difference() == "罚[-一-]{+二+}百元。"
    assert changes[0].since == date(2020, 1, 1)


def test_cards_that_were_reviewed_before_a_change_are_listed(make_card: Callable[..., RuleCard]) -> None:
    library = StatuteLibrary([OLD, NEW])
    changes = changes_since(library, date(2019, 1, 1))
    stale = make_card(id="stale", cites=(Cite("甲法", "第二条"),), reviewed_on=date(2019, 1, 1))
    fresh = make_card(id="fresh", cites=(Cite("甲法", "第二条"),), reviewed_on=date(2020, 2, 1))
    other = make_card(
        id="other", cites=(Cite("甲法", "第一条"), Cite("乙法", "第一条")), reviewed_on=date(2019, 1, 1)
    )

    affected = affected_cards([stale, fresh, other], changes, library)

    assert [(a.name, a.change.article) for a in affected] == [("stale", "第二条")]
    assert changes_since(library, date(2020, 1, 1)) == []


def test_past_answers_that_rest_on_the_older_text_are_listed() -> None:
    changes = changes_between(OLD, NEW)
    old = Citation("甲法", "第二条", Status.IN_FORCE, date(2010, 1, 1))
    new = Citation("甲法", "第二条", Status.IN_FORCE, date(2020, 1, 1))

    assert [a.name for a in affected_citations([("answer 1", old), ("answer 2", new)], changes)] == [
        "answer 1"
    ]


def test_the_end_of_a_statute_changes_all_its_articles(library: StatuteLibrary) -> None:
    changes = [c for c in changes_since(library, date(2026, 8, 1)) if c.law == "噪声污染防治法"]

    assert len(changes) == 90
    assert {c.since for c in changes} == {date(2026, 8, 15)}
