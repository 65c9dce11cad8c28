"""Full-text search over what was said in conversations; an officer finds what they may read, and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Interval,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from tickets.categories import ABOUT_OFFICERS
from tickets.desk_queries import BEFORE_FILING, Reach
from tickets.live_models import LiveTalk
from tickets.live_queries import SAID_KEYS, seen_tickets
from tickets.message_words import FTS, WORDS
from tickets.models import Conversation, Message, Ticket
from tickets.search import LOT, alternatives, fts_query, has_words, in_lots, is_postgresql, ts_query

MAX_HITS = 50
# How many lots are looked through at once, from the newest on; then everything older.
_STEPS = (3, 12, 40)


Before = Callable[[InstrumentedAttribute[datetime]], ColumnElement[datetime]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that has the words.

    Attributes:
        ticket_no: the newest ticket of its conversation that the officer may see, or None.
    """

    message: Message = field(repr=False)
    channel: str
    ticket_no: str | None


async def find_messages(session: AsyncSession, text: str, reach: Reach, limit: int = MAX_HITS) -> list[Hit]:
    """Messages that have all words of a text, the newest first."""
    wanted = alternatives(text)[:1]
    if not wanted:
        return []
    found: list[Hit] = []
    for ids in await _parts(session, wanted):
        found += await _hits(session, ids, reach, limit - len(found))
        if len(found) >= limit:
            break
    return found


async def _parts(session: AsyncSession, wanted: list[list[str]]) -> Sequence[Select[int]]:
    """Selects of ids, each of older messages than the one before."""
    if not is_postgresql(session):
        return [select(FTS.c.rowid.label("id")).where(FTS.c.message_words.op("MATCH")(fts_query(wanted)))]
    newest = await session.scalar(select(func.max(Message.id))) or 0
    words, parts, until = ts_query(wanted), [], newest // LOT + 1
    for step in _STEPS:
        since = max(until - step, 0)
        if since < until:
            parts.append(_matching(in_lots(words, since, until)))
        until = since
    if until > 0:
        parts.append(_matching(words).where(WORDS.c.message_id < until * LOT))
    return parts


def _matching(words: str) -> Select[int]:
    return select(WORDS.c.message_id.label("id")).where(has_words(WORDS.c.words, words))


async def _hits(session: AsyncSession, ids: Select[int], reach: Reach, limit: int) -> list[Hit]:
    hits = ids.cte("hits")
    if is_postgresql(session):
        # The index first: for the sake of the order the planner would rather read all messages.
        hits = hits.prefix_with("MATERIALIZED")
    theirs = (Ticket.conversation_id == Message.conversation_id, seen_tickets(reach))
    ticket_no = select(Ticket.ticket_no).where(*theirs).order_by(Ticket.id.desc()).limit(1).correlate(Message)
    query = (
        select(Message, Conversation.channel, ticket_no.scalar_subquery())
        .join(hits, hits.c.id == Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(_readable(reach, _before_on(session)))
        .order_by(hits.c.id.desc())
        .limit(limit)
    )
    return [Hit(*row) for row in await session.execute(query)]


def _before_on(session: AsyncSession) -> Before:
    """A moment shortly before that in a column, as the database reckons."""
    if is_postgresql(session):
        return lambda moment: moment - literal(BEFORE_FILING, Interval)
    shift = f"-{int(BEFORE_FILING.total_seconds())} seconds"
    return lambda moment: func.strftime("%Y-%m-%d %H:%M:%S.000000", moment, shift)


def _readable(reach: Reach, before: Before) -> ColumnElement[bool]:
    """What `live_queries.talk_file` shows of a conversation."""
    if reach.everything:
        return true()
    is_free = or_(Message.ticket_id.is_(None), Message.content["key"].as_string().in_(SAID_KEYS))
    # What may be about a complaint about officers, which somebody else handles.
    other = aliased(Ticket)
    walled = select(other.id).where(
        other.conversation_id == Message.conversation_id,
        other.category.in_(ABOUT_OFFICERS),
        ~other.officer_id.is_not_distinct_from(reach.officer_id),
        ~other.department.is_not_distinct_from(reach.department),
        Message.created_at >= before(other.created_at),
    )
    by_ticket = select(Ticket.id).where(
        Ticket.conversation_id == Message.conversation_id,
        seen_tickets(reach),
        Message.created_at >= before(Ticket.created_at),
        or_(and_(is_free, ~walled.correlate(Message).exists()), Message.ticket_id == Ticket.id),
    )
    by_talk = select(LiveTalk.id).where(
        LiveTalk.conversation_id == Message.conversation_id,
        LiveTalk.officer_id == reach.officer_id,
        Message.created_at >= before(LiveTalk.since),
        is_free,
    )
    return or_(by_ticket.correlate(Message).exists(), by_talk.correlate(Message).exists())
