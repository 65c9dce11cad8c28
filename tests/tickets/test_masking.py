"""Personal data is found and masked; everything else stays readable."""

from __future__ import annotations

import time

import pytest

from tickets.masking import kinds_found, mask


@pytest.mark.parametrize(
    ("text", "secret", "kind"),
    [
        ("电话13800138000", "13800138000", "电话"),
        ("电话138 0013 8000", "0013", "电话"),
        ("打138-0013-8000", "8000", "电话"),
        ("+86 13800138000", "13800138000", "电话"),
        ("１３８００１３８０００", "0013", "电话"),
        ("幺三八零零一三八零零零", "三八零零", "电话"),
        ("座机0591-85221234", "85221234", "电话"),
        ("家里电话85221234", "85221234", "电话"),
        ("身份证350181199001011234", "19900101", "身份证号"),
        ("350181 19900101 123X", "19900101", "身份证号"),
        ("卡号6222 0211 1234 5678 901", "0211", "银行卡号"),
        ("闽A12345乱停", "12345", "车牌"),
        ("闽AD12345乱停", "D12345", "车牌"),
        ("邮箱chen.xm@example.com", "chen.xm", "邮箱"),
        ("微信号abc_12345", "abc_12345", "微信号"),
        ("我住3栋2单元501室", "501", "门牌"),
        ("12号楼1803房漏水", "1803", "门牌"),
        ("我叫陈小明", "陈小明", "姓名"),
        ("联系人：林芳", "林芳", "姓名"),
        ("林先生说的", "林先生", "姓名"),
    ],
)
def test_personal_data_is_masked(text: str, secret: str, kind: str):
    masked = mask(text)

    assert secret not in masked
    assert f"【{kind}】" in masked
    assert kind in kinds_found(text)


@pytest.mark.parametrize(
    "text",
    [
        "工单FQ20261123-0007处理到哪了",
        "清荣大道路灯坏了",
        "罚款500元合理吗",
        "治安管理处罚法第58条",
        "我是小区业主",
        "2026年8月15日起施行",
        "打12345没有人接",
        "每天晚上10点到12点",
        "（已办结）：清走了，您看行吗？",
    ],
)
def test_harmless_text_stays(text: str):
    assert mask(text) == text
    assert kinds_found(text) == frozenset()


def test_masking_twice_changes_nothing():
    once = mask("我叫陈小明，电话13800138000，住3栋501室")

    assert mask(once) == once


@pytest.mark.parametrize("piece", ["1", "a@", "陈", "138", "\x000\x00", "闽A", "微信"])
def test_hostile_repetition_takes_no_time(piece: str):
    begin = time.perf_counter()

    mask(piece * 5000)

    assert time.perf_counter() - begin < 2.0
