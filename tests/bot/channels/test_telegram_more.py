"""Telegram's finer points over real HTTP: groups, links, used buttons, forms refused, people who leave."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from actions.base import Outgoing
from bot.channels.base import DeliveryFailed
from bot.channels.telegram_view import pieces
from bot.texts.zh import TEXTS
from tests.bot.channels.test_telegram import Line, line  # noqa: F401 - a fixture
from tests.enclosing import reply_with_files
from tests.fakes import CHAT
from tests.pictures import jpeg
from tests.web_chat import CARD
from tickets import models
from tickets.conversations import open_conversation
from tickets.service import NewTicket

ASKER = {"id": 78, "is_bot": False, "first_name": "群友"}


def ask_in_group(line: Line, text: str, **parts: Any) -> int:  # noqa: F811 - the running line
    """Somebody says something in a group of a hundred."""
    entities = []
    if "@wenfa_bot" in text:
        kind = "bot_command" if text.startswith("/") else "mention"
        start = 0 if text.startswith("/") else text.index("@")
        end = text.index("@wenfa_bot") + len("@wenfa_bot")
        entities = [{"type": kind, "offset": start, "length": end - start}]
    return line.api.write(text, chat_type="supergroup", entities=entities, **{"from": ASKER, **parts})


def as_shown(sent: dict[str, Any]) -> dict[str, Any]:
    """A message of the bot's as it comes back inside a callback query."""
    return {
        "message_id": 5,
        "date": 1_790_000_000,
        "chat": {"id": CHAT, "type": "private"},
        "text": sent["text"],
        "reply_markup": sent["reply_markup"],
    }


async def test_groups_hear_rules_only_when_they_ask_for_them(line: Line) -> None:  # noqa: F811
    ask_in_group(line, "养狗要登记吗")
    update = ask_in_group(line, "@wenfa_bot 养狗要登记吗")
    for _ in range(4):
        line.api.repeat(update)
    ask_in_group(line, "/status@wenfa_bot FQ20261123-0001")
    line.api.write("/help")

    sent = await line.api.wait_for("sendMessage", 3)
    await asyncio.sleep(0.2)

    rule, private, own = line.api.sent()
    assert "《" in rule["text"]
    assert rule["reply_parameters"]["message_id"]
    assert rule["reply_markup"]["inline_keyboard"][0][0]["url"] == "https://t.me/wenfa_bot"
    assert private["text"] == TEXTS["group_private"]
    assert own["chat_id"] == CHAT
    assert len(sent) == 3
    # What was said in the group is nowhere in the database.
    assert await line.count(models.Conversation) == 1


async def test_danger_in_a_group_is_answered(line: Line) -> None:  # noqa: F811
    ask_in_group(line, "@wenfa_bot 着火了，快来人")

    [sent] = await line.api.wait_for("sendMessage", 1)

    assert sent["text"] == TEXTS["emergency_fire"]


async def test_a_question_is_answered_once_and_its_buttons_say_what_was_chosen(line: Line) -> None:  # noqa: F811
    line.api.write("/report")
    [asked] = await line.api.wait_for("sendMessage", 1)
    cancel = asked["reply_markup"]["inline_keyboard"][0][0]
    line.api.press(cancel["callback_data"], as_shown(asked))
    [edited] = await line.api.wait_for("editMessageReplyMarkup", 1)
    line.api.press("used", as_shown(asked))
    answers = await line.api.wait_for("answerCallbackQuery", 2)

    [[button]] = edited["reply_markup"]["inline_keyboard"]
    assert button["text"] == f"✓ 已选：{cancel['text']}"
    assert answers[1]["text"] == TEXTS["button_used_already"]
    # The press on the used button went nowhere.
    assert await line.count(models.Message) == 4


async def test_a_link_with_number_and_code_opens_the_ticket(line: Line) -> None:  # noqa: F811
    async with line.services.database.transaction() as session:
        other = await open_conversation(session, "web", "elsewhere", datetime.now(UTC))
        service = line.services.tickets(session, datetime.now(UTC))
        filed = await service.file(
            NewTicket("complaint", "illegal_dumping", summary="有人倒垃圾", conversation_id=other.id)
        )
    line.api.write(f"/start {filed.ticket_no}_{filed.receipt_code}")
    shown = await line.api.wait_for("sendMessage", 1)
    line.api.write(f"/start {filed.ticket_no}_ZZZZ9999")
    refused = await line.api.wait_for("sendMessage", 2)

    assert filed.ticket_no in shown[0]["text"]
    assert refused[1]["text"] == TEXTS["status_wrong_code"]
    async with line.services.database.reading() as session:
        messages = (
            await session.scalars(select(models.Message).where(models.Message.sender == "citizen"))
        ).all()
    # The code isn't among the words that officers read.
    assert [message.content["text"] for message in messages] == ["", ""]
    assert [message.content["label"] for message in messages] == [TEXTS["link_ticket"]] * 2


async def test_the_code_of_a_towns_poster_is_the_place(line: Line) -> None:  # noqa: F811
    line.api.write("/start place_longtian")

    [sent] = await line.api.wait_for("sendMessage", 1)

    assert "龙田镇" in sent["text"]


async def test_who_blocks_the_bot_is_gone_and_back_when_they_write(line: Line) -> None:  # noqa: F811
    async def gone() -> bool:
        async with line.services.database.reading() as session:
            return (await session.scalars(select(models.Conversation))).one().gone_at is not None

    line.api.write("/help")
    await line.api.wait_for("sendMessage", 1)
    member = {"user": {"id": 1, "is_bot": True, "first_name": "问法"}}
    line.api.happen(
        my_chat_member={
            "chat": {"id": CHAT, "type": "private"},
            "from": {"id": CHAT, "is_bot": False, "first_name": "市民"},
            "date": 1_790_000_000,
            "old_chat_member": {**member, "status": "member"},
            "new_chat_member": {**member, "status": "kicked", "until_date": 0},
        }
    )
    async with asyncio.timeout(10):
        while not await gone():
            await asyncio.sleep(0.05)
    line.api.write("/help")
    await line.api.wait_for("sendMessage", 2)

    assert not await gone()


async def test_an_edited_message_is_not_passed_over_in_silence(line: Line) -> None:  # noqa: F811
    line.api.happen(
        edited_message={
            "message_id": 9,
            "date": 1_790_000_000,
            "edit_date": 1_790_000_060,
            "chat": {"id": CHAT, "type": "private"},
            "text": "改成东门",
        }
    )

    [sent] = await line.api.wait_for("sendMessage", 1)

    assert sent["text"] == TEXTS["edited"]


async def test_a_live_location_is_the_place_where_it_began(line: Line) -> None:  # noqa: F811
    line.api.write("/report")
    line.api.write("半夜有人在小区后门倒装修垃圾")
    await line.api.wait_for("sendMessage", 2)
    line.api.write(location={"latitude": 25.72, "longitude": 119.38, "live_period": 900})
    await line.relay.idle()
    for step in range(3):
        moved = {"latitude": 25.73 + step / 100, "longitude": 119.39, "live_period": 900}
        line.api.happen(
            edited_message={
                "message_id": 9,
                "date": 1_790_000_000,
                "edit_date": 1_790_000_060,
                "chat": {"id": CHAT, "type": "private"},
                "from": {"id": CHAT, "is_bot": False, "first_name": "市民"},
                "location": moved,
            }
        )
    line.api.write("/help")
    async with asyncio.timeout(10):
        while TEXTS["welcome_back"] not in (said := [call["text"] for call in line.api.sent()]):
            await asyncio.sleep(0.02)

    async with line.services.database.reading() as session:
        stored = await session.scalars(select(models.Message).where(models.Message.sender == "citizen"))
        places = [found for message in stored if (found := message.content.get("location"))]
    assert [(place["latitude"], place["longitude"]) for place in places] == [(25.72, 119.38)]
    assert TEXTS["edited"] not in said
    assert any(words.startswith(TEXTS["report_location_kept"]) for words in said)


async def test_an_album_a_venue_and_a_voice_make_one_report(line: Line) -> None:  # noqa: F811
    line.api.files |= {"p1": jpeg("red"), "p2": jpeg("blue"), "v": b"OggS" + bytes(99)}
    line.relay._patience = line.relay._patience.__class__(quiet=0.4)
    line.api.write("/report")
    await line.api.wait_for("sendMessage", 1)
    for name in ("p1", "p2"):
        photo = {"file_id": name, "file_unique_id": name, "width": 40, "height": 30, "file_size": 900}
        caption = {"caption": "小区后门有人倒装修垃圾"} if name == "p1" else {}
        line.api.write(photo=[photo], media_group_id="a1", **caption)
    point = {"latitude": 25.72, "longitude": 119.38}
    line.api.write(venue={"location": point, "title": "融侨城", "address": "音西街道"}, location=point)
    line.api.write(voice={"file_id": "v", "file_unique_id": "v", "duration": 3})
    await line.api.wait_for("sendMessage", 5)
    await line.relay.idle()

    async with line.services.database.reading() as session:
        draft = (await session.scalars(select(models.Conversation))).one().state["flow"]["draft"]
    assert draft["what"] == "小区后门有人倒装修垃圾"
    assert (len(draft["photos"]), len(draft["recordings"]), draft["place"]) == (2, 1, "音西街道融侨城")
    assert TEXTS["report_photo_kept"].format(count=2) in [sent["text"] for sent in line.api.sent()]


CARD_REPLY = Outgoing("狂犬病免疫\n\n犬只要打疫苗。", (("有帮助", "consult:helpful:x"),), "card", CARD)


async def test_a_card_folds_the_articles_own_words(line: Line) -> None:  # noqa: F811
    await line.channel.send(str(CHAT), 1, "assistant", CARD_REPLY)

    [sent] = line.api.sent()
    labels = [button["text"] for row in sent["reply_markup"]["inline_keyboard"] for button in row]
    assert sent["parse_mode"] == "HTML"
    assert "<blockquote expandable>" in sent["text"]
    assert CARD["citations"][0]["text"] in sent["text"]
    assert labels == ["有帮助"]


def test_the_table_of_a_decisions_days_has_its_rows_and_no_button_for_a_card() -> None:
    row = {
        "title": "交罚款",
        "day": "2026年12月11日（星期五）",
        "left": "还有15天",
        "is_over": False,
        "rule": "《行政处罚法》第六十七条：<十五日内>",
        "notes": ["晚了每天加3%"],
    }
    table = {"id": "", "title": "要记的日子", "answer": "收到那天起算。", "rows": [row], "notes": []}
    content = Outgoing("要记的日子", kind="card", card={**table, "citations": CARD["citations"]})

    [piece] = pieces(content)
    [with_file, attached] = pieces(content, is_caption=True)

    assert "<b>交罚款</b>\n2026年12月11日（星期五） 还有15天\n晚了每天加3%" in piece.html
    assert "&lt;十五日内&gt;" in piece.html
    assert piece.keyboard is piece.plain_keyboard is None
    assert (with_file.html, attached.text) == (piece.html, "")


async def test_a_form_that_telegram_refuses_arrives_as_plain_text(line: Line) -> None:  # noqa: F811
    line.api.fail(
        "sendMessage", 400, "Bad Request: can't parse entities: unexpected end tag at byte offset 9"
    )

    await line.channel.send(str(CHAT), 1, "assistant", CARD_REPLY)

    plain = line.api.sent()[-1]
    labels = [button["text"] for row in plain["reply_markup"]["inline_keyboard"] for button in row]
    assert plain["text"] == CARD_REPLY.text
    assert "parse_mode" not in plain
    # The articles aren't in the text now, so their button is back.
    assert labels == ["看法条原文", "有帮助"]


async def test_trying_again_goes_on_with_the_piece_that_failed(line: Line) -> None:  # noqa: F811
    words = "第一句话很长很长。" * 700
    line.api.succeed("sendMessage")
    line.api.fail("sendMessage", 502, "Bad Gateway")
    with pytest.raises(DeliveryFailed):
        await line.channel.send(str(CHAT), 7, "assistant", Outgoing(words))
    await line.channel.send(str(CHAT), 7, "assistant", Outgoing(words))

    sent = [parameters["text"] for parameters in line.api.sent()]
    assert len(sent) == 3
    assert sent[1] == sent[2]
    assert sent[0] + sent[2] == words


async def test_a_server_that_does_not_answer_in_time_is_tried_again(line: Line) -> None:  # noqa: F811
    line.api.delays["sendMessage"] = 3

    with pytest.raises(DeliveryFailed):
        await line.channel.send(str(CHAT), 1, "assistant", Outgoing("您好"))


async def test_a_photo_goes_out_with_its_caption(line: Line) -> None:  # noqa: F811
    stored = await asyncio.to_thread(line.services.photos.save, jpeg())

    await line.channel.send(
        str(CHAT), 1, "officer", Outgoing("处理后的照片。", kind="photo", photo=stored.sha256)
    )

    [sent] = line.api.sent("sendPhoto")
    assert sent["caption"].endswith("处理后的照片。")


async def test_an_officers_photo_and_file_arrive_after_the_words(line: Line) -> None:  # noqa: F811
    await reply_with_files(line.services, "telegram", str(CHAT))
    line.relay.wake_outbox()

    (document,) = await line.api.wait_for("sendDocument", 1)
    (photo,) = line.api.sent("sendPhoto")
    assert "请看附件" in line.api.sent("sendMessage")[-1]["text"]
    assert "第1张，共1张" in photo["caption"]
    assert "告知书.pdf" in document["caption"]


async def test_an_officers_own_words_are_marked(line: Line) -> None:  # noqa: F811
    await line.channel.send(str(CHAT), 1, "officer", Outgoing("您好，请问在几号楼？"))

    assert line.api.sent()[0]["text"] == "【工作人员】\n您好，请问在几号楼？"


async def test_another_process_that_fetches_for_the_same_bot_is_waited_out(line: Line) -> None:  # noqa: F811
    line.api.fail("getUpdates", 409, "Conflict: terminated by other getUpdates request")
    line.api.write("/help")

    assert len(await line.api.wait_for("sendMessage", 1)) == 1
