"""Keys with which other systems file tickets: made, listed and revoked by an operator, each with a quota."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.deadlines import SHANGHAI
from tickets.errors import ApiKeyUnknown, QuotaExhausted
from tickets.outward_models import ApiFiling, ApiKey
from tickets.tokens import hash_token

DEFAULT_QUOTA = 200
# So that a key that leaked into a log or a repository can be found by its look.
_PREFIX = "wk_"
_MAX_KEY_LENGTH = 100


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is shown once."""

    id: int
    key: str = field(repr=False)


async def create_key(session: AsyncSession, holder: str, daily_quota: int, now: datetime) -> NewKey:
    """Make a key for a system; `holder` says whose it is."""
    key = _PREFIX + secrets.token_urlsafe(24)
    row = ApiKey(
        key_hash=hash_token(key), holder=storable(holder)[:80], daily_quota=daily_quota, created_at=now
    )
    session.add(row)
    await session.flush()
    return NewKey(row.id, key)


async def list_keys(session: AsyncSession) -> Sequence[ApiKey]:
    """All keys, revoked ones too, oldest first."""
    return (await session.scalars(select(ApiKey).order_by(ApiKey.id))).all()


async def revoke_key(session: AsyncSession, key_id: int, now: datetime) -> ApiKey:
    """Make a key useless for good; doing it twice changes nothing.

    Raises: ApiKeyUnknown.
    """
    row = await session.get(ApiKey, key_id, with_for_update=True)
    if row is None:
        raise ApiKeyUnknown(str(key_id))
    row.revoked_at = row.revoked_at or now
    return row


async def find_key(session: AsyncSession, key: str) -> ApiKey:
    """The key that somebody came with.

    Raises: ApiKeyUnknown, for one that never was and for one that is revoked.
    """
    row = None
    if 0 < len(key) <= _MAX_KEY_LENGTH:
        row = await session.scalar(select(ApiKey).where(ApiKey.key_hash == hash_token(storable(key))))
    if row is None or row.revoked_at is not None:
        raise ApiKeyUnknown("api key")
    return row


async def check_quota(session: AsyncSession, key: ApiKey, now: datetime) -> None:
    """See that the key may file one more today. It stays locked until the transaction ends, so that two
    requests at once can't both be the last.

    Raises: QuotaExhausted.
    """
    await session.get(ApiKey, key.id, with_for_update=True)
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    used = await filed_since(session, key.id, midnight)
    if used >= key.daily_quota:
        raise QuotaExhausted(midnight + timedelta(days=1))


async def filed_since(session: AsyncSession, key_id: int, since: datetime) -> int:
    """How many tickets came in with a key since then."""
    counted = select(func.count(ApiFiling.id)).where(
        ApiFiling.api_key_id == key_id, ApiFiling.created_at >= since
    )
    return await session.scalar(counted) or 0


def note_filing(session: AsyncSession, key: ApiKey, ticket_id: int, now: datetime) -> None:
    """Remember, in the transaction that files the ticket, which key it came with."""
    session.add(ApiFiling(api_key_id=key.id, ticket_id=ticket_id, created_at=now))
