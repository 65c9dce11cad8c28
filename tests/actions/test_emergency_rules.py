"""Emergencies by rule: found at once, and not seen where there are none."""

from __future__ import annotations

import time

import pytest

from actions.emergency_rules import PHONE_NUMBERS, find_emergency

HAPPENING = [
    ("楼下店里着火了", "fire"),
    ("着火了，消防车进不来，救命", "fire"),
    ("我家厨房起火了怎么办", "fire"),
    ("工地把天然气管道挖断了", "gas"),
    ("楼道里好重的煤气味", "gas"),
    ("有人触电倒在水里了", "electric"),
    ("电线掉在水里冒火花", "electric"),
    ("脚手架塌了下面压着人", "collapse"),
    ("电梯里困住两个老人", "collapse"),
    ("摊贩和城管打起来了", "violence"),
    ("有人拿刀砍人", "violence"),
    ("老人晕倒了叫不醒", "medical"),
    ("小孩掉进井里了", "medical"),
    ("两伙人拿钢管打起来了", "violence"),
    ("路灯杆把小孩电倒了", "electric"),
    ("围墙倒下来把人埋了", "collapse"),
    ("狗正在咬小孩", "medical"),
    ("我不想活了", "suicide"),
    ("你们再拆我就从楼上跳下去", "suicide"),
    ("总有一天我会从桥上跳下去", "suicide"),
    (
        "我是小区业主，楼下烧烤店的油烟我们投诉了大半年，找过社区也打过热线，没有人管。现在他们店里着火了，火已经窜到二楼，赶紧派人来",
        "fire",
    ),
    (
        "你好，我反映一个问题，我们这条路挖了三个月一直没有围挡，晚上也没有灯，跟施工队说了好几次都不听，刚才一个老人掉进坑里了起不来",
        "medical",
    ),
]
NOT_HAPPENING = [
    "上周垃圾堆着火了怎么投诉",
    "消防通道被占，万一着火怎么办",
    "油烟大得像着火一样",
    "烧烤店的烟很大",
    "有人焚烧垃圾",
    "露天烧秸秆归谁管",
    "狗咬了人主人要赔多少钱",
    "邻居打人犯法吗",
    "家暴怎么取证",
    "城管打人怎么办",
    "去年我被邻居打了，法院判了不执行",
    "小区电动车乱充电，有火灾隐患",
    "担心电线掉下来电到人",
    "没有盖的井容易掉进去人",
    "半夜运土吵死人了",
    "树被人砍了",
    "建议开展消防演练",
    "路面塌陷好几个月了",
    "热水器打不着火",
    "燃气公司什么时候来通气",
    "煤气费怎么交",
    "天气热得要死",
    "医保是老百姓的救命钱",
    "你好",
    "",
]


@pytest.mark.parametrize(("text", "kind"), HAPPENING)
def test_emergency_is_found(text: str, kind: str):
    assert find_emergency(text) == kind


@pytest.mark.parametrize("text", NOT_HAPPENING)
def test_no_alarm_without_an_emergency(text: str):
    assert find_emergency(text) is None


def test_every_kind_has_a_number_to_call():
    assert {kind for _, kind in HAPPENING} < set(PHONE_NUMBERS)
    assert all(PHONE_NUMBERS.values())


@pytest.mark.parametrize("piece", ["火", "着火", "人被", "从楼", "煤气", "，着火了", "掉"])
def test_hostile_repetition_takes_no_time(piece: str):
    begin = time.perf_counter()

    find_emergency(piece * 5000)

    assert time.perf_counter() - begin < 2.0
