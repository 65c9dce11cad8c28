"""Where a ticket stands: told to its owner, by the conversation or by the receipt code, and to nobody
else.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from actions.status import MAX_WRONG_CODES
from tests.actions.test_report import photo
from tests.factories import OFFICER
from tests.talk import Talk
from tickets.workflow import Status

pytestmark = pytest.mark.nlu


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


async def test_urging_works_once_a_day(talk: Talk, filed: tuple[str, str]) -> None:
    await talk.say(f"查一下{filed[0]}")
    first = await talk.press("催一催")
    second = await talk.say(payload=f"status:urge:{filed[0]}", label="催一催")

    assert [reply["key"] for reply in (*first, *second)] == ["status_urged", "error_too_soon"]


async def test_the_photos_of_the_place_afterwards_come_with_the_news_and_again_on_request(
    talk: Talk, filed: tuple[str, str]
) -> None:
    await resolve(talk, filed[0])
    notices = await talk.replies()
    view = await talk.say(f"查一下{filed[0]}")
    again = await talk.press("看办理后的照片")
    await talk.say(f"查一下{filed[0]}", address="other-phone")
    with_code = await talk.say(filed[1], address="other-phone")

    assert notices[-2]["photo"] == again[0]["photo"] == with_code[1]["photo"]
    assert talk.services.photos.has(notices[-2]["photo"])
    assert [button["label"] for button in view[0]["buttons"]][-2:] == ["没解决", "看办理后的照片"]
    assert "buttons" not in with_code[0]


async def resolve(talk: Talk, ticket_no: str) -> None:
    """What the desk does, in short."""
    now = datetime.now(UTC)
    after = photo(talk, "green")
    async with talk.services.database.transaction() as session:
        tickets = talk.services.tickets(session, now)
        await tickets.assign(ticket_no, actor=OFFICER)
        await tickets.change_status(ticket_no, Status.IN_PROGRESS, actor=OFFICER)
        await tickets.change_status(
            ticket_no, Status.RESOLVED, actor=OFFICER, note="已经清理干净。", photos=(after,)
        )
