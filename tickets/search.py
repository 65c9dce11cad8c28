"""Full-text search over tickets: character pairs in the index of the database, in the ticket's transaction.

Chinese has no spaces, and a dictionary cuts the same place name in different ways, depending on what stands
around it. So the index holds pairs of neighbouring characters (and the last character of each run by
itself), which finds whatever is written there; what an officer types is cut into words by jieba, and each
word must be found by all its pairs. PostgreSQL keeps them in a GIN index, SQLite in FTS5.

The newest tickets come first. On PostgreSQL each ticket's words name the lot of 10,000 tickets that it
belongs to, so that the newest lots can be looked through first and the search ends as soon as a page is
full: a common word costs the same with a million tickets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    table,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.models import Ticket
from tickets.similarity import runs
from tickets.words import words_of

LOT = 10_000
# How many lots are looked through at once, from the newest on; then everything older.
_STEPS = (2, 8, 30)
_NUMBER = re.compile(r"(?:(?P<day>\d{4}|\d{8})-)?(?P<number>\d{1,6})")

# The migration makes it: a plain table with a `tsvector` on PostgreSQL, a virtual one on SQLite, where the
# ticket's id is the row's.
_WORDS = table("ticket_words", column("ticket_id", Integer), column("words", TSVECTOR))
_FTS = table("ticket_words", column("rowid", Integer), column("words"), column("ticket_words"))


def index_words(ticket_id: int, ticket_no: str, *texts: str) -> list[str]:
    """What a ticket is found by, each once and in order."""
    found: dict[str, None] = {}
    for run in runs("。".join(texts)):
        found.update(dict.fromkeys(run[start : start + 2] for start in range(len(run))))
    day, _, number = ticket_no[-13:].rpartition("-") if "-" in ticket_no else ("", "", "")
    found[f"lot{ticket_id // LOT}"] = None
    found[f"no{number}"] = None
    found[f"no{day[-4:]}{number}"] = None
    return sorted(found)


async def index_ticket(session: AsyncSession, ticket: Ticket) -> None:
    """Put a ticket's present words into the index, in place of those that it had."""
    place = str((ticket.place or {}).get("text", ""))
    words = index_words(ticket.id, ticket.ticket_no, ticket.summary, place)
    if is_postgresql(session):
        await session.execute(delete(_WORDS).where(_WORDS.c.ticket_id == ticket.id))
        vector = func.array_to_tsvector(words)
        await session.execute(insert(_WORDS).values(ticket_id=ticket.id, words=vector))
    else:
        await session.execute(delete(_FTS).where(_FTS.c.rowid == ticket.id))
        await session.execute(insert(_FTS).values(rowid=ticket.id, words=" ".join(words)))


def is_postgresql(session: AsyncSession) -> bool:
    """Whether the session is on PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


async def find_ids(
    session: AsyncSession, text: str, conditions: Sequence[ColumnElement[bool]], limit: int, offset: int = 0
) -> list[int]:
    """Ids of the tickets that have all words of a text, or a number that it gives; the newest first.

    Args:
        conditions: further ones on `Ticket`.
    """
    wanted = _alternatives(text)
    if not wanted:
        return []
    if is_postgresql(session):
        newest = await session.scalar(select(func.max(Ticket.id))) or 0
        query = _on_postgresql(wanted, conditions, limit + offset, newest // LOT)
    else:
        query = _on_sqlite(wanted, conditions, limit + offset)
    return list((await session.scalars(query)).all())[offset:]


def _alternatives(text: str) -> list[list[str]]:
    """Lists of words of the index: every word of at least one list must be there. `x*` is a beginning."""
    words: dict[str, None] = {}
    for word in words_of(text):
        for run in runs(word):
            pairs = [run[start : start + 2] for start in range(len(run) - 1)]
            words.update(dict.fromkeys(pairs or [f"{run}*"]))
    found = [list(words)] if words else []
    if number := _NUMBER.fullmatch(text.strip()):
        day = (number["day"] or "")[-4:]
        found.append([f"no{day}{number['number'].zfill(4)}"])
    return found


def _on_postgresql(
    wanted: list[list[str]], conditions: Sequence[ColumnElement[bool]], limit: int, newest_lot: int
) -> Select[int]:
    """One query that looks through the newest lots, then older ones; it stops when it has enough."""
    words = " | ".join(f"({' & '.join(_lexeme(word) for word in one)})" for one in wanted)
    parts: list[Select[int]] = []
    until = newest_lot + 1
    for step in _STEPS:
        since = max(until - step, 0)
        lots = " | ".join(f"'lot{lot}'" for lot in range(since, until))
        if lots:
            parts.append(_part(f"({words}) & ({lots})", (), conditions, limit))
        until = since
    if until > 0:
        parts.append(_part(words, (_WORDS.c.ticket_id < until * LOT,), conditions, limit))
    everything = union_all(*(select(part.subquery().c.id) for part in parts)).subquery()
    return select(everything.c.id).limit(limit)


def _part(
    words: str, within: Sequence[ColumnElement[bool]], conditions: Sequence[ColumnElement[bool]], limit: int
) -> Select[int]:
    matches = _WORDS.c.words.op("@@")(cast(literal(words), TSQUERY))
    # The index first: for the sake of the order the planner would rather read all tickets from the newest on.
    hits = select(_WORDS.c.ticket_id).where(matches, *within).cte().prefix_with("MATERIALIZED")
    return (
        select(Ticket.id)
        .join(hits, hits.c.ticket_id == Ticket.id)
        .where(*conditions)
        .order_by(hits.c.ticket_id.desc())
        .limit(limit)
    )


def _on_sqlite(wanted: list[list[str]], conditions: Sequence[ColumnElement[bool]], limit: int) -> Select[int]:
    words = " OR ".join(f"({' AND '.join(_fts_word(word) for word in one)})" for one in wanted)
    return (
        select(Ticket.id)
        .join(_FTS, _FTS.c.rowid == Ticket.id)
        .where(_FTS.c.ticket_words.op("MATCH")(words), *conditions)
        .order_by(_FTS.c.rowid.desc())
        .limit(limit)
    )


# Words hold letters, digits and Chinese characters only (`runs`), so nothing in them needs escaping.
def _lexeme(word: str) -> str:
    return f"'{word[:-1]}':*" if word.endswith("*") else f"'{word}'"


def _fts_word(word: str) -> str:
    return f'"{word[:-1]}"*' if word.endswith("*") else f'"{word}"'
