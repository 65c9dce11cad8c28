"""Places, times, numbers and citations in citizens' messages."""

from __future__ import annotations

import time

import pytest

from nlu_data.components.extraction import find_entities
from nlu_data.components.place_patterns import PlaceFinder
from nlu_data.components.places import load_places

FINDER = PlaceFinder(load_places())


def found(text: str, kind: str) -> list[str]:
    return [value for name, value, _, _ in find_entities(text, FINDER) if name == kind]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("龙田镇上薛村村口有人倒垃圾", "龙田镇上薛村村口"),
        ("音西街道福百大道与清昌大道交叉口的路灯坏了", "音西街道福百大道与清昌大道交叉口"),
        ("宏路西环路世纪城对面工地半夜施工", "宏路西环路世纪城对面"),
        ("我家在金辉花园12号楼楼下", "金辉花园12号楼楼下"),
        ("阳下溪北村29号门口摆摊", "阳下溪北村29号门口"),
        ("万达广场后面那条街", "万达广场后面"),
        ("福清一中对面", "福清一中对面"),
        ("小区门口的垃圾桶满了", "小区门口"),
        ("就在菜市场旁边", "菜市场旁边"),
        ("向阳路口红灯处", "向阳路口"),
        ("3栋2单元楼道里堆满杂物", "3栋2单元楼道里"),
        ("人行道上全是车", "人行道上"),
        ("裕荣汇门口在挖路", "裕荣汇门口"),
        ("龙江路和环北路口的红绿灯", "龙江路和环北路口"),
        ("住在溪前观邸3号楼2单元", "溪前观邸3号楼2单元"),
        ("音埔路融侨城二期12栋1801", "音埔路融侨城二期12栋1801"),
        ("国道G324线宏路段全是坑", "国道G324线宏路段"),
        ("县道X173没有路灯", "县道X173"),
        ("水果店对面堆着箱子", "水果店对面"),
        ("我家楼上漏水", "我家楼上"),
        ("第三中学后门的小吃摊", "第三中学后门"),
        ("霞楼村村委会旁边", "霞楼村村委会旁边"),
        ("江滨公园2号公厕没水", "江滨公园2号"),
        ("6-2-503门口", "6-2-503"),
    ],
)
def test_place_is_found_by_its_shape(text: str, place: str):
    assert any(value.startswith(place[:-1]) for value in found(text, "place")), found(text, "place")


@pytest.mark.parametrize(
    ("text", "town"),
    [
        ("我在宏路", "宏路街道"),
        ("龙田镇的事", "龙田镇"),
        ("音西街道办不管", "音西街道"),
        ("江阴工业区", "江阴镇"),
        ("一都那边", "一都镇"),
    ],
)
def test_town_gets_its_official_name(text: str, town: str):
    assert found(text, "town") == [town]


@pytest.mark.parametrize(
    "text",
    ["海口市的天气", "高山病怎么治", "龙江路堵了", "渔溪大道的灯", "我们楼上漏水", "请问怎么投诉", "你好"],
)
def test_no_town_where_there_is_none(text: str):
    assert found(text, "town") == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("工单FQ20261123-0007到哪了", "ticket_no", "FQ20261123-0007"),
        ("fq20261123-10007", "ticket_no", "fq20261123-10007"),
        ("电话13800138000", "phone", "13800138000"),
        ("电话0591-85221234", "phone", "0591-85221234"),
        ("身份证350181199001011234", "identity_number", "350181199001011234"),
        ("闽A12345停在路口", "plate", "闽A12345"),
        ("闽AD12345是新能源车", "plate", "闽AD12345"),
        ("依据《治安管理处罚法》处罚", "law", "《治安管理处罚法》"),
        ("养狗违反动物防疫法吗", "law", "动物防疫法"),
        ("根据民法典第一千二百四十五条", "law", "民法典"),
        ("根据民法典第一千二百四十五条", "article", "第一千二百四十五条"),
        ("第58条第二款怎么说", "article", "第58条第二款"),
        ("罚了我两百元", "amount", "两百元"),
        ("罚款500元", "amount", "500元"),
        ("每天晚上十点到凌晨两点吵", "when", "每天晚上十点到凌晨两点"),
        ("昨晚11点有人倒渣土", "when", "昨晚11点"),
        ("10月25号的事", "when", "10月25号"),
        ("周六早上六点半放喇叭", "when", "周六早上六点半"),
        ("每周一三五早上放喇叭", "when", "每周一三五早上"),
        ("上个月15号晚上10点多到凌晨两三点", "when", "上个月15号晚上10点多到凌晨两三点"),
        ("五一期间天天吵", "when", "五一期间天天"),
        ("闽 A 12345 逆行", "plate", "闽 A 12345"),
        ("身份证350181 19900101 1234", "identity_number", "350181 19900101 1234"),
        ("电话一三八零零一三八零零零", "phone", "一三八零零一三八零零零"),
        ("每平方1块8毛", "amount", "1块8毛"),
        ("赔偿五万六千元整", "amount", "五万六千元整"),
        ("[闽A12345](plate)", "plate", "闽A12345"),
        ("工单FQ２０２６１１２３－０００７", "ticket_no", "FQ２０２６１１２３－０００７"),
    ],
)
def test_value_is_found(text: str, kind: str, value: str):
    assert found(text, kind) == [value]


def test_offsets_point_at_the_words():
    text = "清荣大道8号楼下每天晚上摆摊，罚款200元"

    for kind, value, start, end in find_entities(text, FINDER):
        assert kind == "town" or text[start:end] == value


@pytest.mark.parametrize(
    "piece", ["一", "1", "路", "东南西北", "的", "FQ", "第一条", "每天", "店旁", "1-1-1", "我家楼下", "G324"]
)
def test_hostile_repetition_takes_no_time(piece: str):
    begin = time.perf_counter()

    find_entities((piece * 1200)[:1200], FINDER)

    assert time.perf_counter() - begin < 1.0
