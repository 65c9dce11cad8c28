"""Small values that all processes share for some minutes or hours."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.conversations import insert_for
from tickets.models import SharedValue


async def get_value(session: AsyncSession, name: str, now: datetime) -> str | None:
    """The value, or None if there is none or it has ended."""
    query = select(SharedValue.value).where(SharedValue.name == name, SharedValue.expires_at > now)
    return await session.scalar(query)


async def set_value(session: AsyncSession, name: str, value: str, expires_at: datetime) -> None:
    """Keep a value in place of what was there."""
    insert = insert_for(session, SharedValue).values(name=name, value=value, expires_at=expires_at)
    await session.execute(
        insert.on_conflict_do_update(index_elements=["name"], set_={"value": value, "expires_at": expires_at})
    )


async def add_value(
    session: AsyncSession, name: str, value: str, expires_at: datetime, now: datetime
) -> str | None:
    """Keep a value unless there is one. Returns the one that is there already, else None."""
    await session.execute(delete(SharedValue).where(SharedValue.name == name, SharedValue.expires_at <= now))
    insert = insert_for(session, SharedValue).values(name=name, value=value, expires_at=expires_at)
    added = await session.scalar(
        insert.on_conflict_do_nothing(index_elements=["name"]).returning(SharedValue.id)
    )
    return None if added is not None else await get_value(session, name, now)


async def delete_value(session: AsyncSession, name: str, value: str) -> None:
    """Drop a value if it is still this one."""
    await session.execute(delete(SharedValue).where(SharedValue.name == name, SharedValue.value == value))


async def expire_values(session: AsyncSession, now: datetime) -> None:
    """Drop what has ended."""
    await session.execute(delete(SharedValue).where(SharedValue.expires_at <= now))
