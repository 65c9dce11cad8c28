"""Where a ticket stands: told to its owner, by the conversation or by the receipt code, and to nobody
else.
"""

from __future__ import annotations

import re

import pytest

from actions.status import MAX_WRONG_CODES
from tests.actions.test_report import STORY, answer_all
from tests.talk import Talk
from tickets.workflow import Status

pytestmark = pytest.mark.nlu


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


async def test_the_own_conversation_needs_no_code(talk: Talk, filed: tuple[str, str]) -> None:
    (reply,) = await talk.say(f"查一下{filed[0]}")

    assert reply["key"] == "status_view"
    assert filed[0] in reply["text"]


async def test_without_a_number_the_own_ticket_is_shown(talk: Talk, filed: tuple[str, str]) -> None:
    assert await talk.keys("我的投诉办得怎么样了") == ["status_view"]


async def test_a_stranger_needs_the_receipt_code(talk: Talk, filed: tuple[str, str]) -> None:
    number, code = filed
    asked = await talk.say(f"查工单{number}", address="stranger")
    wrong = await talk.say("ABCDEFGH", address="stranger")
    right = await talk.say(code.lower(), address="stranger")

    assert [asked[0]["key"], wrong[0]["key"], right[0]["key"]] == [
        "status_ask_code",
        "status_wrong_code",
        "status_view",
    ]


async def test_an_unknown_number_reads_the_same_as_a_strangers(talk: Talk, filed: tuple[str, str]) -> None:
    unknown = await talk.say("查工单FQ20200101-0001", address="stranger")

    assert unknown[0]["key"] == "status_ask_code"


async def test_guessing_codes_ends(talk: Talk, filed: tuple[str, str]) -> None:
    await talk.say(f"查工单{filed[0]}", address="stranger")
    for _ in range(MAX_WRONG_CODES):
        await talk.say("ABCDEFGH", address="stranger")

    assert [reply["key"] for reply in await talk.say(filed[1], address="stranger")] == [
        "status_too_many_codes"
    ]


async def test_words_are_added_to_the_ticket(talk: Talk, filed: tuple[str, str]) -> None:
    await talk.say(f"查一下{filed[0]}")
    await talk.press("补充情况")
    replies = await talk.say("今天早上又来倒了一车")

    assert [reply["key"] for reply in replies] == ["status_added"]
    (reply,) = await talk.say(f"查一下{filed[0]}")
    assert "今天早上又来倒了一车" in reply["text"]


async def test_withdrawing_asks_first(talk: Talk, filed: tuple[str, str]) -> None:
    await talk.say(f"查一下{filed[0]}")
    asked = await talk.press("撤回")
    await talk.press("确定撤回")

    (ticket,) = await talk.tickets()
    assert asked[0]["key"] == "status_withdraw_confirm"
    assert ticket.status is Status.WITHDRAWN


async def test_a_stranger_cannot_withdraw(talk: Talk, filed: tuple[str, str]) -> None:
    replies = await talk.say(payload=f"status:withdraw!:{filed[0]}", address="stranger")

    (ticket,) = await talk.tickets()
    assert [reply["key"] for reply in replies] == ["error_ticket_not_found"]
    assert ticket.status is Status.SUBMITTED
