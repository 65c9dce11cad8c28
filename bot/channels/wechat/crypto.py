"""Who signed a message from WeChat, and what is in it.

After the platform's description: a signature is the SHA-1 of the sorted parts; a body is encrypted with
AES-256-CBC, the IV being the first 16 bytes of the key, over 16 random bytes + length (4 bytes, network
order) + message + app id, padded by PKCS#7 to blocks of 32 bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY_CHARACTERS = 43
_BLOCK = 32
_RANDOM = 16


class BadEnvelope(Exception):
    """The body can't be opened, or isn't for this account."""


def sign(*parts: str) -> str:
    """The signature of token, timestamp, nonce and, in a message that is encrypted, its text."""
    # SHA-1 is what the platform prescribes; the token is what keeps a forger out.
    return hashlib.sha1("".join(sorted(parts)).encode("utf-8", "replace")).hexdigest()  # noqa: S324


def is_signed(signature: str, *parts: str) -> bool:
    """Whether the signature is that of the parts, compared in constant time."""
    return hmac.compare_digest(sign(*parts).encode(), signature.encode("utf-8", "replace"))


class Envelope:
    """Seals and opens the bodies of one account.

    Args:
        aes_key: the 43 characters of the platform's page (EncodingAESKey).

    Raises: ValueError, if the key is none.
    """

    def __init__(self, aes_key: str, app_id: str) -> None:
        try:
            self._key = base64.b64decode(aes_key + "=", validate=True)
        except binascii.Error as error:
            raise ValueError("not base64") from error
        if len(aes_key) != KEY_CHARACTERS or len(self._key) != _BLOCK:
            raise ValueError(f"must have {KEY_CHARACTERS} characters")
        self._app_id = app_id

    def seal(self, message: str) -> str:
        """A message as the platform opens it, in base64."""
        content = message.encode()
        plain = secrets.token_bytes(_RANDOM) + struct.pack(">I", len(content)) + content
        plain += self._app_id.encode()
        missing = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher().encryptor()
        sealed = encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def open(self, sealed: str) -> str:
        """The message again.

        Raises: BadEnvelope, also if it is another account's.
        """
        try:
            decryptor = self._cipher().decryptor()
            padded = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
        except (binascii.Error, ValueError) as error:
            raise BadEnvelope("not base64 of whole blocks") from error
        if not padded or not 1 <= padded[-1] <= _BLOCK:
            raise BadEnvelope("padding")
        plain = padded[: -padded[-1]]
        if len(plain) < _RANDOM + 4:
            raise BadEnvelope("too short")
        (length,) = struct.unpack(">I", plain[_RANDOM : _RANDOM + 4])
        content, app_id = plain[_RANDOM + 4 : _RANDOM + 4 + length], plain[_RANDOM + 4 + length :]
        if app_id != self._app_id.encode():
            raise BadEnvelope("another account")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise BadEnvelope("not UTF-8") from error

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:_RANDOM]))
