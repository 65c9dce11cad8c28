"""Sealing of contact data, original photos and made files: AES-256-GCM, keys from outside, rotation by key
id.

A sealed text is bound to its ticket: copied to another one it doesn't open.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tickets.errors import ContactSealed

_KEY_BYTES = 32
_NONCE_BYTES = 12
_MARK = "sealed"
_KEY_ID = re.compile(r"[a-z0-9_-]{1,16}")


class Vault:
    """Seals with the current key, opens with any that it knows.

    Args:
        keys: key id (small letters, digits, - and _) -> 32 bytes. Old keys stay until everything is
        sealed anew. current: id of the key that seals from now on.
    """

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        if current not in keys:
            raise ValueError(f"no key {current}")
        for key_id, key in keys.items():
            if not _KEY_ID.fullmatch(key_id) or len(key) != _KEY_BYTES:
                raise ValueError(f"key {key_id} is not 32 bytes, or its name is not plain")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current

    def seal(self, text: str, ticket_no: str) -> str:
        """A text that only this vault opens, and only for this ticket."""
        sealed = base64.urlsafe_b64encode(self._encrypt(text.encode(), ticket_no)).decode()
        return f"{_MARK}:{self._current}:{sealed}"

    def open(self, stored: str, ticket_no: str) -> str:
        """The text again; one that was stored before there was a vault comes back as it is.

        Raises: ContactSealed, if the key isn't there or the bytes were changed.
        """
        if not is_sealed(stored):
            return stored
        try:
            _, key_id, sealed = stored.split(":")
            content = base64.urlsafe_b64decode(sealed)
        except (ValueError, binascii.Error) as error:
            raise ContactSealed(ticket_no) from error
        return self._decrypt(key_id, content, ticket_no).decode()

    @property
    def current_mark(self) -> str:
        """How a text begins that is sealed with the current key."""
        return f"{_MARK}:{self._current}:"

    @property
    def current_start(self) -> bytes:
        """How bytes begin that are sealed with the current key."""
        key_id = self._current.encode()
        return bytes([len(key_id)]) + key_id

    def seal_bytes(self, content: bytes, context: str = "photo") -> bytes:
        """Bytes that only this vault opens, and only in the same context; by default an original photo."""
        return self.current_start + self._encrypt(content, context)

    def open_bytes(self, stored: bytes, context: str = "photo") -> bytes:
        """The bytes again.

        Raises: ContactSealed.
        """
        length = stored[0] if stored else 0
        key_id = stored[1 : 1 + length].decode("ascii", "replace")
        return self._decrypt(key_id, stored[1 + length :], context)

    def has_key_of(self, stored: bytes) -> bool:
        """Whether sealed bytes name a key that is here."""
        return bool(stored) and stored[1 : 1 + stored[0]].decode("ascii", "replace") in self._ciphers

    def _encrypt(self, content: bytes, context: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._ciphers[self._current].encrypt(nonce, content, context.encode())

    def _decrypt(self, key_id: str, sealed: bytes, context: str) -> bytes:
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise ContactSealed(f"{context}: its key {key_id} is not among the keys")
        try:
            return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise ContactSealed(
                f"{context}: the key {key_id} does not fit, or the data was changed"
            ) from error


def is_sealed(stored: str) -> bool:
    """Whether a stored contact is sealed at all."""
    return stored.startswith(f"{_MARK}:")
