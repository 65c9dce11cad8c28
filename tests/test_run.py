"""`wenfa serve` as an operator meets it: starting, stopping, trouble in one line, parts that die."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog

from bot.cli import main
from bot.config import ROOT
from bot.nlu_server import ensure_model
from tests.served import (
    ChatPage,
    Served,
    chatting,
    clean_environment,
    lives,
    processes_of,
    project_without_rasa,
)

TROUBLE_SECONDS = 60
END_SECONDS = 15
in_one_loop = pytest.mark.asyncio(loop_scope="module")


# --- trouble at the start

Serve = Callable[..., tuple[int, str]]


@pytest.fixture
def serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Serve]:
    """Run `wenfa serve` where it can't work; returns its exit status and what it told the operator."""

    def run(**settings: str) -> tuple[int, str]:
        given = {"WENFA_PORT": "0", "WENFA_DATA_FOLDER": str(tmp_path / "data"), "WENFA_NLU_ENABLED": "0"}
        environment = clean_environment(**(given | {"WENFA_VECTORS": "off"} | settings))
        for name in os.environ.keys() - environment.keys():
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        status = main(["serve"])
        told = capsys.readouterr()
        assert told.out == ""
        [line] = told.err.splitlines()
        assert line.startswith("wenfa: ")
        return status, line

    yield run
    structlog.reset_defaults()


def test_a_port_in_use_is_told_in_one_line(serve: Serve, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        status, line = serve(WENFA_PORT=str(port))

    assert status == 1
    assert f"port {port}" in line
    assert "WENFA_PORT" in line
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_not_ours_is_told_in_one_line(serve: Serve) -> None:
    status, line = serve(WENFA_HOST="192.0.2.1")

    assert status == 1
    assert "WENFA_HOST" in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WENFA_PROT", "8080"),
        ("WENFA_PORT", "eighty"),
        ("WENFA_PORT", "70000"),
        ("WENFA_VECTORS", "some"),
        ("WENFA_NLU_ENABLED", "maybe"),
        ("WENFA_CONTACT_KEYS", "nonsense"),
    ],
)
def test_a_setting_that_is_unknown_or_bad_is_named(serve: Serve, name: str, value: str) -> None:
    status, line = serve(**{name: value})

    assert status == 2
    assert name in line


def test_a_bad_line_in_the_settings_file_is_named(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_text("# ours\nWENFA_PORT=0\nnonsense\n", encoding="utf-8")

    status, line = serve(WENFA_ENV_FILE=str(file))

    assert status == 2
    assert f"{file}:3" in line


def test_a_file_in_place_of_the_data_folder_is_told_in_one_line(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder", encoding="utf-8")

    status, line = serve()

    assert status == 1
    assert str(tmp_path / "data") in line


def test_a_data_folder_that_cannot_be_made_is_told_in_one_line(serve: Serve) -> None:
    # Nobody, not even root, makes folders in /proc.
    status, line = serve(WENFA_DATA_FOLDER="/proc/wenfa")

    assert status == 1
    assert "/proc/wenfa" in line


def test_a_damaged_database_is_told_in_one_line(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "wenfa.db").write_bytes(b"long enough, and yet no database" * 100)

    status, line = serve()

    assert status == 1
    assert "not a database" in line


def test_a_city_folder_that_is_missing_is_told_in_one_line(serve: Serve, tmp_path: Path) -> None:
    status, line = serve(WENFA_CITY_FOLDER=str(tmp_path / "nowhere"))

    assert status == 1
    assert "nowhere" in line


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with hardly any room."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root may mount a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603 - fixed words
        pytest.skip("no right to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607 - fixed words


def test_a_full_disk_is_told_in_one_line(serve: Serve, full_disk: Path) -> None:
    status, line = serve(WENFA_DATA_FOLDER=str(full_disk))

    assert status == 1
    assert "the disk is full" in line


def test_trouble_is_the_exit_status_of_the_process_too(tmp_path: Path) -> None:
    environment = clean_environment(WENFA_PORT="0", WENFA_DATA_FOLDER="/proc/wenfa")
    result = subprocess.run(  # noqa: S603 - our own command
        [Path(sys.executable).with_name("wenfa"), "serve"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TROUBLE_SECONDS,
        check=False,
    )

    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1


# --- without language understanding


@contextlib.asynccontextmanager
async def served_in(folder: Path, **changes: Any) -> AsyncIterator[Served]:
    """A server that is stopped at the end of the block."""
    served = Served(folder, **changes)
    try:
        await served.start()
        yield served
    finally:
        await served.close()


async def receipt_by_steps(served: Served) -> str:
    """File a report step by step, as it must work without understanding."""
    async with chatting(served) as page:
        await page.say("村口的路灯坏了一个月，晚上看不见路")
        await page.press("反映这件事")
        await page.press("路灯、井盖、路面")
        await page.say("龙田镇东华村村口")
        await page.press("跳过")
        await page.press("匿名")
        await page.press("提交")
        receipt = await page.reply()
    return str(receipt["text"])


async def test_without_a_model_the_assistant_works_step_by_step(tmp_path: Path) -> None:
    settings = {"WENFA_NLU_MODEL": str(tmp_path / "none.tar.gz")}
    async with served_in(tmp_path, settings=settings) as served:
        receipt = await receipt_by_steps(served)
        health = await served.until_nlu("waiting")

    assert "工单编号" in receipt
    assert health["state"] == "degraded"
    assert "none.tar.gz is missing" in health["nlu"]["error"]


async def test_without_the_interpreter_of_rasa_the_assistant_works_step_by_step(tmp_path: Path) -> None:
    async with served_in(tmp_path, project=project_without_rasa(tmp_path)) as served:
        receipt = await receipt_by_steps(served)
        health = await served.until_nlu("waiting")

    assert "工单编号" in receipt
    assert health["state"] == "degraded"
    assert "make setup" in health["nlu"]["error"]


async def test_rules_that_cannot_be_read_end_the_server_with_one_line(tmp_path: Path) -> None:
    statutes = tmp_path / "data" / "statutes"
    statutes.mkdir(parents=True)
    (statutes / "damaged.txt").write_text("no head, no article", encoding="utf-8")
    served = Served(tmp_path, settings={"WENFA_NLU_ENABLED": "0"})

    await served.launch()
    status = await served.exit_status()

    assert status == 1
    [line] = served.complaints.splitlines()
    assert "damaged.txt" in line


async def test_a_second_server_on_the_same_port_does_not_disturb_the_first(
    tmp_path: Path, serve: Serve
) -> None:
    async with served_in(tmp_path, settings={"WENFA_NLU_ENABLED": "0"}) as served:
        status, _ = await asyncio.to_thread(serve, WENFA_PORT=str(served.port))
        async with chatting(served) as page:
            answer = await page.say("/help")

    assert status == 1
    assert answer["buttons"]


# --- the whole assistant; these tests take turns with one server, in this order


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    model = await ensure_model(ROOT / "var" / "models")
    async with served_in(tmp_path_factory.mktemp("run"), settings={"WENFA_NLU_MODEL": str(model)}) as served:
        yield served


@pytest.mark.nlu
@in_one_loop
async def test_start_prints_the_addresses_and_a_one_time_link(running: Served) -> None:
    for path in ("/", "/desk", "/healthz", running.welcome_path):
        assert f"{running.url}{path}\n" in running.printed


@pytest.mark.nlu
@in_one_loop
async def test_messages_are_answered_before_the_understanding_is_up(running: Served) -> None:
    health = await running.health()
    async with chatting(running) as page:
        answer = await page.say("养狗要登记吗")

    assert (health["state"], health["nlu"]["state"]) == ("degraded", "starting")
    assert "反映这件事" in [button["label"] for button in answer["buttons"]]


@pytest.mark.nlu
@in_one_loop
async def test_a_killed_nlu_server_is_restarted_while_messages_are_answered(running: Served) -> None:
    await running.until_nlu("ready")
    async with chatting(running) as page:
        understood = await until_understood(page)
        [child] = processes_of(running.pid)
        os.kill(child, signal.SIGKILL)
        meanwhile = await page.say("在人行道上摆摊会罚款吗")
        degraded = await running.until_nlu("waiting", "starting")
        health = await running.until_nlu("ready", restarts=1)
        again = await until_understood(page)

    assert understood["kind"] == again["kind"] == "card"
    assert meanwhile["text"]
    assert degraded["state"] == "degraded"
    assert (health["state"], health["nlu"]["restarts"]) == ("ready", 1)


async def until_understood(page: ChatPage) -> dict[str, Any]:
    """Ask until the answer is a card; after a failure the NLU server isn't asked for some seconds."""
    async with asyncio.timeout(END_SECONDS):
        while (answer := await page.say("在福清养狗要登记吗"))["kind"] != "card":
            await asyncio.sleep(0.5)
    return answer


@pytest.mark.nlu
@in_one_loop
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_stopping_leaves_no_process_behind(running: Served, number: signal.Signals) -> None:
    if not lives(running.pid):
        await running.start()
    await until_child(running)
    children = processes_of(running.pid)

    status = await running.end(number)

    assert status == 0
    assert [pid for pid in children if lives(pid)] == []
    assert "Traceback" not in running.complaints


@pytest.mark.nlu
@in_one_loop
async def test_when_the_server_is_killed_its_child_ends_too(running: Served) -> None:
    if not lives(running.pid):
        await running.start()
    await until_child(running)
    await asyncio.sleep(1)
    children = processes_of(running.pid)

    await running.end(signal.SIGKILL)

    async with asyncio.timeout(END_SECONDS):
        while any(lives(pid) for pid in children):
            await asyncio.sleep(0.1)


async def until_child(served: Served) -> None:
    async with asyncio.timeout(END_SECONDS):
        while not processes_of(served.pid):
            await asyncio.sleep(0.05)
