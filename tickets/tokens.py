"""Random secrets: what the database keeps of them, and how two are compared."""

from __future__ import annotations

import hashlib
import hmac


def hash_token(token: str) -> str:
    """What the database keeps of a token. Tokens are random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def same_token(left: str, right: str) -> bool:
    """Compare two secrets in a time that doesn't tell where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())
