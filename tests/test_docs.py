"""The documents keep up with the code."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bot.cli import COMMANDS
from bot.config import ROOT, Settings

NAMES = [setting.metadata["name"] for setting in fields(Settings)]


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert f"{name}=" in (ROOT / ".env.example").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert f"`{command}`" in readme or f"wenfa {command}" in readme
