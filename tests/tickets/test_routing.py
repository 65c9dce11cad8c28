"""Routing: every matter has exactly one owner, and data with a gap is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tickets.categories import CATEGORIES, DATA_FOLDER
from tickets.coordinates import gcj02_from_wgs84
from tickets.errors import RoutingError
from tickets.routing import Routing
from tickets.values import Place

ROUTING = Routing.load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA_FOLDER, tmp_path / "data"))


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_city_has_seven_streets_and_seventeen_towns_in_six_zones() -> None:
    towns = ROUTING.towns()

    assert len([town for town in towns if town.name.endswith("街道")]) == 7
    assert len([town for town in towns if town.name.endswith("镇")]) == 17
    assert {town.zone for town in towns} == set(ROUTING.zones)
    assert len(ROUTING.zones) == 6


def test_there_are_nineteen_categories_with_names_and_examples() -> None:
    assert len(CATEGORIES) == 19
    assert all(category.name and category.examples for category in CATEGORIES.values())


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_has_an_owner_of_ours_in_every_town(category: str) -> None:
    places = [Place("", town=town.code) for town in ROUTING.towns()] + [Place("不知道哪里"), None]

    for place in places:
        owner = ROUTING.route(category, place)
        assert owner.kind != "outside"
        assert ROUTING.may_hold(category, owner.code)
        assert owner not in ROUTING.assisting(category, place)


def test_only_the_public_hotline_is_given_as_number() -> None:
    assert {department.phone for department in ROUTING.departments()} == {"12345"}


def test_offices_of_the_bureau_are_marked_as_samples() -> None:
    assert all(department.is_sample for department in ROUTING.departments() if department.kind != "outside")


def test_a_squad_owns_what_happens_in_its_town() -> None:
    assert ROUTING.route("dog", Place("福清市龙田镇东华村")).name == "龙田中队"
    assert ROUTING.route("dog", Place("音西街道清昌大道")).code == "squad_yinxi"


def test_an_unsure_town_goes_to_the_squad_for_everywhere() -> None:
    assert ROUTING.route("dog", Place("龙江路边上")).code == "duty_squad"
    assert ROUTING.route("dog", Place("我家楼下")).code == "duty_squad"


def test_complaints_about_officers_go_to_supervision_and_nowhere_else() -> None:
    for town in ROUTING.towns():
        assert ROUTING.route("officer_conduct", Place("", town=town.code)).code == "supervision"
    assert [
        department.code
        for department in ROUTING.departments()
        if ROUTING.may_hold("officer_conduct", department.code)
    ] == ["supervision"]


def test_other_authorities_help_but_never_own() -> None:
    helping = ROUTING.assisting("gas_water", None)

    assert [department.code for department in helping] == ["housing_bureau"]
    assert not ROUTING.may_hold("gas_water", "housing_bureau")


def test_the_zone_head_is_found_by_town() -> None:
    assert ROUTING.zone_head("longtian").code == "zone_longgao"
    assert ROUTING.zone_head(None).code == "supervision"


def test_a_shared_point_outside_of_the_city_is_told_from_one_inside() -> None:
    beijing = Place("这里", latitude=39.9, longitude=116.4)
    fuqing = Place("这里", latitude=25.72, longitude=119.38, datum="GCJ-02")

    assert ROUTING.locate(beijing).outside == "位置不在福清市"
    assert ROUTING.locate(fuqing).outside is None
    assert ROUTING.locate(Place("龙田镇", latitude=39.9, longitude=116.4)).outside is None


def test_the_same_point_from_telegram_and_wechat_is_the_same_place() -> None:
    from_telegram = Place("", latitude=25.628, longitude=119.470)
    latitude, longitude = gcj02_from_wgs84(25.628, 119.470)
    from_wechat = Place("", latitude=latitude, longitude=longitude, datum="GCJ-02")

    assert ROUTING.locate(from_telegram) == ROUTING.locate(from_wechat)
    assert [town.code for town in ROUTING.locate(from_wechat).choices][0] == "longtian"
    assert ROUTING.route("dog", from_wechat).code == "duty_squad"


def test_an_unknown_department_is_refused() -> None:
    with pytest.raises(RoutingError):
        ROUTING.department("nowhere")


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("routing.yml", "[greening]", "[other]", "greening in yuping has no owner"),
        ("routing.yml", "lead: gardens", "lead: garden", "department garden is missing"),
        ("routing.yml", "[dog]", "[dog, cat]", "unknown category cat"),
        ("routing.yml", "lead: intake, assisting", "lead: housing_bureau, assisting", "another authority"),
        ("routing.yml", "without_town: duty_squad", "without_town: nobody", "department nobody is missing"),
        ("routing.yml", "[dog], lead", "[dog], towns: [yuping], lead", "dog in longshan has no owner"),
        ("towns.yml", "zone: west", "zone: east", "zone east"),
        ("routing.yml", "front_desk: intake", "front_desk: police", "front_desk police"),
        ("routing.yml", "supervision: supervision", "supervision: nobody", "supervision nobody"),
        ("routing.yml", ", only: [supervision]", "", "officer_conduct may be held by anybody"),
        ("routing.yml", "lead: gardens, ", "", r"routing.yml: a row lacks 'lead'"),
        ("routing.yml", "rules:", "rules: [", "routing.yml can't be read"),
        ("departments.yml", "code: gardens", "code: intake", "code intake stands twice"),
        ("towns.yml", "code: yidu", "code: yuxi", "code yuxi stands twice"),
        ("categories.yml", "code: other,", "code: others,", "category other is missing"),
        ("villages.yml", "yidu:", "nowhere:", "villages.yml: no town nowhere"),
        ("city.yml", "bounds:", "limits:", "a row lacks 'bounds'"),
        ("consultations.yml", "department: legal", "department: law", "department law is missing"),
        ("consultations.yml", "department: legal", "department: police", "department police is missing"),
        ("checks.yml", "points: 15", "points: 16", "add up to 100"),
        ("towns.yml", "head: zone_west", "head: zone_east", "head zone_east"),
    ],
)
def test_data_with_a_gap_is_refused_by_name(folder: Path, file: str, old: str, new: str, says: str) -> None:
    replace(folder / file, old, new)

    with pytest.raises(RoutingError, match=says):
        Routing.load(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "departments.yml").unlink()

    with pytest.raises(RoutingError, match=r"departments.yml can't be read"):
        Routing.load(folder)


def test_another_city_can_replace_the_data(folder: Path) -> None:
    (folder / "towns.yml").write_text(
        "zones: [{code: all, name: 全市, head: intake}]\n"
        "towns: [{code: east, name: 东镇, short: 东镇, zone: all}]\n",
        encoding="utf-8",
    )
    replace(folder / "city.yml", "short_name: 福清", "short_name: 某某")
    (folder / "villages.yml").unlink()
    # What the city has no rules of its own for comes with the product.
    (folder / "checks.yml").unlink()

    routing = Routing.load(folder)

    assert routing.route("dog", Place("某某市东镇")).code == "squad_east"
