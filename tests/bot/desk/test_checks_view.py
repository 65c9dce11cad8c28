"""双随机 on the desk: supervisor, reviewer, unit."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from bot.cli import main
from bot.services import Services
from tests.bot.desk.browsing import Browser, Clock, add_officer
from tests.factories import ROUTING, make_ticket
from tests.schema import new_sqlite
from tickets.models import Officer, Role
from tickets.workflow import Status

FULL = {f"mark_{one.code}": str(one.points) for one in ROUTING.checks.criteria}
POOR = {f"mark_{one.code}": "0" for one in ROUTING.checks.criteria}
ROUND = {"title": "11月抽查", "first_day": "2026-11-01", "last_day": "2026-11-23", "sample_size": "2"}
SEED = {"seed": "双色球2026135期 03 08 11", "source": "中国福彩网"}


@pytest.fixture
async def supervisor(second_browser: Browser, parts: Services) -> Browser:
    """ "wang", who runs checks of three closed tickets of 龙田; "gao" is the only one who can review."""
    await add_officer(parts, "wang", display_name="王督办", role=Role.SUPERVISOR, department="squad_longtian")
    await add_officer(parts, "gao", display_name="高队长", role=Role.UNIT_HEAD, department="squad_gaoshan")
    async with parts.database.transaction() as session:
        for _ in range(3):
            await make_ticket(session, Status.RESOLVED, summary="路边<b>一车</b>垃圾")
    await second_browser.sign_in("wang")
    return second_browser


@pytest.fixture
async def drawn(supervisor: Browser, clock: Clock) -> Browser:
    """Two of them, drawn the day after the announcement."""
    await supervisor.get("/checks")
    await supervisor.post("/checks/rounds", **ROUND)
    clock.forward(hours=10)
    await supervisor.post("/checks/rounds/1/draw", **SEED)
    return supervisor


async def test_the_list_is_published_before_the_seed_and_can_be_verified_without_us(
    supervisor: Browser, clock: Clock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await supervisor.get("/checks")
    wrong = await supervisor.post("/checks/rounds", **{**ROUND, "sample_size": "4"})
    assert (wrong.status, "不够抽" in wrong.text, 'value="11月抽查"' in wrong.text) == (409, True, True)
    assert "日期不对" in (await supervisor.post("/checks/rounds", **{**ROUND, "first_day": "x"})).text

    announced = await supervisor.post("/checks/rounds", **ROUND)
    early = await supervisor.post("/checks/rounds/1/draw", **SEED)
    listed = await (await supervisor.client.get("/desk/checks/rounds/1/list.txt")).read()

    assert "名单已公布" in announced.text
    assert "明天或以后再抽取" in announced.text
    assert (early.status, "种子要在公布名单以后才产生" in early.text) == (409, True)
    assert hashlib.sha256(listed).hexdigest() in announced.text
    clock.forward(hours=10)
    drawn = await supervisor.post("/checks/rounds/1/draw", **SEED)
    assert "已抽取" in drawn.text
    assert "中国福彩网" in drawn.text
    again = await supervisor.post("/checks/rounds/1/draw", **SEED)
    assert (again.status, "已经办过" in again.text) == (409, True)
    file = tmp_path / "list.txt"
    file.write_bytes(listed)
    assert (
        main(["checks", "draw", str(file), "--seed", SEED["seed"], "--day", "2026-11-24", "--size", "2"]) == 0
    )
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(row["ticket_no"] in drawn.text for row in rows)
    file.write_text("nonsense")
    assert main(["checks", "draw", str(file), "--seed", "x", "--day", "2026-11-24", "--size", "2"]) == 2


async def test_the_reviewer_scores_the_unit_rectifies_and_it_is_confirmed(
    drawn: Browser, browser: Browser, officer: Officer, parts: Services
) -> None:
    await browser.sign_in("gao")
    listed = await browser.get("/checks")
    assert "要我检查的" in listed.text
    page = await browser.get("/checks/1")
    assert "路边&lt;b&gt;一车&lt;/b&gt;垃圾" in page.text
    missing = await browser.post("/checks/1/score", findings="没有回复", mark_handled="9")
    assert (missing.status, "每一项都要打分" in missing.text) == (409, True)
    assert ">没有回复</textarea>" in missing.text
    scored = await browser.post("/checks/1/score", **POOR, findings="没有回复诉求人")
    assert "待整改" in scored.text
    assert "要整改的" not in (await browser.get("/checks")).text
    await browser.post("/sign-out")

    await browser.sign_in("lin")
    assert "本单位要整改的" in (await browser.get("/checks")).text
    await browser.get("/checks/1")
    assert (await browser.post("/checks/1/confirm", decision="accept")).status == 409
    rectified = await browser.post("/checks/1/rectify", text="已经回复，以后当天回")
    assert "等待复核" in rectified.text
    assert (await browser.post("/checks/1/confirm", decision="accept")).status == 403
    await browser.post("/sign-out")

    await browser.sign_in("gao")
    await browser.get("/checks/1")
    more = await browser.post("/checks/1/confirm", decision="refuse", note=" ")
    assert more.status == 409
    done = await browser.post("/checks/1/confirm", decision="accept", note="属实")
    assert "整改完成" in done.text
    assert "双随机抽查" in (await drawn.get(f"/tickets/{_number(page.text)}")).text


def _number(text: str) -> str:
    return next(f"FQ20261123-000{number}" for number in (1, 2, 3) if f"FQ20261123-000{number}" in text)


async def test_a_check_is_nobody_elses_business(drawn: Browser, browser: Browser, parts: Services) -> None:
    await add_officer(parts, "yu", department="squad_yuping")
    await browser.sign_in("yu")

    assert (await browser.get("/checks/1")).status == 404
    assert (await browser.get("/checks/99")).status == 404
    assert (await browser.get("/checks/rounds/99")).status == 404
    await browser.get("/checks")
    assert (await browser.post("/checks/1/score", **FULL)).status == 404
    assert (await browser.post("/checks/rounds", **ROUND)).status == 403
    shown = await browser.get("/checks/rounds/1")
    assert shown.status == 200
    assert "/desk/checks/1" not in shown.text


async def test_a_reviewer_who_stands_aside_without_a_successor_is_told(
    drawn: Browser, browser: Browser
) -> None:
    await browser.sign_in("gao")
    await browser.get("/checks/1")

    page = await browser.post("/checks/1/recuse", reason="认识当事人")

    assert (page.status, "找不到可回避" in page.text) == (409, True)


def test_the_command_says_when_there_is_no_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENFA_DATABASE_URL", new_sqlite(tmp_path / "wenfa.db"))
    monkeypatch.setenv("WENFA_DATA_FOLDER", str(tmp_path))

    assert main(["checks", "verify", "1"]) == 2
