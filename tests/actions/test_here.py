"""A citizen who came by the code on a poster: the place is known before they write."""

from __future__ import annotations

import pytest

from tests.talk import Talk

pytestmark = pytest.mark.nlu

STORY = "有人把装修垃圾倒在这里好几天了，没有人来清理"


async def read_back(talk: Talk) -> str:
    """Answer what is asked until the report is read back, and return its text."""
    answers = {
        "report_category": "乱倒垃圾或建筑垃圾",
        "report_category_all": "乱倒垃圾或建筑垃圾",
        "report_photos": "跳过",
        "report_contact": "匿名",
    }
    for _ in range(6):
        key = talk.last[-1]["key"]
        if key == "report_read_back":
            return str(talk.last[-1]["text"])
        await talk.say(answers[key])
    raise AssertionError(f"stuck at {talk.last[-1]['key']}")


async def scan(talk: Talk, payload: str = "place:longtian:菜市场北门") -> list[str]:
    return [reply["key"] for reply in await talk.say(payload=payload, label="我在龙田镇菜市场北门")]


async def test_a_report_takes_the_place_of_the_code(talk: Talk) -> None:
    assert await scan(talk) == ["here_kept"]

    await talk.say(STORY)

    assert "地点：龙田镇菜市场北门" in await read_back(talk)


async def test_a_place_in_the_story_wins(talk: Talk) -> None:
    await scan(talk)

    await talk.say("音西街道清昌大道与福人路路口" + STORY)

    text = await read_back(talk)
    assert "清昌大道" in text
    assert "菜市场" not in text


async def test_a_report_under_way_takes_the_place_it_lacks(talk: Talk) -> None:
    await talk.say(STORY)

    keys = await scan(talk)

    assert keys[0] == "here_noted"
    assert "地点：龙田镇菜市场北门" in await read_back(talk)


async def test_a_code_of_no_town_is_said_kindly(talk: Talk) -> None:
    assert await scan(talk, "place:nowhere:菜市场") == ["here_unknown"]
    assert await scan(talk, "place:") == ["here_unknown"]
