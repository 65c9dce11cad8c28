"""Signatures in the form of the Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over
id.timestamp.body, so that neither can be changed and an old message can't be sent again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
WINDOW = timedelta(minutes=5)
MAX_SIGNATURES = 8
_MARK = "whsec_"
_VERSION = "v1"


class NotGenuine(Exception):
    """A message that nobody proved to come from whom it says. The reason is for the log."""


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message."""
    timestamp = str(int(at.timestamp()))
    return {
        ID: message_id,
        TIMESTAMP: timestamp,
        SIGNATURE: f"{_VERSION},{_digest(secret, message_id, timestamp, body)}",
    }


def check(secret: str, message_id: str, timestamp: str, signatures: str, body: bytes, now: datetime) -> None:
    """See that a message was signed with the secret, a short while ago at most.

    Args:
        signatures: several with blanks between them, while a sender changes its secret.

    Raises: NotGenuine.
    """
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise NotGenuine("no timestamp")
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise NotGenuine("too old, or from the future")
    expected = f"{_VERSION},{_digest(secret, message_id, timestamp, body)}".encode()
    candidates = signatures.split(" ")[:MAX_SIGNATURES]
    if not any(hmac.compare_digest(expected, one.encode("utf-8", "replace")) for one in candidates):
        raise NotGenuine("wrong signature")


def _digest(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(_MARK), validate=True)
    except binascii.Error as error:
        raise NotGenuine("bad secret") from error
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
