"""Which passwords are refused, and how they are hashed: argon2id, in a thread."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tickets.errors import BotError

MIN_PASSWORD_LENGTH = 10
MAX_PASSWORD_LENGTH = 256
MIN_DIFFERENT_CHARACTERS = 5

_hasher = PasswordHasher()
# Each hash takes 64 MiB: two at a time, however many people sign in.
_hashing = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")


class WeakPassword(BotError):
    """A password that can be guessed.

    Attributes:
        reason: "short", "long", "common", "like_name" or "simple".
    """

    code = "weak_password"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply_key = f"error_password_{reason}"


@cache
def common_passwords() -> frozenset[str]:
    """Passwords of ten characters and more that are tried first, in lower case."""
    text = resources.files("tickets").joinpath("data/common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def check_password(password: str, username: str) -> None:
    """Raises: WeakPassword."""
    plain = password.casefold()
    name = username.strip().casefold()
    if len(password) < MIN_PASSWORD_LENGTH:
        raise WeakPassword("short")
    if len(password) > MAX_PASSWORD_LENGTH:
        raise WeakPassword("long")
    if name and (name in plain and len(plain) - len(name) < MIN_DIFFERENT_CHARACTERS):
        raise WeakPassword("like_name")
    if plain in common_passwords():
        raise WeakPassword("common")
    if len(set(plain)) < MIN_DIFFERENT_CHARACTERS or _is_sequence(plain):
        raise WeakPassword("simple")


def _is_sequence(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in zip(text, text[1:], strict=False)}
    return len(steps) == 1


async def hash_password(password: str) -> str:
    """The argon2id hash; computed in a thread, for it takes tens of milliseconds."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, _hasher.hash, password)


async def verify_password(password_hash: str, password: str) -> bool:
    """Whether the password is the one; takes as long for a hash that can't be right."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, _verify, password_hash, password)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


# Checked for a name that nobody has, so that the answer takes as long as for one that exists.
NOBODYS_HASH = _hasher.hash(secrets.token_urlsafe(16))
