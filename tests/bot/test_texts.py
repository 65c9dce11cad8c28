"""Every key that an action uses has words, and every text can be put together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actions.base import Reply
from bot.config import ROOT
from bot.texts import for_officers, render, render_notice
from bot.texts.zh import LABELS, TEXTS
from tickets.errors import PhotoRejected
from tickets.workflow import Status

_KEY = re.compile(r'(?:Reply|menu|put_aside|ask_what_is_meant)\(\s*(?:turn, )?"([a-z_]+)"')
_LABEL = re.compile(r'Button\(\s*"(button_[a-z_]+)"')
ACTIONS = sorted((ROOT / "actions").glob("*.py"))


@pytest.mark.parametrize("module", ACTIONS, ids=lambda path: path.stem)
def test_every_key_of_an_action_has_words(module: Path) -> None:
    source = module.read_text(encoding="utf-8")

    assert set(_KEY.findall(source)) - TEXTS.keys() == set()
    assert set(_LABEL.findall(source)) - LABELS.keys() == set()


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_notice(status: Status) -> None:
    notice = render_notice(
        f"notice_status_{status}",
        {"ticket_no": "FQ20261123-0007", "note": "已清理", "department": "执法大队"},
    )

    assert "FQ20261123-0007" in notice["text"]


@pytest.mark.parametrize("reason", ["too_large", "not_an_image", "heic", "damaged", "too_many_pixels"])
def test_every_refused_photo_has_words(reason: str) -> None:
    assert PhotoRejected(reason).reply_key in TEXTS


def test_texts_are_short_enough_to_read() -> None:
    sentences = {
        key: sentence
        for key, text in TEXTS.items()
        for sentence in re.split(r"[。？！\n]", text)
        if len(sentence) > 60
    }

    assert sentences == {}


def test_officers_do_not_see_the_receipt_code() -> None:
    params = {
        "ticket_no": "FQ20261123-0007",
        "department": "执法大队",
        "due_on": None,
        "receipt_code": "M52PHNY2",
    }
    content = render(Reply("report_filed", params)).as_json()

    assert "M52PHNY2" in content["text"]
    assert "M52PHNY2" not in for_officers(content)
    assert "FQ20261123-0007" in for_officers(content)


def test_only_who_reported_is_asked_for_stars() -> None:
    params = {"ticket_no": "FQ20261123-0007", "note": "已清理", "department": "执法大队"}

    own = render_notice("notice_status_resolved", params)
    followed = render_notice("notice_status_resolved", {**params, "is_followed": True})

    assert (own["kind"], followed["kind"]) == ("rating", "progress")
    assert TEXTS["rating_ask"] not in followed["text"]
    assert [button["payload"] for button in followed["buttons"]] == ["status:show:FQ20261123-0007"]


@pytest.mark.parametrize("status", Status)
def test_who_merely_follows_reads_where_it_stands_and_is_asked_nothing(status: Status) -> None:
    params = {"ticket_no": "FQ20261123-0007", "note": "", "department": "执法大队", "is_bystander": True}

    told = render_notice(f"notice_status_{status}", {**params, "is_followed": True})

    assert not told["text"].endswith("：")
    offered = "menu:report" if status is Status.WITHDRAWN else "status:show:FQ20261123-0007"
    assert [button["payload"] for button in told["buttons"]] == [offered]
