"""From "我11月3号收到处罚决定书" to the days, their rules and a calendar; by rule, with the NLU down."""

from __future__ import annotations

from datetime import UTC, date, datetime

import aiohttp
import pytest
from icalendar import Calendar

from actions.base import Outgoing
from actions.deadlines import is_wanted
from actions.penalty import Penalty, amount_alone, fine_in
from bot.files import read_attached
from bot.nlu_server import free_port
from bot.relay import Relay
from bot.services import Services
from bot.understanding import UnderstandingClient
from knowledge_base.deadlines import Rule
from tests.talk import Talk

NOW = datetime(2026, 11, 26, 2, tzinfo=UTC)
TODAY = date(2026, 11, 26)


@pytest.fixture
async def talk(services: Services, http: aiohttp.ClientSession) -> Talk:
    nlu = UnderstandingClient(f"http://127.0.0.1:{free_port()}", session=http)
    return Talk(services, Relay(services, nlu, now=lambda: NOW))


def days(reply: dict) -> dict[str, str]:
    return {row["title"]: row["day"].partition("（")[0] for row in reply["card"]["rows"]}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("我11月3号收到处罚决定书，罚2000，没交", True),
        ("昨天拿到一张处罚决定书", True),
        ("11月40号收到处罚决定书", True),
        ("还来得及复议吗", True),
        ("复议还来得及吗？", True),
        ("帮我算一下复议期限", True),
        ("什么时候要交", True),
        ("罚款哪天之前要交？", True),
        ("最后一天是哪天", True),
        ("行政复议要在多久内提出", False),
        ("罚款几天内要交", False),
        ("收到罚单几天内交钱", False),
        ("拿到罚单以后有多少天去银行", False),
        ("我11月3号收到处罚决定书，我要投诉执法人员", False),
        ("楼下11月3号开始半夜施工", False),
        ("昨天狗咬了人", False),
        ("昨天收到处罚决定书，可是隔壁的店天天占道没人管。" * 5, False),
    ],
)
def test_only_a_wish_for_days_is_taken(text: str, wanted: bool) -> None:
    assert is_wanted(text, TODAY) is wanted


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("罚2000，没交", "2000"),
        ("罚款两千元", "2000"),
        ("罚了我3.5万元", "35000"),
        ("罚了1,500块", "1500"),
        ("罚款0元", ""),
        ("罚款999999999999元", ""),
        ("11月3号收到", ""),
    ],
)
def test_the_fine_in_a_text(text: str, amount: str) -> None:
    assert fine_in(text) == amount


def test_a_bare_number_answers_how_much() -> None:
    assert amount_alone("2000") == "2000"
    assert amount_alone("NaN") == ""
    assert amount_alone("不知道") == ""


@pytest.mark.parametrize(
    ("text", "paper"),
    [
        ("收到处罚决定书", "decision"),
        ("当场开了处罚决定书", "on_the_spot"),
        ("收到行政处罚事先告知书", "told"),
        ("收到复议决定书", "reconsidered"),
        ("收到罚单", ""),
    ],
)
def test_which_paper_it_is(text: str, paper: str) -> None:
    penalty = Penalty()
    penalty.take(text, TODAY)

    assert penalty.paper == paper


async def test_one_sentence_is_enough(talk: Talk) -> None:
    [reply] = await talk.say("我11月3号收到处罚决定书，罚2000，没交")

    assert days(reply) == {
        "缴纳罚款的最后一天": "2026年11月18日",
        "申请行政复议的最后一天": "2027年1月4日",
        "向法院起诉的最后一天": "2027年5月3日",
    }
    rows = reply["card"]["rows"]
    assert [row["is_over"] for row in rows] == [True, False, False]
    # Eight days late at three per cent of 2,000 a day.
    assert "480元" in rows[0]["notes"][0]
    assert "《行政处罚法》第六十七条" in rows[0]["rule"]
    cited = {(cite["law"], cite["article"], cite["status"]) for cite in reply["card"]["citations"]}
    assert ("行政处罚法", "第七十二条", "现行有效") in cited
    assert all(cite["text"] for cite in reply["card"]["citations"])
    assert "先复议，不服再起诉" in reply["text"]
    assert reply["kind"] == "file"


async def test_the_calendar_holds_what_is_still_to_come(talk: Talk) -> None:
    [reply] = await talk.say("我11月3号收到处罚决定书，罚2000，没交")

    file = await read_attached(talk.services, "test", "citizen", Outgoing.from_json(reply))
    assert file is not None
    assert (file.name, file.media_type) == ("办理期限.ics", "text/calendar")
    events = Calendar.from_ical(file.content).walk("VEVENT")
    assert [event.start for event in events] == [date(2027, 1, 4), date(2027, 5, 3)]


async def test_step_by_step_with_buttons(talk: Talk) -> None:
    assert await talk.keys("还来得及复议吗") == ["deadlines_which_paper"]
    [asked] = await talk.press("当场开的处罚单")
    assert asked["key"] == "deadlines_which_day"
    [reply] = await talk.press("昨天")

    assert list(days(reply)) == ["缴纳罚款的最后一天", "申请行政复议的最后一天"]
    assert "当场处罚要先申请行政复议" in reply["text"]
    assert "第二十三条" in str(reply["card"]["citations"])


async def test_a_card_on_fines_leads_to_the_days(talk: Talk) -> None:
    [card] = await talk.say(payload="consult:card:pay_fifteen_days")
    assert card["kind"] == "card"

    assert [reply["key"] for reply in await talk.press("算我的期限")] == ["deadlines_which_paper"]
    [_, asked] = await talk.say(payload="consult:card:pay_fifteen_days")
    assert asked["key"] == "deadlines_which_paper"


async def test_the_amount_is_asked_only_of_who_is_late(talk: Talk) -> None:
    assert await talk.keys("10月1号收到处罚决定书") == ["deadlines_how_much"]
    assert await talk.keys("很多钱") == ["deadlines_unclear_fine", "deadlines_how_much"]
    [reply] = await talk.say("200")

    assert "已经到顶，是200元" in reply["text"]


async def test_who_has_paid_is_not_told_to_pay(talk: Talk) -> None:
    await talk.say("10月1号收到处罚决定书")
    [reply] = await talk.press("已经交了")

    assert "缴纳罚款的最后一天" not in days(reply)


async def test_a_hearing_is_counted_in_working_days(talk: Talk) -> None:
    [reply] = await talk.say("我昨天收到行政处罚告知书")

    assert days(reply) == {"要求听证的最后一天": "2026年12月2日"}
    assert "工作日" in reply["text"]


async def test_when_all_is_over_there_is_no_file_but_what_may_still_help(talk: Talk) -> None:
    [reply] = await talk.say("2025年3月2号收到处罚决定书，已经交了")

    assert reply["kind"] == "text"
    assert "file" not in reply
    assert "最长一年" in reply["text"]


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("2月30号", "deadlines_no_such_day"),
        ("2027年2月1号", "deadlines_in_future"),
        ("不记得了", "deadlines_unclear_day"),
    ],
)
async def test_days_that_can_not_be_are_told_kindly_and_asked_again(talk: Talk, said: str, key: str) -> None:
    await talk.say("帮我算一下复议期限")
    await talk.press("处罚决定书")

    assert await talk.keys(said) == [key, "deadlines_which_day"]
    [reply] = await talk.say("11月23号")
    assert reply["key"] == "deadlines"


async def test_a_year_without_published_holidays_is_told(talk: Talk) -> None:
    [reply] = await talk.say("我昨天收到处罚决定书")

    assert "2027年的放假安排还没有公布" in reply["text"]


async def test_the_way_out_and_back(talk: Talk) -> None:
    await talk.say("还来得及复议吗")
    assert await talk.keys("取消") == ["deadlines_cancelled"]
    await talk.say("还来得及复议吗")
    assert await talk.keys("转人工") == ["handoff_ask"]
    await talk.say("取消")
    await talk.say("还来得及复议吗")
    assert await talk.keys("着火了快来人") == ["emergency_fire"]
    assert await talk.keys(payload="menu:resume") == ["deadlines_which_paper"]
    assert await talk.keys(payload="deadlines:day:99999999") == ["deadlines_which_paper"]


async def test_rules_that_changed_are_not_counted_by(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = Rule("行政诉讼法", "第四十四条", "只能先申请复议")
    monkeypatch.setattr("knowledge_base.deadlines.EITHER_WAY", changed)

    assert await talk.keys("我11月3号收到处罚决定书，罚2000，没交") == ["deadlines_rules_changed"]
