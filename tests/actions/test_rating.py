"""What the citizen makes of it: stars with one tap, a reason asked for kindly, and "not solved"."""

from __future__ import annotations

import pytest

from actions.base import RATING_SCALE
from tests.actions.test_report import STORY, photo
from tests.actions.test_status import resolve
from tests.talk import Talk
from tickets.workflow import Status

pytestmark = pytest.mark.nlu

STARS = ["1星 很不满意", "2星 不满意", "3星 一般", "4星 满意", "5星 很满意"]


@pytest.fixture
async def resolved(talk: Talk, filed: tuple[str, str]) -> str:
    """Number of a ticket of the citizen's that has just been resolved, and told."""
    await resolve(talk, filed[0])
    await talk.replies()
    return filed[0]


async def test_news_that_it_is_done_ask_for_stars(talk: Talk, resolved: str) -> None:
    notice = talk.last[-1]

    assert (notice["key"], notice["kind"]) == ("notice_status_resolved", "rating")
    assert [button["label"] for button in notice["buttons"]] == [*STARS, "没解决"]
    assert len(STARS) == RATING_SCALE
    assert notice["progress"] == {"ticket_no": resolved, "status": "已办结"}


@pytest.mark.parametrize(
    ("stars", "reason", "score"),
    [("5星 很满意", "办得快", 5), ("4星 满意", "态度好", 4), ("2星 不满意", "等得太久", 2)],
)
async def test_stars_and_a_reason_are_a_tap_each(
    talk: Talk, resolved: str, stars: str, reason: str, score: int
) -> None:
    asked = await talk.press(stars)
    (before,) = await talk.tickets()
    thanked = await talk.press(reason)

    (after,) = await talk.tickets()
    assert [reply["key"] for reply in asked] == ["rated_well" if score >= 4 else "rated_badly"]
    assert [reply["key"] for reply in thanked] == ["rated"]
    assert (before.rating, before.rating_reason, before.is_solved) == (score, "", True)
    assert (after.rating, after.rating_reason, after.is_solved) == (score, reason, True)
    assert after.status is Status.RESOLVED


async def test_a_reason_may_be_written_or_left_out(talk: Talk, resolved: str) -> None:
    await talk.press("3星 一般")
    written = await talk.keys("打了三次电话才来")
    (first,) = await talk.tickets()
    await talk.say(payload=f"rate:stars:{resolved}:1", label="1星 很不满意")
    skipped = await talk.keys("跳过")

    (second,) = await talk.tickets()
    assert written == skipped == ["rated"]
    assert (first.rating, first.rating_reason) == (3, "打了三次电话才来")
    assert (second.rating, second.rating_reason) == (1, "")


async def test_a_question_instead_of_a_reason_is_answered(talk: Talk, resolved: str) -> None:
    await talk.press("3星 一般")
    answered = await talk.keys("养狗要登记吗？")

    (ticket,) = await talk.tickets()
    assert answered == ["card"]
    assert (ticket.rating, ticket.rating_reason) == (3, "")


@pytest.mark.parametrize("is_tapped", [True, False])
async def test_not_solved_reopens_the_ticket_with_the_reason(
    talk: Talk, resolved: str, is_tapped: bool
) -> None:
    asked = await talk.press("没解决")
    words = "只处理了一部分" if is_tapped else "垃圾只清走了一半"
    picture = None if is_tapped else photo(talk, "blue")
    replies = await (talk.press(words) if is_tapped else talk.say(words, photo=picture))

    (ticket,) = await talk.tickets()
    assert [reply["key"] for reply in asked] == ["rated_unsolved"]
    assert [reply["key"] for reply in replies] == ["notice_status_reopened"]
    assert (ticket.status, ticket.reopened_count) == (Status.ASSIGNED, 1)
    assert (ticket.rating, ticket.rating_reason, ticket.is_solved) == (1, words, False)


async def test_few_stars_may_turn_out_to_be_not_solved(talk: Talk, resolved: str) -> None:
    await talk.press("1星 很不满意")
    await talk.press("没解决")
    replies = await talk.press("没有人来过")

    (ticket,) = await talk.tickets()
    assert [reply["key"] for reply in replies] == ["notice_status_reopened"]
    assert (ticket.status, ticket.is_solved) == (Status.ASSIGNED, False)


async def test_whoever_looks_before_rating_is_asked_and_afterwards_not_again(
    talk: Talk, resolved: str
) -> None:
    first = await talk.say(f"查一下{resolved}")
    await talk.press("5星 很满意")
    second = await talk.say(f"查一下{resolved}")

    assert (first[0]["key"], first[0]["kind"]) == ("status_view", "rating")
    assert second[0]["kind"] == "text"
    assert [button["label"] for button in second[0]["buttons"]] == ["没解决", "看办理后的照片"]


async def test_strangers_and_neighbours_cannot_rate(talk: Talk, resolved: str) -> None:
    replies = await talk.say(payload=f"rate:stars:{resolved}:5", label=STARS[4], address="stranger")

    (ticket,) = await talk.tickets()
    assert [reply["key"] for reply in replies] == ["error_ticket_not_found"]
    assert ticket.rating is None


@pytest.mark.parametrize("forged", ["", ":", ":9", ":x:y", ":٣"])
async def test_a_button_that_nobody_made_changes_nothing_else(talk: Talk, resolved: str, forged: str) -> None:
    await talk.say(payload=f"rate:stars:{resolved}{forged}", label="?")
    await talk.say(payload=f"rate:nonsense{forged}", label="?")

    (ticket,) = await talk.tickets()
    assert (ticket.rating, ticket.status) == (1, Status.RESOLVED)


async def test_a_report_under_way_waits_for_the_reason(talk: Talk, resolved: str) -> None:
    await talk.say(payload="menu:report", label="反映问题")
    await talk.say(STORY)
    await talk.say(payload=f"rate:stars:{resolved}:2", label="2星 不满意")
    thanked = await talk.say("跳过")
    back = await talk.press("接着写反映")

    assert [reply["key"] for reply in thanked] == ["rated"]
    assert back[-1]["key"].startswith("report_")
