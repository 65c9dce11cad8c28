"""Citizens who wait for a person, seen from the tickets: who was answered in another way waits no more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.live_models import LiveTalk


async def answered(session: AsyncSession, conversation_id: int, now: datetime) -> None:
    """An officer replied to a ticket of the conversation."""
    here = LiveTalk.conversation_id == conversation_id
    await session.execute(delete(LiveTalk).where(here, LiveTalk.officer_id.is_(None)))
    await session.execute(update(LiveTalk).where(here).values(waiting_since=None, told_at=None, last_at=now))


async def no_longer_asked(session: AsyncSession, ticket_id: int) -> None:
    """The ticket is closed: nobody waits for a person because of it any more."""
    await session.execute(
        delete(LiveTalk).where(LiveTalk.ticket_id == ticket_id, LiveTalk.officer_id.is_(None))
    )
