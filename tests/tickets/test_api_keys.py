from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from tests.factories import NOW, make_ticket
from tickets.api_keys import check_quota, create_key, find_key, list_keys, note_filing, revoke_key
from tickets.database import Database
from tickets.errors import ApiKeyUnknown, QuotaExhausted
from tickets.models import Ticket


async def _file(database: Database, key: str) -> None:
    async with database.transaction() as session:
        found = await find_key(session, key)
        await check_quota(session, found, NOW)
        filed = await make_ticket(session)
        ticket = await session.scalar(select(Ticket).where(Ticket.ticket_no == filed.ticket_no))
        assert ticket is not None
        note_filing(session, found, ticket.id, NOW)


async def test_only_the_hash_of_a_key_is_kept(database: Database) -> None:
    async with database.transaction() as session:
        made = await create_key(session, "大学", 5, NOW)

    async with database.reading() as session:
        row = (await session.execute(text("SELECT * FROM api_keys"))).one()
        assert made.key not in str(row)
        assert made.key not in repr(made)
        assert (await find_key(session, made.key)).id == made.id


@pytest.mark.parametrize("key", ["", "wk_guess", "x" * 5000, "\x00", "密钥"])
async def test_what_is_no_key_is_refused(database: Database, key: str) -> None:
    async with database.reading() as session:
        with pytest.raises(ApiKeyUnknown):
            await find_key(session, key)


async def test_a_revoked_key_is_dead_and_stays_listed(database: Database) -> None:
    async with database.transaction() as session:
        made = await create_key(session, "大学", 5, NOW)
        await revoke_key(session, made.id, NOW)
        await revoke_key(session, made.id, NOW + timedelta(days=1))

    async with database.reading() as session:
        with pytest.raises(ApiKeyUnknown):
            await find_key(session, made.key)
        assert [key.revoked_at for key in await list_keys(session)] == [NOW]


async def test_an_unknown_key_can_not_be_revoked(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(ApiKeyUnknown):
            await revoke_key(session, 9, NOW)


async def test_the_quota_holds_when_requests_come_at_once(
    database: Database, other_process: Database
) -> None:
    async with database.transaction() as session:
        key = (await create_key(session, "大学", 3, NOW)).key

    results = await asyncio.gather(
        *(_file(each, key) for each in (database, other_process) * 3), return_exceptions=True
    )

    refused = [result for result in results if isinstance(result, QuotaExhausted)]
    assert [result for result in results if result is not None and result not in refused] == []
    assert len(refused) == 3
    # Midnight in Shanghai after Monday, 23 November.
    assert refused[0].again_at.isoformat() == "2026-11-24T00:00:00+08:00"
