from __future__ import annotations

import json
from typing import Any

import pytest

from actions.base import Location, Message
from bot.channels.web_frames import MAX_TEXT, FrameRefused, Older, Ping, Seen, read_frame, shown_content

ADDRESS = "a" * 64
ID = "0b1f6a52-8a53-4d34-9b0c-3f6f4a2d7c11"


def read(**frame: Any) -> Any:
    return read_frame(json.dumps(frame), ADDRESS)


def refused(raw: str) -> tuple[str, str | None]:
    with pytest.raises(FrameRefused) as caught:
        read_frame(raw, ADDRESS)
    return caught.value.text_key, caught.value.client_id


def test_message_keeps_the_text_as_typed() -> None:
    frame = read(type="message", client_id=ID, text="  /restart ／affirm 😀\n")

    assert frame == Message("web", ADDRESS, ID, text="  /restart ／affirm 😀\n")


def test_message_may_be_as_long_as_the_limit() -> None:
    assert len(read(type="message", client_id=ID, text="长" * MAX_TEXT).text) == MAX_TEXT


def test_text_that_no_database_takes_is_mended() -> None:
    frame = read_frame(f'{{"type":"message","client_id":"{ID}","text":"a\\u0000b\\ud83dc"}}', ADDRESS)

    assert frame == Message("web", ADDRESS, ID, text="ab?c")


def test_button_carries_payload_and_label() -> None:
    frame = read(type="button", client_id=ID, payload="menu:report", label="我要反映问题")

    assert frame == Message("web", ADDRESS, ID, payload="menu:report", label="我要反映问题")


def test_location_is_wgs_84() -> None:
    frame = read(type="location", client_id=ID, latitude=25.72, longitude=119)

    assert frame.location == Location(25.72, 119.0, "WGS-84")


def test_frames_that_carry_no_message() -> None:
    assert read(type="seen", id=7) == Seen(7)
    assert read(type="older", before=9) == Older(9)
    assert read(type="ping", more="is ignored") == Ping()


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "null",
        "[]",
        '"message"',
        "[" * 100_000,
        '{"type": null}',
        '{"type": ["message"]}',
        '{"type": "drop_table"}',
        '{"type": "message", "text": "hi"}',
        '{"type": "message", "text": "hi", "client_id": 7}',
        '{"type": "message", "text": "hi", "client_id": "short"}',
        '{"type": "message", "text": "hi", "client_id": "' + "x" * 65 + '"}',
        '{"type": "seen"}',
        '{"type": "seen", "id": true}',
        '{"type": "seen", "id": -1}',
        '{"type": "seen", "id": 1e3}',
        '{"type": "seen", "id": 9223372036854775808}',
        '{"type": "seen", "id": ' + "9" * 5000 + "}",
        '{"type": "older", "before": "7"}',
    ],
)
def test_what_is_not_a_frame_is_refused(raw: str) -> None:
    assert refused(raw) == ("bad_frame", None)


@pytest.mark.parametrize(
    ("frame", "key"),
    [
        ({"type": "message", "text": " \n　"}, "empty"),
        ({"type": "message", "text": "长" * (MAX_TEXT + 1)}, "too_long"),
        ({"type": "message", "text": 5}, "bad_frame"),
        ({"type": "button", "payload": "", "label": "x"}, "bad_frame"),
        ({"type": "button", "payload": "长" * 22, "label": "x"}, "bad_frame"),
        ({"type": "button", "payload": "menu:report", "label": "x" * 201}, "bad_frame"),
        ({"type": "button", "payload": "menu:report"}, "bad_frame"),
        ({"type": "location", "latitude": 91, "longitude": 0}, "bad_location"),
        ({"type": "location", "latitude": 0, "longitude": float("nan")}, "bad_location"),
        ({"type": "location", "latitude": "25.7", "longitude": 119}, "bad_location"),
        ({"type": "location", "latitude": True, "longitude": 119}, "bad_location"),
        ({"type": "unknown"}, "bad_frame"),
    ],
)
def test_a_refusal_names_the_message(frame: dict[str, Any], key: str) -> None:
    assert refused(json.dumps({**frame, "client_id": ID})) == (key, ID)


def test_shown_content_prefers_the_label_and_leaves_out_what_is_absent() -> None:
    pressed = {"text": "", "payload": "menu:report", "label": "我要反映问题"}

    assert shown_content(pressed) == {"text": "我要反映问题", "payload": "menu:report"}
    assert shown_content({"photo": "ab"}) == {"text": "", "photo": "/chat/photo/ab"}
