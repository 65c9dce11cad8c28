"""`wenfa api-keys`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WENFA_ENV_FILE", "/dev/null")
    monkeypatch.setenv("WENFA_DATA_FOLDER", str(tmp_path))
    return tmp_path


def test_a_key_is_made_shown_once_and_revoked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["api-keys", "add", "福清一中", "--quota", "7"]) == 0
    made = capsys.readouterr().out.strip()
    assert main(["api-keys", "list"]) == 0
    listed = capsys.readouterr().out
    assert main(["api-keys", "revoke", "1"]) == 0
    main(["api-keys", "list"])

    assert made.startswith("wk_")
    assert made not in listed
    assert listed.split("\t")[:3] == ["1", "福清一中", "0/7 today"]
    assert capsys.readouterr().out.strip().endswith("revoked")
    assert made.encode() not in (folder / "wenfa.db").read_bytes()


@pytest.mark.parametrize("arguments", [["add", " "], ["add", "x", "--quota", "0"]])
def test_a_key_without_holder_or_quota_is_refused(
    folder: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["api-keys", *arguments]) == 2
    assert "holder" in capsys.readouterr().err


def test_an_unknown_key_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["api-keys", "revoke", "9"]) == 1
    assert capsys.readouterr().err == "wenfa: api_key_unknown\n"
