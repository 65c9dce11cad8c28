"""Ticket numbers and receipt codes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tickets.conversations import insert_for
from tickets.deadlines import SHANGHAI
from tickets.models import TicketCounter

# No 0 O 1 I L: people copy codes by hand and read them out on the telephone.
RECEIPT_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
RECEIPT_LENGTH = 8


async def next_ticket_no(session: AsyncSession, prefix: str, now: datetime) -> str:
    """The next number of the day in Shanghai, for instance FQ20261123-0007.

    The counter's row stays locked until the transaction ends: two tickets can't get one number, and a
    transaction that fails gives its number back, so that numbers have no gaps.
    """
    day = now.astimezone(SHANGHAI).strftime("%Y%m%d")
    counted = (
        insert_for(session, TicketCounter)
        .values(day=day, last_number=1)
        .on_conflict_do_update(index_elements=["day"], set_={"last_number": TicketCounter.last_number + 1})
        .returning(TicketCounter.last_number)
    )
    number = await session.scalar(counted)
    return f"{prefix}{day}-{number:04d}"


def clean_ticket_no(said: str) -> str:
    """A ticket number as stored, from what somebody typed (full-width letters, small letters, spaces)."""
    text = unicodedata.normalize("NFKC", said).upper()
    return re.sub(r"\s+", "", text).replace("—", "-").replace("–", "-")[:24]


def new_receipt_code() -> str:
    """Eight characters, some 39 bits: enough against guessing at the pace that the edges allow."""
    return "".join(secrets.choice(RECEIPT_ALPHABET) for _ in range(RECEIPT_LENGTH))


def receipt_code_hash(ticket_no: str, code: str) -> str:
    """What is stored of a code.

    One SHA-256 and no slow hash: whoever can read the hashes can read the tickets, too, which is all that
    a code opens; and a slow hash on a public page would let strangers keep the server busy.
    """
    cleaned = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", code)).upper()
    return hashlib.sha256(f"{ticket_no}:{cleaned}".encode()).hexdigest()


def is_receipt_code(ticket_no: str, code: str, stored_hash: str) -> bool:
    """Whether the code is the ticket's, compared in constant time."""
    return hmac.compare_digest(receipt_code_hash(ticket_no, code), stored_hash)
