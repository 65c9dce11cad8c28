"""The officers' group on Telegram, as far as the database knows it: linked accounts and tickets' topics."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.categories import ABOUT_OFFICERS
from tickets.models import Entry, Officer, Priority, Ticket
from tickets.staff_chat_models import StaffLink, StaffTopic
from tickets.tokens import hash_token

CODE_MINUTES = 10
# Whoever claimed a ticket and opened no topic for it has died, or Telegram refused.
CLAIM_MINUTES = 2
# Without letters and digits that look alike; read from one screen and typed into another.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_LENGTH = 8


async def new_link_code(session: AsyncSession, officer_id: int, now: datetime) -> str:
    """A code with which the officer's Telegram account shows whose it is; an earlier code is void."""
    link = await link_of(session, officer_id)
    if link is None:
        link = StaffLink(officer_id=officer_id)
        session.add(link)
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    link.code_hash, link.code_expires_at = hash_token(code), now + timedelta(minutes=CODE_MINUTES)
    return code


async def link_of(session: AsyncSession, officer_id: int) -> StaffLink | None:
    """What is known of an officer's account."""
    return await session.scalar(select(StaffLink).where(StaffLink.officer_id == officer_id))


async def use_link_code(
    session: AsyncSession, code: str, telegram_user_id: int, now: datetime
) -> Officer | None:
    """Link the account that sent a code. Returns the officer, or None if the code is wrong or too old."""
    wanted = select(StaffLink).where(
        StaffLink.code_hash == hash_token(code.strip().upper()), StaffLink.code_expires_at > now
    )
    link = await session.scalar(wanted.with_for_update())
    officer = await session.get(Officer, link.officer_id) if link else None
    if link is None or officer is None or not officer.is_active:
        return None
    before = await session.scalar(
        select(StaffLink).where(StaffLink.telegram_user_id == telegram_user_id, StaffLink.id != link.id)
    )
    if before is not None:
        before.telegram_user_id = before.linked_at = None
        await session.flush()
    link.telegram_user_id, link.linked_at = telegram_user_id, now
    link.code_hash = link.code_expires_at = None
    return officer


async def unlink(session: AsyncSession, officer_id: int) -> None:
    """Forget an officer's account."""
    if link := await link_of(session, officer_id):
        await session.delete(link)


async def officer_of(session: AsyncSession, telegram_user_id: int) -> Officer | None:
    """The active officer whose account this is."""
    wanted = (
        select(Officer)
        .join(StaffLink, StaffLink.officer_id == Officer.id)
        .where(StaffLink.telegram_user_id == telegram_user_id, Officer.is_active)
    )
    return await session.scalar(wanted)


async def claim_ticket(session: AsyncSession, chat_id: int, now: datetime) -> Ticket | None:
    """An open ticket that needs eyes (escalated, under supervision, or urgent) and has no topic; None if all
    have one. It is the caller's for `CLAIM_MINUTES`, to open the topic outside any transaction.
    """
    stale = select(StaffTopic).where(
        StaffTopic.topic_id.is_(None), StaffTopic.created_at < now - timedelta(minutes=CLAIM_MINUTES)
    )
    claimed = await session.scalar(stale.limit(1).with_for_update(skip_locked=True))
    if claimed is not None:
        claimed.created_at = now
        return await session.get(Ticket, claimed.ticket_id)
    wanted = (
        select(Ticket)
        .where(
            Ticket.closed_at.is_(None),
            Ticket.merged_into_id.is_(None),
            # In the group sit those whom it may be about.
            Ticket.category.not_in(ABOUT_OFFICERS),
            or_(
                Ticket.escalation_level > 0,
                Ticket.supervised_at.is_not(None),
                Ticket.priority == Priority.URGENT,
            ),
            ~select(StaffTopic.id).where(StaffTopic.ticket_id == Ticket.id).exists(),
        )
        .order_by(Ticket.id)
        .limit(1)
        .with_for_update(of=Ticket, skip_locked=True)
    )
    ticket = await session.scalar(wanted)
    if ticket is not None:
        session.add(StaffTopic(ticket_id=ticket.id, chat_id=chat_id, created_at=now))
        await session.flush()
    return ticket


async def topic_opened(session: AsyncSession, ticket_id: int, topic_id: int, told_entry: int) -> None:
    """Remember the topic of a claimed ticket; what happened up to `told_entry` is in its first message."""
    await session.execute(
        update(StaffTopic)
        .where(StaffTopic.ticket_id == ticket_id)
        .values(topic_id=topic_id, told_entry=told_entry)
    )


async def topic_at(session: AsyncSession, chat_id: int, topic_id: int) -> tuple[StaffTopic, Ticket] | None:
    """The topic and its ticket, locked."""
    wanted = (
        select(StaffTopic, Ticket)
        .join(Ticket, Ticket.id == StaffTopic.ticket_id)
        .where(StaffTopic.chat_id == chat_id, StaffTopic.topic_id == topic_id)
        .with_for_update(of=StaffTopic)
    )
    found = (await session.execute(wanted)).first()
    return (found[0], found[1]) if found else None


async def topics_with_news(session: AsyncSession, limit: int = 20) -> Sequence[tuple[StaffTopic, Ticket]]:
    """Topics whose ticket has entries that were not told there."""
    wanted = (
        select(StaffTopic, Ticket)
        .join(Ticket, Ticket.id == StaffTopic.ticket_id)
        .where(
            StaffTopic.topic_id.is_not(None),
            Ticket.entry_count > StaffTopic.told_entry,
            Ticket.category.not_in(ABOUT_OFFICERS),
        )
        .order_by(StaffTopic.id)
        .limit(limit)
        .with_for_update(of=StaffTopic, skip_locked=True)
    )
    return [(topic, ticket) for topic, ticket in (await session.execute(wanted)).all()]


async def entries_after(session: AsyncSession, ticket_id: int, number: int) -> Sequence[Entry]:
    """A ticket's entries above that number."""
    wanted = select(Entry).where(Entry.ticket_id == ticket_id, Entry.number > number).order_by(Entry.number)
    return list(await session.scalars(wanted))
