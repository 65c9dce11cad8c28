"""Conversations and their messages. A message is stored before anything else is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import Base, storable
from tickets.errors import ConversationNotFound
from tickets.message_words import index_message
from tickets.models import Conversation, Message, Mode, OutboxItem, Sender
from tickets.outbox import WAITS_FOR_CITIZEN


def insert_for(session: AsyncSession, table: type[Base]) -> Any:
    """An INSERT that knows ON CONFLICT, for the database that the session is on."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


async def open_conversation(session: AsyncSession, channel: str, address: str, now: datetime) -> Conversation:
    """The conversation at that address, made if there is none, locked until the transaction ends.

    The lock lets one turn of a conversation run at a time, whatever process it runs in.
    """
    wanted = (
        select(Conversation)
        .where(Conversation.channel == channel, Conversation.address == address)
        .with_for_update(key_share=True)
    )
    found = await session.scalar(wanted)
    if found is None:
        await session.execute(
            insert_for(session, Conversation)
            .values(
                channel=channel,
                address=address,
                state={},
                mode=Mode.ASSISTANT,
                created_at=now,
                updated_at=now,
            )
            .on_conflict_do_nothing(index_elements=["channel", "address"])
        )
        found = (await session.scalars(wanted)).one()
    return found


async def receive(
    session: AsyncSession, conversation: Conversation, update_id: str, content: dict[str, Any], now: datetime
) -> Message | None:
    """Store what a citizen sent; None if this update was stored before."""
    message_id = await session.scalar(
        insert_for(session, Message)
        .values(
            conversation_id=conversation.id,
            sender=Sender.CITIZEN,
            update_id=storable(update_id),
            content=storable(content),
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["conversation_id", "update_id"])
        .returning(Message.id)
    )
    if message_id is None:
        return None
    await index_message(session, message_id, content)
    conversation.updated_at = now
    # Whoever writes is there again, and hears what waited for that.
    conversation.gone_at = None
    await session.execute(
        update(OutboxItem)
        .where(OutboxItem.conversation_id == conversation.id, OutboxItem.error == WAITS_FOR_CITIZEN)
        .where(OutboxItem.delivered_at.is_(None), OutboxItem.failed_at.is_(None))
        .values(available_at=now, error="", attempts=0)
    )
    return await session.get_one(Message, message_id)


async def lock(session: AsyncSession, conversation_id: int) -> Conversation:
    """The conversation, locked until the transaction ends.

    Raises: ConversationNotFound.
    """
    # Messages may be posted meanwhile, which need the conversation's key only: the desk locks a ticket and
    # then posts, a turn locks the conversation and then a ticket.
    found = await session.get(
        Conversation, conversation_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if found is None:
        raise ConversationNotFound(str(conversation_id))
    return found


async def state_of(session: AsyncSession, conversation_id: int) -> dict[str, Any]:
    """The flow state as it stands now, for reading; empty if there is no such conversation."""
    state = await session.scalar(select(Conversation.state).where(Conversation.id == conversation_id))
    return dict(state or {})


async def unhandled(
    session: AsyncSession,
    conversation_id: int | None = None,
    *,
    channels: Sequence[str] | None = None,
    limit: int = 100,
) -> Sequence[Message]:
    """Citizens' messages that no turn has finished yet, oldest first: of one conversation, or of all, as
    a crash left them.

    Args:
        channels: only conversations on these.
    """
    wanted = select(Message).where(Message.handled_at.is_(None), Message.sender == Sender.CITIZEN)
    if conversation_id is not None:
        wanted = wanted.where(Message.conversation_id == conversation_id)
    if channels is not None:
        wanted = wanted.join(Conversation).where(Conversation.channel.in_(channels))
    return (await session.scalars(wanted.order_by(Message.id).limit(limit))).all()


async def begin_turn(session: AsyncSession, message_ids: Sequence[int]) -> bool:
    """Whether no turn has finished any of these messages yet; call with their conversation locked."""
    open_ones = select(func.count()).where(Message.id.in_(message_ids), Message.handled_at.is_(None))
    return await session.scalar(open_ones) == len(message_ids)


async def mark_handled(session: AsyncSession, message_ids: Sequence[int], now: datetime) -> None:
    """The turn of these messages is done, in the transaction that holds its replies."""
    await session.execute(update(Message).where(Message.id.in_(message_ids)).values(handled_at=now))


async def settle_media(session: AsyncSession, message_id: int, found: dict[str, Any]) -> None:
    """What came of fetching a message's photo or recording takes the place of the reference to it."""
    message = await session.get(Message, message_id, populate_existing=True, with_for_update=True)
    if message is not None:
        message.content = {name: value for name, value in message.content.items() if name != "media"} | found


async def post(
    session: AsyncSession,
    conversation_id: int,
    content: dict[str, Any],
    *,
    sender: Sender | str,
    now: datetime,
    ticket_id: int | None = None,
) -> Message:
    """Store a message to the citizen and put it into the outbox, in the caller's transaction.

    Raises: ConversationNotFound.
    """
    if await session.get(Conversation, conversation_id) is None:
        raise ConversationNotFound(str(conversation_id))
    (message,) = await post_to_each(
        session, [conversation_id], content, sender=sender, now=now, ticket_id=ticket_id
    )
    return message


async def post_to_each(
    session: AsyncSession,
    conversation_ids: Sequence[int],
    content: dict[str, Any],
    *,
    sender: Sender | str,
    now: datetime,
    ticket_id: int | None = None,
) -> list[Message]:
    """Store the same message for several citizens, in as few statements as for one; in the caller's
    transaction, which knows that the conversations are there.
    """
    stored = storable(content)
    messages = [
        Message(
            conversation_id=conversation_id,
            sender=Sender(sender),
            content=stored,
            ticket_id=ticket_id,
            created_at=now,
        )
        for conversation_id in conversation_ids
    ]
    session.add_all(messages)
    await session.flush()
    for message in messages:
        if message.sender is Sender.OFFICER:
            await index_message(session, message.id, message.content)
    session.add_all(
        OutboxItem(
            message_id=message.id, conversation_id=message.conversation_id, created_at=now, available_at=now
        )
        for message in messages
    )
    await session.flush()
    return messages


async def recent(
    session: AsyncSession, conversation_id: int, *, after_id: int = 0, limit: int = 50
) -> Sequence[Message]:
    """The newest `limit` messages with an id above `after_id`, oldest first. Bounded, however long the
    thread is.
    """
    rows = await session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.id > after_id)
        .order_by(Message.id.desc())
        .limit(limit)
    )
    return rows.all()[::-1]
