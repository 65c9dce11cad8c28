"""The command line: what it offers, and what it says to a mistake."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
import structlog

from bot import cli


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The words that call a command of the test's own, which does `work`."""

    def add(work: Callable[[argparse.Namespace], int]) -> list[str]:
        module = ModuleType("bot.commands.own")

        def add_arguments(parser: argparse.ArgumentParser) -> None:
            parser.add_argument("--word")
            parser.set_defaults(run=work)

        module.add_arguments = add_arguments  # type: ignore[attr-defined]  # a module made here
        monkeypatch.setitem(sys.modules, "bot.commands.own", module)
        monkeypatch.setitem(cli.COMMANDS, "own", ("own", "the test's own"))
        return ["own"]

    return add


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])

    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert [name for name in cli.COMMANDS if name not in shown] == []


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])

    assert ended.value.code == 0
    assert f"wenfa {name}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["sreve"], ["serve", "--port", "1"], ["officers"]])
def test_a_mistake_in_the_call_ends_with_status_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)

    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert "usage: wenfa" in said.err


def test_an_unknown_command_is_named_beside_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["sreve"])

    said = capsys.readouterr().err
    assert "'sreve'" in said
    assert "'serve'" in said


def test_an_unknown_setting_is_named(
    command: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WENFA_COLOUR", "red")

    status = cli.main(command(lambda args: 0))

    assert status == 2
    assert capsys.readouterr().err.startswith("wenfa: unknown setting: WENFA_COLOUR")


def test_a_command_gets_its_arguments_and_the_settings(
    command: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENFA_PORT", "1234")

    status = cli.main([*command(lambda args: args.settings.port + len(args.word)), "--word", "four"])

    assert status == 1238


@pytest.mark.parametrize(("error", "expected"), [(KeyboardInterrupt, 130), (BrokenPipeError, 1)])
def test_being_cut_off_is_no_failure_worth_a_traceback(
    error: type[BaseException],
    expected: int,
    command: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work(args: argparse.Namespace) -> int:
        raise error

    status = cli.main(command(work))

    assert status == expected
    assert capsys.readouterr().err == ""
