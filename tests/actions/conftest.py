"""A citizen who has reported something."""

from __future__ import annotations

import re

import pytest

from tests.actions.test_report import STORY, answer_all
from tests.talk import Talk


@pytest.fixture
async def filed(talk: Talk) -> tuple[str, str]:
    """Number and receipt code of a ticket of the citizen's."""
    await talk.say(STORY)
    await answer_all(talk, until="report_read_back")
    (reply,) = await talk.press("提交")
    number = re.search(r"FQ\d{8}-\d{4,}", reply["text"])
    code = re.search(r"查询码：(\w{8})", reply["text"])
    assert number is not None
    assert code is not None
    return number.group(), code.group(1)
