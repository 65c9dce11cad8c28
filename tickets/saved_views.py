"""Views of the queue that an officer has named: their own, a few of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.conversations import insert_for
from tickets.errors import NoteRequired, TooManyViews
from tickets.models import SavedView

MAX_VIEWS = 12
MAX_NAME_LENGTH = 20
MAX_QUERY_LENGTH = 400


async def saved_views(session: AsyncSession, officer_id: int) -> Sequence[SavedView]:
    """An officer's views in the order in which they were made."""
    query = select(SavedView).where(SavedView.officer_id == officer_id).order_by(SavedView.id)
    return (await session.scalars(query)).all()


async def save_view(session: AsyncSession, officer_id: int, name: str, query: str, now: datetime) -> None:
    """Keep a view; the same name again replaces what it stood for.

    Args:
        query: of the queue's address, without the question mark.

    Raises: NoteRequired without a name; TooManyViews.
    """
    name = storable(name).strip()[:MAX_NAME_LENGTH]
    if not name:
        raise NoteRequired("a view needs a name")
    values = {"query": storable(query)[:MAX_QUERY_LENGTH], "created_at": now}
    others = select(func.count()).where(SavedView.officer_id == officer_id, SavedView.name != name)
    if (await session.scalar(others) or 0) >= MAX_VIEWS:
        raise TooManyViews(str(officer_id))
    await session.execute(
        insert_for(session, SavedView)
        .values(officer_id=officer_id, name=name, **values)
        .on_conflict_do_update(index_elements=["officer_id", "name"], set_=values)
    )


async def drop_view(session: AsyncSession, officer_id: int, view_id: int) -> None:
    """Forget a view; nothing happens if it is somebody else's."""
    await session.execute(
        delete(SavedView).where(SavedView.id == view_id, SavedView.officer_id == officer_id)
    )
