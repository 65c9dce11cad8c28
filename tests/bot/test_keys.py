"""Keys of contact data: made once, kept private, read from the settings when those name some."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from bot.config import SettingError, Settings
from bot.keys import FILE_NAME, open_vault, read_keys

KEY = base64.b64encode(bytes(range(32))).decode()


def test_a_key_is_made_at_the_first_start_and_kept(settings: Settings) -> None:
    sealed = open_vault(settings).seal("13800001111", "FQ20261123-0001")

    path = settings.data_folder / FILE_NAME
    assert open_vault(settings).open(sealed, "FQ20261123-0001") == "13800001111"
    assert path.stat().st_mode & 0o077 == 0


def test_the_settings_win_over_the_file(settings: Settings) -> None:
    named = open_vault(replace(settings, contact_keys=f"mine:{KEY}"))

    assert named.seal("x", "FQ20261123-0001").startswith("sealed:mine:")
    assert not (settings.data_folder / FILE_NAME).exists()


def test_the_last_key_seals_and_the_older_ones_still_open() -> None:
    old = read_keys(f"a:{KEY}")
    both = read_keys(f"a:{KEY},b:{KEY}")

    assert both.open(old.seal("x", "n"), "n") == "x"
    assert both.seal("x", "n").startswith("sealed:b:")


@pytest.mark.parametrize("text", ["mine", "mine:", "mine:short", f"Ä:{KEY}", f"a:{KEY}x"])
def test_keys_that_cannot_be_used_are_refused_by_name(text: str) -> None:
    with pytest.raises(SettingError, match="WENFA_CONTACT_KEYS"):
        read_keys(text)
