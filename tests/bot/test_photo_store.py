"""The photo store that the settings ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import SettingError, Settings
from bot.photo_store import open_photos
from tickets.vault import Vault

VAULT = Vault({"k1": bytes(32)}, "k1")


def test_photos_lie_in_the_data_folder_unless_a_bucket_is_named(tmp_path: Path) -> None:
    store = open_photos(Settings(data_folder=tmp_path), VAULT)

    assert not store.has("a" * 64)


@pytest.mark.parametrize("where", ["bucket", "http://127.0.0.1/bucket", "s3://", "s3:///"])
def test_a_store_that_makes_no_sense_is_named(tmp_path: Path, where: str) -> None:
    with pytest.raises(SettingError, match="WENFA_PHOTO_STORE"):
        open_photos(Settings(data_folder=tmp_path, photo_store=where), VAULT)
