"""The second factor: six digits of an authenticator app (TOTP, RFC 6238), each good for one sign-in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

import pyotp

from tickets.errors import BotError
from tickets.models import Officer
from tickets.tokens import same_token

ISSUER = "问法工作台"
STEP_SECONDS = 30
# Telephones' clocks differ a little.
STEPS_OFF = 1
ASKED_FOR = timedelta(minutes=5)


class WrongCode(BotError):
    """Not the digits of now, or used already."""

    code = "wrong_code"
    reply_key = "error_wrong_code"


def candidate_secret(officer: Officer, session_token_hash: str) -> str:
    """The secret to offer for setting up; the same while the session lasts, so nothing is stored before."""
    digest = hmac.new(officer.password_hash.encode(), session_token_hash.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode()


def setup_uri(officer: Officer, secret: str) -> str:
    """What the QR code says."""
    return pyotp.TOTP(secret).provisioning_uri(name=officer.username, issuer_name=ISSUER)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose digits these are, near `now`."""
    digits = code.replace(" ", "")
    step_now = int(now.timestamp()) // STEP_SECONDS
    for step in range(step_now - STEPS_OFF, step_now + STEPS_OFF + 1):
        if same_token(pyotp.TOTP(secret).at(step * STEP_SECONDS), digits):
            return step
    return None


def use_code(officer: Officer, code: str, now: datetime) -> None:
    """Check the digits against the officer's secret and use them up.

    Raises: WrongCode.
    """
    step = matching_step(officer.totp_secret, code, now) if officer.totp_secret else None
    if step is None or (officer.last_totp_step is not None and step <= officer.last_totp_step):
        raise WrongCode
    officer.last_totp_step = step


def set_secret(officer: Officer, secret: str, code: str, now: datetime) -> None:
    """Turn the second factor on, once its digits prove that the app has the secret.

    Raises: WrongCode.
    """
    step = matching_step(secret, code, now)
    if step is None:
        raise WrongCode
    officer.totp_secret = secret
    officer.last_totp_step = step


def clear_secret(officer: Officer) -> None:
    """Turn the second factor off."""
    officer.totp_secret = None
    officer.last_totp_step = None


def ask_token(officer: Officer, now: datetime) -> str:
    """Proof that the password was right, to come with the digits. Void once password or secret change."""
    until = int((now + ASKED_FOR).timestamp())
    return f"{officer.id}.{until}.{_seal(officer, until)}"


def check_ask_token(officer: Officer, token: str, now: datetime) -> bool:
    """Whether the token is this officer's and still good."""
    _, _, rest = token.partition(".")
    until, _, seal = rest.partition(".")
    if not (until.isascii() and until.isdigit() and len(until) < 13) or int(until) < now.timestamp():
        return False
    return same_token(seal, _seal(officer, int(until)))


def _seal(officer: Officer, until: int) -> str:
    key = f"{officer.password_hash}{officer.totp_secret}".encode()
    return hmac.new(key, f"{officer.id}.{until}".encode(), hashlib.sha256).hexdigest()
