"""Reading a conversation back, in pieces of bounded size: the same cost on the first and on the
ten-thousandth message.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.models import Conversation, Message

MAX_PAGE = 200


async def conversation_id_at(session: AsyncSession, channel: str, address: str) -> int | None:
    """The conversation at an address, or None: looking opens none."""
    query = select(Conversation.id).where(Conversation.channel == channel, Conversation.address == address)
    return await session.scalar(query)


async def history(
    session: AsyncSession, conversation_id: int, after: int = 0, before: int | None = None, limit: int = 50
) -> Sequence[Message]:
    """Messages in the order they were written.

    Args:
        after: only those with a greater id. With it, the oldest `limit` of them; without, the newest `limit`.
        before: only those with a smaller id.
        limit: at most `MAX_PAGE`.
    """
    query = select(Message).where(Message.conversation_id == conversation_id).limit(min(limit, MAX_PAGE))
    if before is not None:
        query = query.where(Message.id < before)
    if after:
        return (await session.scalars(query.where(Message.id > after).order_by(Message.id))).all()
    return (await session.scalars(query.order_by(Message.id.desc()))).all()[::-1]


async def message_id_of(session: AsyncSession, conversation_id: int, update_id: str) -> int | None:
    """The message that an update became, or None."""
    query = select(Message.id).where(
        Message.conversation_id == conversation_id, Message.update_id == update_id
    )
    return await session.scalar(query)


async def has_photo(session: AsyncSession, conversation_id: int, sha256: str) -> bool:
    """Whether the photo was sent in this conversation."""
    query = select(Message.id).where(
        Message.conversation_id == conversation_id, Message.content["photo"].as_string() == sha256
    )
    return await session.scalar(query.limit(1)) is not None


async def mark_seen(session: AsyncSession, conversation_id: int, message_id: int) -> None:
    """Remember the newest message that the citizen has had on screen; it never moves back, nor past
    the last one.
    """
    last_id = select(Message.id).where(Message.conversation_id == conversation_id, Message.id <= message_id)
    seen = await session.scalar(last_id.order_by(Message.id.desc()).limit(1))
    if seen is None:
        return
    await session.execute(
        update(Conversation)
        .where(
            Conversation.id == conversation_id,
            (Conversation.seen_message_id.is_(None)) | (Conversation.seen_message_id < seen),
        )
        .values(seen_message_id=seen)
    )
