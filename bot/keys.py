"""The keys that seal contact data and original photos: from the settings, or from a file made at the first
start.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from typing import TYPE_CHECKING

from bot.config import SettingError
from tickets.vault import Vault

if TYPE_CHECKING:
    from bot.config import Settings

KEY_BYTES = 32
FILE_NAME = "contact.keys"


def open_vault(settings: Settings) -> Vault:
    """The vault of this installation.

    Raises: SettingError, if WENFA_CONTACT_KEYS or the file can't be read.
    """
    return read_keys(settings.contact_keys or _from_file(settings))


def known_vault(settings: Settings) -> Vault | None:
    """The vault, if this installation has keys; makes none, for commands that only look.

    Raises: SettingError.
    """
    has_keys = settings.contact_keys or (settings.data_folder / FILE_NAME).is_file()
    return open_vault(settings) if has_keys else None


def read_keys(text: str) -> Vault:
    """A vault from `name:base64,name:base64`, the last of which seals.

    Raises: SettingError.
    """
    keys: dict[str, bytes] = {}
    name = ""
    try:
        for part in text.strip().split(","):
            name, _, encoded = part.strip().partition(":")
            keys[name] = base64.b64decode(encoded, validate=True)
        return Vault(keys, name)
    except (ValueError, binascii.Error) as error:
        raise SettingError(
            f"WENFA_CONTACT_KEYS can't be used: key {name!r} is no base64 of 32 bytes"
        ) from error


def _from_file(settings: Settings) -> str:
    """The file's keys; a new key if there is no file. Only this user may read it."""
    path = settings.data_folder / FILE_NAME
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    # A name of its own: after a lost file, what an older key sealed must not seem to be this one's.
    made = f"k{secrets.token_hex(3)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(made + "\n")
    return made
