"""What the desk reads of live conversations: who waits, who talks, and what was said. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tickets.categories import ABOUT_OFFICERS
from tickets.desk_queries import BEFORE_FILING, Reach, Said, walled_since
from tickets.errors import ConversationNotFound
from tickets.live import RELIEVED_AFTER
from tickets.live_models import LiveTalk
from tickets.models import Conversation, Message, Mode, Officer, OutboxItem, ReporterMode, Sender, Ticket

MAX_LISTED = 100
MAX_MESSAGES = 100
# What counts as going on now.
RECENT = timedelta(minutes=30)
# Of what officers say and send in a talk.
SAID_KEYS = ("live_said", "live_photo", "live_file")


@dataclass(frozen=True, slots=True)
class TalkRow:
    """One line of the list.

    Attributes:
        waiting_since: None while the citizen needn't wait.
        officer_name: None while nobody has taken it.
    """

    conversation_id: int
    channel: str
    waiting_since: datetime | None
    last_at: datetime
    officer_id: int | None
    officer_name: str | None
    ticket_no: str | None
    summary: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many citizens wait for this officer or for anybody, and since when the first of them does."""

    count: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class TalkFile:
    """One conversation, as far as an officer may see it.

    Attributes:
        talk: None while the assistant answers and nobody waits.
        tickets: those of the conversation within the officer's reach, newest first.
    """

    conversation: Conversation
    talk: LiveTalk | None
    officer_name: str | None
    tickets: Sequence[Ticket]
    said: Sequence[Said]


def seen_tickets(reach: Reach) -> ColumnElement[bool]:
    """The tickets that open a conversation to an officer. A confidential reporter's doesn't, for a unit."""
    if reach.everything:
        return true()
    return and_(reach.condition(), Ticket.reporter_mode != ReporterMode.CONFIDENTIAL)


def _within(reach: Reach) -> ColumnElement[bool]:
    if reach.everything:
        return true()
    seen = select(Ticket.id).where(Ticket.conversation_id == LiveTalk.conversation_id, seen_tickets(reach))
    about = aliased(Ticket)
    walled = select(about.id).where(about.id == LiveTalk.ticket_id, about.category.in_(ABOUT_OFFICERS))
    theirs = and_(seen.correlate(LiveTalk).exists(), ~walled.correlate(LiveTalk).exists())
    return or_(LiveTalk.officer_id == reach.officer_id, theirs, _leads_there(reach))


def _leads_there(reach: Reach) -> ColumnElement[bool]:
    """The talk is about a ticket within the reach."""
    about = select(Ticket.id).where(Ticket.id == LiveTalk.ticket_id, seen_tickets(reach))
    return about.correlate(LiveTalk).exists()


async def talks(session: AsyncSession, reach: Reach) -> list[TalkRow]:
    """Who waits, the longest first; then the talks in which the officer spoke last."""
    rows = await session.execute(
        select(LiveTalk, Conversation.channel, Officer.display_name, Ticket.ticket_no, Ticket.summary)
        .join(Conversation, Conversation.id == LiveTalk.conversation_id)
        .outerjoin(Officer, Officer.id == LiveTalk.officer_id)
        .outerjoin(Ticket, Ticket.id == LiveTalk.ticket_id)
        .where(_within(reach))
        .order_by(LiveTalk.waiting_since.asc().nulls_last(), LiveTalk.last_at)
        .limit(MAX_LISTED)
    )
    return [
        TalkRow(
            talk.conversation_id,
            channel,
            talk.waiting_since,
            talk.last_at,
            talk.officer_id,
            name,
            ticket_no,
            summary or "",
        )
        for talk, channel, name, ticket_no, summary in rows
    ]


async def waiting(session: AsyncSession, reach: Reach, now: datetime) -> Waiting:
    """Citizens whom nobody has taken, who wait for this officer, or whom a colleague left alone."""
    condition = or_(
        LiveTalk.officer_id.is_(None),
        LiveTalk.officer_id == reach.officer_id,
        LiveTalk.waiting_since < now - RELIEVED_AFTER,
    )
    found = (
        await session.execute(
            select(func.count(), func.min(LiveTalk.waiting_since)).where(
                LiveTalk.waiting_since.is_not(None), condition, _within(reach)
            )
        )
    ).one()
    return Waiting(found[0], found[1])


async def going_on(session: AsyncSession, now: datetime, limit: int = 30) -> Sequence[Conversation]:
    """Conversations with the assistant in the last half hour, the newest first; for those who see all."""
    found = await session.scalars(
        select(Conversation)
        .where(Conversation.updated_at >= now - RECENT, Conversation.mode == Mode.ASSISTANT)
        .order_by(Conversation.updated_at.desc())
        .limit(limit)
    )
    return found.all()


async def talk_file(session: AsyncSession, conversation_id: int, reach: Reach) -> TalkFile:
    """A conversation with what an officer may see of it: a unit sees what was said since shortly before its
    first ticket and names no other unit's.

    Raises: ConversationNotFound, also if it lies outside the reach.
    """
    conversation = await session.get(Conversation, conversation_id)
    if conversation is None:
        raise ConversationNotFound(str(conversation_id))
    here = LiveTalk.conversation_id == conversation_id
    talk = await session.scalar(select(LiveTalk).where(here))
    tickets = (
        await session.scalars(
            select(Ticket)
            .where(Ticket.conversation_id == conversation_id, seen_tickets(reach))
            .order_by(Ticket.id.desc())
            .limit(20)
        )
    ).all()
    is_theirs = talk is not None and talk.officer_id == reach.officer_id
    if not (reach.everything or tickets or is_theirs):
        raise ConversationNotFound(str(conversation_id))
    officer = await session.get(Officer, talk.officer_id) if talk and talk.officer_id else None
    since = [ticket.created_at for ticket in tickets] + ([talk.since] if talk and is_theirs else [])
    walled = None
    if not reach.everything:
        walled = await walled_since(session, conversation_id, lambda one: not reach.covers(one))
    began = talk.since if talk and is_theirs else None
    visible = _visible(reach, tickets, min(since, default=None), walled, began)
    said = await _said(session, conversation_id, visible)
    return TalkFile(conversation, talk, officer.display_name if officer else None, tickets, said)


def _visible(
    reach: Reach,
    tickets: Sequence[Ticket],
    since: datetime | None,
    walled: datetime | None,
    began: datetime | None,
) -> ColumnElement[bool]:
    """What a unit may read.

    Args:
        since: when the first of its tickets was filed, or its talk began.
        walled: from when on the conversation may be about a complaint about officers.
        began: when the officer's own talk began: what is said there is said to them.
    """
    if reach.everything:
        return true()
    if since is None:
        return false()
    # What was said in a talk names the ticket that it is about, wherever that is now.
    own = Message.ticket_id.in_([ticket.id for ticket in tickets])
    talked = Message.content["key"].as_string().in_(SAID_KEYS)
    free = or_(Message.ticket_id.is_(None), talked)
    if walled is not None:
        in_own_talk = Message.created_at >= began if began is not None else false()
        free = and_(free, or_(Message.created_at < walled, in_own_talk))
    return and_(Message.created_at >= since - BEFORE_FILING, or_(own, free))


async def _said(session: AsyncSession, conversation_id: int, visible: ColumnElement[bool]) -> list[Said]:
    rows = await session.execute(
        select(Message, OutboxItem)
        .outerjoin(OutboxItem, OutboxItem.message_id == Message.id)
        .where(Message.conversation_id == conversation_id, visible)
        .order_by(Message.id.desc())
        .limit(MAX_MESSAGES)
    )
    return [Said(message, item) for message, item in rows][::-1]


@dataclass(frozen=True, slots=True)
class Pulse:
    """Changes with anything that an open page of the conversation shows."""

    newest_id: int
    undelivered: int
    seen_id: int
    mode: Mode
    officer_id: int | None


async def pulses(session: AsyncSession, conversation_ids: Sequence[int]) -> dict[int, Pulse]:
    """The state of some conversations in one query."""
    newest = (
        select(func.max(Message.id)).where(Message.conversation_id == Conversation.id).correlate(Conversation)
    )
    undelivered = (
        select(func.count())
        .select_from(OutboxItem)
        .where(
            OutboxItem.conversation_id == Conversation.id,
            OutboxItem.delivered_at.is_(None),
            OutboxItem.failed_at.is_(None),
        )
        .correlate(Conversation)
    )
    rows = await session.execute(
        select(
            Conversation.id,
            newest.scalar_subquery(),
            undelivered.scalar_subquery(),
            Conversation.seen_message_id,
            Conversation.mode,
            Conversation.officer_id,
        ).where(Conversation.id.in_(conversation_ids))
    )
    return {row[0]: Pulse(row[1] or 0, row[2], row[3] or 0, row[4], row[5]) for row in rows}


async def last_citizen_words(session: AsyncSession, conversation_ids: Sequence[int]) -> dict[int, Message]:
    """What each citizen said last."""
    last = (
        select(func.max(Message.id))
        .where(Message.conversation_id.in_(conversation_ids), Message.sender == Sender.CITIZEN)
        .group_by(Message.conversation_id)
    )
    rows = await session.scalars(select(Message).where(Message.id.in_(last)))
    return {message.conversation_id: message for message in rows}
