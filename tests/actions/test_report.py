"""The report flow, as a citizen lives it: through the relay, with the trained model, into a real database."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import ExifTags, Image
from sqlalchemy import select

from actions.base import Location
from tests.talk import Talk
from tickets import models
from tickets.workflow import Status

pytestmark = pytest.mark.nlu

STORY = "昨天晚上有几个人开三轮车到音西街道福清西站旁边的空地倒装修垃圾，已经堆成小山了，请派人来看看。"


def photo(talk: Talk, colour: str = "red") -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(buffer, "PNG")
    return talk.services.photos.save(buffer.getvalue()).sha256


async def answer_all(talk: Talk, *, until: str) -> list[dict]:
    """Give dull answers to whatever is asked until a text of key `until` comes."""
    answers = {
        "report_what": "路边的垃圾桶倒了一个星期没有人管",
        "report_category": "乱倒垃圾或建筑垃圾",
        "report_category_all": "乱倒垃圾或建筑垃圾",
        "report_place": "音西街道清昌大道与福人路路口",
        "report_town_which": "说不清",
        "report_photos": "跳过",
        "report_contact": "匿名",
    }
    replies = talk.last
    for _ in range(10):
        key = replies[-1]["key"]
        if key == until:
            return replies
        replies = await talk.say(answers[key])
    raise AssertionError(f"stuck at {replies[-1]['key']}")


async def test_a_story_becomes_a_ticket(talk: Talk) -> None:
    await talk.say(STORY)
    await answer_all(talk, until="report_read_back")
    replies = await talk.press("提交")

    (ticket,) = await talk.tickets()
    assert replies[-1]["key"] == "report_filed"
    assert ticket.ticket_no in replies[-1]["text"]
    assert ticket.category == "illegal_dumping"
    assert ticket.summary == STORY
    assert ticket.status is Status.SUBMITTED
    assert "福清西站" in ticket.place["text"]
    assert ticket.due_at is not None


async def test_the_first_message_fills_what_it_says(talk: Talk) -> None:
    await talk.say(STORY)

    read_back = await answer_all(talk, until="report_read_back")

    assert "福清西站" in read_back[-1]["text"]
    assert "昨天晚上" in read_back[-1]["text"]


async def test_submitting_twice_files_once(talk: Talk) -> None:
    await talk.say(STORY)
    read_back = await answer_all(talk, until="report_read_back")
    await talk.press("提交")
    talk.last = read_back
    replies = await talk.press("提交")

    assert [reply["key"] for reply in replies] == ["report_already_filed"]
    assert len(await talk.tickets()) == 1


async def test_facts_in_any_order(talk: Talk) -> None:
    await talk.share(25.72, 119.38)
    await talk.say(photo=photo(talk))
    await talk.say("工地凌晨两点还在打桩，全家都睡不着")
    await answer_all(talk, until="report_read_back")
    await talk.press("提交")

    (ticket,) = await talk.tickets()
    assert ticket.category == "noise_construction"
    assert (ticket.latitude, ticket.longitude) == (25.72, 119.38)


@pytest.mark.parametrize(
    ("correction", "field", "expected"),
    [
        ("地点不对，是龙田镇东华村村口", "place", "龙田镇东华村村口"),
        ("类别应该是占道经营", "category", "占道经营"),
        ("电话改成13800001111", "contact", "138****1111"),
    ],
)
async def test_a_part_is_corrected_in_words(talk: Talk, correction: str, field: str, expected: str) -> None:
    await talk.say(STORY)
    await answer_all(talk, until="report_read_back")

    replies = await talk.say(correction)

    assert replies[-1]["key"] == "report_read_back"
    assert expected in replies[-1]["text"]


async def test_a_part_is_corrected_by_button(talk: Talk) -> None:
    await talk.say(STORY)
    await answer_all(talk, until="report_read_back")
    await talk.press("要修改")
    await talk.press("改地点")
    replies = await talk.say("海口镇岑兜村老人会门口")

    assert "海口镇岑兜村老人会门口" in replies[-1]["text"]


async def test_words_after_the_read_back_are_added(talk: Talk) -> None:
    await talk.say(STORY)
    await answer_all(talk, until="report_read_back")
    await talk.say("那辆三轮车是蓝色的")
    await talk.press("提交")

    (ticket,) = await talk.tickets()
    assert "那辆三轮车是蓝色的" in ticket.summary


async def test_cancelling_files_nothing_and_can_be_taken_back(talk: Talk) -> None:
    await talk.say(STORY)
    cancelled = await talk.say("算了")
    resumed = await talk.press("接着写")

    assert cancelled[-1]["key"] == "report_cancelled"
    assert resumed[-1]["key"].startswith("report_")
    assert await talk.tickets() == []


async def test_a_question_in_between_is_answered_and_the_report_goes_on(talk: Talk) -> None:
    await talk.say(STORY)
    asked = talk.last[-1]["key"]

    replies = await talk.say("乱倒建筑垃圾个人会被罚多少钱？")

    assert replies[0]["kind"] == "card"
    assert replies[0]["card"]["citations"]
    assert replies[-1]["key"] == asked


async def test_an_emergency_stops_the_flow_and_it_can_go_on(talk: Talk) -> None:
    await talk.say(STORY)
    asked = talk.last[-1]["key"]
    emergency = await talk.say("着火了！楼道里全是烟，有人困在里面")
    resumed = await talk.press("我安全了，接着写")

    assert [reply["key"] for reply in emergency] == ["emergency_fire"]
    assert "119" in emergency[0]["text"]
    assert resumed[-1]["key"] == asked


async def test_a_tenth_photo_is_not_kept(talk: Talk) -> None:
    await talk.say(STORY)
    for number in range(9):
        await talk.say(photo=photo(talk, f"#{number * 25:02x}0000"))

    replies = await talk.say(photo=photo(talk, "#ffffff"))

    assert replies[0]["key"] == "report_photos_full"


async def test_asking_for_a_person_leaves_the_report_aside(talk: Talk) -> None:
    await talk.say(STORY)

    replies = await talk.say("转人工")

    assert replies[0]["key"] == "report_put_aside"
    assert replies[-1]["key"] in {"handoff_ask", "handoff_confirm"}


async def test_contact_is_kept_with_the_wish_for_secrecy(talk: Talk) -> None:
    await talk.say(STORY)
    await answer_all(talk, until="report_contact")
    await talk.say("13800001111 请保密")
    await talk.press("提交")

    (ticket,) = await talk.tickets()
    assert ticket.reporter_mode == "confidential"


async def test_a_button_of_a_finished_report_says_so(talk: Talk) -> None:
    replies = await talk.say(payload="report:category:dog", label="养犬")

    assert [reply["key"] for reply in replies] == ["report_button_stale"]


async def test_the_same_matter_is_shown_before_it_is_filed_again(talk: Talk) -> None:
    await talk.say(STORY)
    await answer_all(talk, until="report_read_back")
    await talk.press("提交")
    await talk.say(STORY.replace("几个人", "一伙人"), address="neighbour")
    await answer_all_of(talk, "neighbour")
    shown = await talk.press("提交", address="neighbour")
    followed = await talk.press(shown[0]["buttons"][0]["label"], address="neighbour")

    assert shown[0]["key"] == "report_similar"
    assert STORY not in shown[0]["text"]
    assert followed[0]["key"] == "status_following"
    assert len(await talk.tickets()) == 1


async def test_somebody_elses_ticket_cannot_be_followed_without_being_offered(talk: Talk) -> None:
    await talk.say(STORY)
    await answer_all(talk, until="report_read_back")
    await talk.press("提交")
    (ticket,) = await talk.tickets()

    replies = await talk.say(payload=f"status:follow:{ticket.ticket_no}", label="跟着看", address="stranger")

    assert [reply["key"] for reply in replies] == ["error_ticket_not_found"]


async def answer_all_of(talk: Talk, address: str) -> None:
    """Finish the questions of another citizen's report."""
    for answer in ("跳过", "匿名"):
        await talk.say(answer, address=address)


@pytest.mark.parametrize("text", ["路边有人倒了一车装修垃圾没人管", "楼下小区门口天天有人倒装修垃圾"])
async def test_a_place_that_could_be_anywhere_is_asked_for(talk: Talk, text: str) -> None:
    await talk.say(text)
    if talk.last[-1]["key"].startswith("report_category"):
        await talk.say("乱倒垃圾或建筑垃圾")

    assert talk.last[-1]["key"] == "report_place"


def photo_taken_at(talk: Talk, latitude: float, longitude: float) -> tuple[str, Location]:
    """A photo as the web hands it on, with the place in its EXIF."""
    exif = Image.Exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", (latitude, 0.0, 0.0)
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E", (longitude, 0.0, 0.0)
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), "blue").save(buffer, "JPEG", exif=exif)
    stored = talk.services.photos.save(buffer.getvalue())
    assert stored.gps is not None
    return stored.sha256, Location(*stored.gps)


async def test_where_the_photo_was_taken_is_offered_as_the_place_first(talk: Talk) -> None:
    sha256, place = photo_taken_at(talk, 25.72, 119.38)
    await talk.say("垃圾桶倒了一个星期没有人管")
    await answer_all(talk, until="report_place")

    offered = await talk.say(photo=sha256, photo_place=place)
    await talk.press("就在拍照的地方")
    await answer_all(talk, until="report_read_back")
    await talk.press("提交")

    assert offered[-1]["key"] == "report_place_photo"
    (ticket,) = await talk.tickets()
    assert (round(ticket.latitude or 0, 2), round(ticket.longitude or 0, 2)) == (25.72, 119.38)


async def test_a_photo_from_another_city_offers_no_place(talk: Talk) -> None:
    sha256, place = photo_taken_at(talk, 39.9, 116.4)
    await talk.say("垃圾桶倒了一个星期没有人管")
    await answer_all(talk, until="report_place")

    assert (await talk.say(photo=sha256, photo_place=place))[-1]["key"] == "report_place"


async def test_a_point_in_the_sea_is_asked_about_and_one_elsewhere_referred(talk: Talk) -> None:
    await talk.say("垃圾桶倒了一个星期没有人管")
    await answer_all(talk, until="report_place")

    in_the_sea = await talk.share(25.30, 119.50)
    elsewhere = await talk.share(26.08, 119.30)
    words = await talk.say("玉屏街道文化广场门口")

    assert in_the_sea[-1]["key"] == "report_in_the_sea"
    assert elsewhere[-1]["key"] == "report_outside"
    assert words[-1]["key"] not in ("report_in_the_sea", "report_outside")


@pytest.mark.parametrize("payload", ["menu:status", "menu:human"])
async def test_a_report_that_something_else_interrupts_is_not_lost(talk: Talk, payload: str) -> None:
    await talk.say(STORY)
    await talk.say(payload=payload, label="？")
    await talk.say("取消")
    await talk.say(payload="report:resume", label="接着写")

    assert (await state_of(talk))["flow"]["draft"]["what"] == STORY


async def test_whoever_begins_a_report_twice_goes_on_with_the_first(talk: Talk) -> None:
    asked = await talk.keys(STORY)
    again = await talk.keys(payload="menu:report", label="反映问题")

    assert again == asked[-1:]
    assert (await state_of(talk))["flow"]["draft"]["what"] == STORY


async def state_of(talk: Talk) -> dict[str, Any]:
    """The state of the only conversation."""
    async with talk.services.database.reading() as session:
        return (await session.scalars(select(models.Conversation.state))).one()


@pytest.mark.parametrize(
    ("place", "asked", "answer", "town"),
    [
        ("高山菜市场后门", "report_town", "是的", "gaoshan"),
        ("龙江路路口", "report_town", "不是，或者说不清", None),
        ("东张镇和镜洋镇交界的路口", "report_town_which", "镜洋镇", "jingyang"),
    ],
)
async def test_a_town_that_is_not_sure_is_asked_for(
    talk: Talk, place: str, asked: str, answer: str, town: str | None
) -> None:
    await talk.say("有人往路边倒了一车装修垃圾，没人清理")
    replies = await answer_all(talk, until="report_place")

    assert replies[-1]["key"] == "report_place"
    replies = await talk.say(place)
    assert replies[-1]["key"] == asked
    await talk.press(answer)
    await answer_all(talk, until="report_read_back")
    await talk.press("提交")

    (ticket,) = await talk.tickets()
    assert (ticket.place["text"], ticket.town) == (place, town)
    assert ticket.department == (f"squad_{town}" if town else "duty_squad")


async def test_a_story_that_accuses_officers_is_read_back_as_such(talk: Talk) -> None:
    await talk.say("摆摊把音西街道福人路人行道占满，城管中队收了好处费不管")
    await answer_all(talk, until="report_read_back")
    await talk.press("提交")

    (ticket,) = await talk.tickets()
    assert (ticket.category, ticket.department) == ("officer_conduct", "supervision")
    assert "street_vending" in ticket.categories


@pytest.mark.parametrize(
    ("after", "words"),
    [("", "13800001111 王先生"), ("匿名", "电话改成13800001111")],
    ids=["asked", "corrected"],
)
async def test_contact_data_stands_nowhere_in_clear(talk: Talk, after: str, words: str) -> None:
    await talk.say(STORY)
    await answer_all(talk, until="report_contact")
    if after:
        await talk.say(after)
    read_back = await talk.say(words)
    assert "138****1111" in read_back[-1]["text"]

    async def everywhere() -> str:
        async with talk.services.database.reading() as session:
            states = (await session.scalars(select(models.Conversation.state))).all()
            said = (await session.scalars(select(models.Message.content))).all()
            sealed = (await session.scalars(select(models.Ticket.contact))).all()
        return f"{states}{said}{sealed}"

    assert "13800001111" not in await everywhere()
    await talk.press("提交")

    assert "13800001111" not in await everywhere()
    (ticket,) = await talk.tickets()
    kept = talk.services.vault.open(ticket.contact or "", ticket.ticket_no)
    assert "13800001111" in kept
