"""Which town a citizen's words mean, and how sure that is."""

from __future__ import annotations

import pytest

from tickets.categories import DATA_FOLDER
from tickets.places import Places

PLACES = Places.load(DATA_FOLDER)


@pytest.mark.parametrize("town", PLACES.towns, ids=lambda town: town.code)
def test_every_town_is_found_by_its_full_name(town: object) -> None:
    name = town.name  # type: ignore[attr-defined] # ids above want an untyped parameter

    found = PLACES.locate(f"福清市{name}某某村口的小店旁边").town

    assert found is not None
    assert (found.name, found.is_unsure) == (name, False)


@pytest.mark.parametrize(
    ("text", "code", "is_unsure"),
    [
        ("福清市龙田镇东华村", "longtian", False),
        ("音西街道清昌大道", "yinxi", False),
        ("龙田", "longtian", False),
        ("龙 田 那边菜市场", "longtian", False),
        ("渔溪街上", "yuxi", False),
        ("福清高山", "gaoshan", False),
        ("福州市福清市港头", "gangtou", False),
        ("平潭回来路上在龙田镇看到的", "longtian", False),
        ("高山", "gaoshan", True),
        ("海口", "haikou", True),
        ("龙江路口", "longjiang", True),
        ("玉屏花园", "yuping", True),
        ("东张镇和镜洋镇交界", "dongzhang", True),
    ],
)
def test_locate_finds_the_town(text: str, code: str, is_unsure: bool) -> None:
    found = PLACES.locate(text).town

    assert found is not None
    assert (found.code, found.is_unsure) == (code, is_unsure)


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("福州市鼓楼区五四路", "鼓楼区"),
        ("江苏江阴市澄江街道", "江阴市"),
        ("海南海口市", "海口市"),
        ("平潭县城关", "平潭县"),
        ("莆田市涵江区江口", "莆田市"),
    ],
)
def test_locate_names_what_is_outside(text: str, outside: str) -> None:
    found = PLACES.locate(text)

    assert (found.town, found.outside) == (None, outside)


@pytest.mark.parametrize("text", ["", "我家楼下", "小区门口对面", "龙山区政府", "。。。", "😀"])
def test_locate_says_nothing_when_nothing_is_said(text: str) -> None:
    found = PLACES.locate(text)

    assert (found.town, found.outside) == (None, None)


def test_a_town_beside_a_district_of_another_city_is_ours_only_by_its_full_name() -> None:
    assert PLACES.locate("鼓楼区东张路").town is None
    found = PLACES.locate("从鼓楼区开来的车倒在东张镇").town
    assert found is not None
    assert found.code == "dongzhang"
