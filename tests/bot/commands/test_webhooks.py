"""`wenfa webhooks`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WENFA_ENV_FILE", "/dev/null")
    monkeypatch.setenv("WENFA_DATA_FOLDER", str(tmp_path))
    return tmp_path


def test_one_is_added_paused_listed_and_ended(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = "https://example.com/hook"
    assert main(["webhooks", "add", "省平台", url, "--inbound", "--event", "ticket.reply"]) == 0
    secrets = capsys.readouterr().out.split()
    assert main(["webhooks", "pause", "1"]) == 0
    main(["webhooks", "list"])
    listed = capsys.readouterr().out.split("\t")
    assert main(["webhooks", "replay", "1", "--since", "2026-11-01"]) == 0
    assert main(["webhooks", "dead"]) == 0
    assert main(["webhooks", "end", "1"]) == 0
    assert main(["webhooks", "resume", "1"]) == 1

    assert [secret[:6] for secret in secrets] == ["whsec_", "whsec_"]
    assert listed[:6] == ["1", "省平台", url, "paused", "ticket.reply", "-"]
    assert "webhook_unknown" in capsys.readouterr().err


def test_an_address_of_our_own_network_needs_to_be_allowed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["webhooks", "add", "a", "http://10.1.1.1/"]) == 2
    assert "WENFA_WEBHOOK_HOSTS" in capsys.readouterr().err
    monkeypatch.setenv("WENFA_WEBHOOK_HOSTS", "10.1.1.1, other.example")
    assert main(["webhooks", "add", "a", "http://10.1.1.1/"]) == 0
