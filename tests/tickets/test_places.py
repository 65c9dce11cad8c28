"""Which town a citizen's words mean, and how sure that is."""

from __future__ import annotations

from typing import Any

import pytest

from tickets.categories import DATA_FOLDER, read_yaml
from tickets.places import Places

PLACES = Places.load(DATA_FOLDER)
CITY = read_yaml(DATA_FOLDER / "city.yml")


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
        ("龙田市场后面", "longtian", False),
        ("海口市场对面", "haikou", True),
        ("龍田鎮東華村", "longtian", False),
        ("鱼溪镇街上", "yuxi", False),
        ("鱼溪街上", "yuxi", True),
        ("东华村村口大榕树下", "longtian", False),
        ("石竹街道东张水库社区", "shizhu", False),
        ("东张水库社区门口", "shizhu", False),
        ("海口镇东华村", "haikou", False),
        ("我们村后面村道上", "longtian", True),
        ("长乐路口的福清龙田店", "longtian", False),
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
        ("长乐那边", "长乐"),
        ("在平潭北边", "平潭"),
        ("莆田江口镇街上", "莆田"),
    ],
)
def test_locate_names_what_is_outside(text: str, outside: str) -> None:
    found = PLACES.locate(text)

    assert (found.town, found.outside) == (None, outside)


@pytest.mark.parametrize(
    "text", ["", "我家楼下", "小区门口对面", "龙山区政府", "。。。", "😀", "长乐路口", "莆田卤面店门口"]
)
def test_locate_says_nothing_when_nothing_is_said(text: str) -> None:
    found = PLACES.locate(text)

    assert (found.town, found.outside) == (None, None)


def test_a_town_beside_a_district_of_another_city_is_ours_only_by_its_full_name() -> None:
    assert PLACES.locate("鼓楼区东张路").town is None
    found = PLACES.locate("从鼓楼区开来的车倒在东张镇").town
    assert found is not None
    assert found.code == "dongzhang"


@pytest.mark.parametrize("town", PLACES.towns, ids=lambda town: town.code)
def test_a_market_is_no_city(town: Any) -> None:
    for market in ("市场", "市集", "农贸市场"):
        found = PLACES.locate(f"{town.short_name}{market}后面")

        assert found.outside is None
        assert found.town is not None
        assert found.town.code == town.code


def test_a_village_in_two_towns_is_asked_for() -> None:
    places = Places(CITY, PLACES.towns, {"yuxi": ["双村"], "gaoshan": ["双村"], "longtian": ["单村"]})

    found = places.locate("双村小学门口")
    assert found.town is not None
    assert (found.town.is_unsure, {town.code for town in found.choices}) == (True, {"yuxi", "gaoshan"})
    assert places.locate("高山镇双村小学门口").choices == ()
    assert places.locate("单村小学门口").choices == ()


@pytest.mark.parametrize(
    ("latitude", "longitude", "is_ours"),
    [
        (25.7195, 119.3847, True),  # the seat of the city
        (25.628, 119.470, True),  # 龙田
        (25.470, 119.660, True),  # 东瀚
        (0.0, 0.0, False),
        (26.0745, 119.2965, False),  # 福州
        (25.9630, 119.5230, False),  # 长乐
        (25.8000, 119.6200, False),  # 江田 in 长乐
        (25.5036, 119.7905, False),  # 平潭
        (25.4600, 119.1200, False),  # 涵江 in 莆田
        (25.3700, 119.3700, False),  # 兴化湾
    ],
)
def test_the_outline_tells_our_neighbours_apart(latitude: float, longitude: float, is_ours: bool) -> None:
    assert PLACES.contains(latitude, longitude) == is_ours


def test_the_open_sea_is_not_within_the_outline() -> None:
    for box in CITY["water"]:
        middle = (box["south"] + box["north"]) / 2, (box["west"] + box["east"]) / 2
        assert PLACES.is_water(*middle)
        assert not PLACES.contains(*middle)


def test_a_city_without_outline_has_its_box() -> None:
    places = Places({**CITY, "outline": []}, PLACES.towns)

    assert places.contains(25.5036, 119.7905)
    assert not places.contains(26.0745, 119.2965)


@pytest.mark.parametrize(
    ("latitude", "longitude", "first"),
    [(25.628, 119.470, "longtian"), (25.4716, 119.5572, "gaoshan"), (25.60, 119.29, "yuxi")],
)
def test_a_point_suggests_the_towns_around_it(latitude: float, longitude: float, first: str) -> None:
    near = PLACES.near(latitude, longitude)

    assert near[0].code == first
    assert len(near) == 3


def test_a_point_far_from_all_suggests_none() -> None:
    assert PLACES.near(26.5, 119.4) == ()
