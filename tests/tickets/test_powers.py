"""The list of powers: every article in force, everything that it names there, and who exercises what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge_base.statutes.library import StatuteLibrary
from tests.factories import ROUTING
from tickets.errors import RoutingError
from tickets.powers import Power, Powers

POWERS = Powers.load()


@pytest.fixture(scope="module")
def library() -> StatuteLibrary:
    return StatuteLibrary.load()


def test_every_power_stands_on_an_article_in_force(library: StatuteLibrary) -> None:
    today = datetime.now(UTC).date()

    assert POWERS.check(ROUTING, lambda law, article: library.article(law, article, today) is not None) == []


def test_every_street_matter_has_a_power() -> None:
    assert [code for code in ROUTING.city["after_photo_categories"] if not POWERS.of(code)] == []


def test_every_item_stands_in_its_article(library: StatuteLibrary) -> None:
    today = datetime.now(UTC).date()
    texts = {
        power.code: article.text.replace("(", "（").replace(")", "）")
        for power in POWERS.items
        if (article := library.article(power.law, power.article, today))
    }
    missing = [
        power.code
        for power in POWERS.items
        for item in power.item.replace("）（", "） （").split()
        if item not in texts[power.code]
    ]

    assert missing == []


def test_powers_of_several_categories_come_once_and_those_of_the_first_first() -> None:
    shown = [one.power for one in POWERS.shown(["dog", "parking"], "longtian", ROUTING)]

    assert shown == [*POWERS.of("dog"), *(one for one in POWERS.of("parking") if one not in POWERS.of("dog"))]


def test_most_of_the_list_is_not_public_and_that_is_said() -> None:
    assert POWERS.total == 227
    assert 20 <= sum(power.is_delegated for power in POWERS.items) < POWERS.total
    assert all(power.is_sample for power in POWERS.items if power.is_delegated)


@pytest.mark.parametrize(
    ("category", "town", "code", "holder"),
    [
        ("illegal_dumping", "longtian", "dumping_waste", "龙田镇"),
        ("illegal_dumping", None, "dumping_waste", "所在镇街"),
        ("illegal_dumping", "longtian", "solid_waste", "福清市城市管理局"),
        ("illegal_construction", "longtian", "village_building", "龙田镇人民政府"),
        ("illegal_construction", "yuping", "village_building", "所在镇人民政府"),
        ("parking", "yuping", "stopping", "福清市公安局交通警察大队"),
        ("parking", "yuping", "blocked_fire_lane", "消防救援机构"),
    ],
)
def test_who_exercises_a_power(category: str, town: str | None, code: str, holder: str) -> None:
    shown = {one.power.code: one.holder for one in POWERS.shown([category], town, ROUTING)}

    assert shown[code] == holder


def test_own_powers_come_before_those_of_others() -> None:
    others = [power.by not in ("bureau", "town") for power in POWERS.of("parking")]

    assert others == sorted(others)


def bad(**changes: object) -> Power:
    return replace(POWERS.items[0], **changes)


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([bad(), bad()], "stands twice"),
        ([bad(categories=("nonsense",))], "unknown category nonsense"),
        ([bad(law="不存在的法")], "is not in force"),
        ([bad(kind="行政赔偿")], "no kind of power"),
        ([bad(categories=())], "fits no category"),
        ([bad(by="nobody")], "authority nobody is missing"),
        ([bad(code=str(number)) for number in range(3)], "of 2"),
    ],
)
def test_the_check_names_what_is_wrong(items: list[Power], words: str) -> None:
    problems = Powers(items, 2, ("行政处罚法", "第二十四条")).check(
        ROUTING, lambda law, _: "不存在" not in law
    )

    assert any(words in problem for problem in problems)


def test_a_row_that_lacks_something_is_named(tmp_path: Path) -> None:
    (tmp_path / "powers.yml").write_text("total: 1\ndefaults: {}\nitems: [{code: a}]\n", encoding="utf-8")

    with pytest.raises(RoutingError, match=r"powers.yml: a row lacks 'name'"):
        Powers.load(tmp_path)


def test_a_city_without_a_list_has_none(tmp_path: Path) -> None:
    assert Powers.load(tmp_path).check(ROUTING, lambda *_: False) == []
