"""Full-text search over tickets: character pairs in the index of the database, in the ticket's transaction.

Chinese has no spaces, and a dictionary cuts the same place name in different ways, depending on what stands
around it. So the index holds pairs of neighbouring characters (and the last character of each run by
itself), which finds whatever is written there; what an officer types is cut into words by jieba, and each
word must be found by all its pairs. PostgreSQL keeps them in a GIN index, SQLite in FTS5.

The newest tickets come first. On PostgreSQL each ticket's words name the lot of 10,000 tickets that it
belongs to, so that the newest lots can be looked through first and the search ends as soon as a page is
full: a common word costs the same with a million tickets. Words of open tickets have an index of their own,
too, because among a great many closed ones they are few; a trigger keeps it true.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    Boolean,
    ColumnElement,
    Integer,
    Row,
    Select,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    select,
    table,
    true,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from tickets.models import Ticket
from tickets.similarity import runs
from tickets.words import words_of

LOT = 10_000
# Fewer tickets are looked up at once.
RARE = 2_000
# So many times what a page needs is expected in what is looked through first: the planner guesses, and
# conditions leave some out. Then so many times as many lots, then everything older.
SPARE = 3
NEXT = 4
# Looking through more lots than these takes longer than looking through everything.
MAX_LOTS = 40
# What a page needs is expected in so few of the latest tickets that looking at each of them is quicker.
LATEST = 5_000
_EXPLAIN = sql_text(
    "EXPLAIN (FORMAT JSON) SELECT 1 FROM ticket_words WHERE words @@ CAST(:said AS tsquery)"
    " UNION ALL SELECT 1 FROM ticket_words"
)
_EXPLAIN_OPEN = sql_text(_EXPLAIN.text.replace(" UNION", " AND is_open UNION"))
_NUMBER = re.compile(r"(?:(?P<day>\d{4}|\d{8})-)?(?P<number>\d{1,6})")

# The migration makes it: a plain table with a `tsvector` on PostgreSQL, a virtual one on SQLite, where the
# ticket's id is the row's.
_WORDS = table(
    "ticket_words", column("ticket_id", Integer), column("words", TSVECTOR), column("is_open", Boolean)
)
_FTS = table("ticket_words", column("rowid", Integer), column("words"), column("ticket_words"))


def index_words(ticket_id: int, ticket_no: str, *texts: str) -> list[str]:
    """What a ticket is found by, each once and in order."""
    found = pieces("。".join(texts))
    day, _, number = ticket_no[-13:].rpartition("-") if "-" in ticket_no else ("", "", "")
    return sorted({*found, f"lot{ticket_id // LOT}", f"no{number}", f"no{day[-4:]}{number}"})


def pieces(text: str) -> set[str]:
    """What a text is found by: all pairs of neighbouring characters, and the last character of each run."""
    return {run[start : start + 2] for run in runs(text) for start in range(len(run))}


async def index_ticket(session: AsyncSession, ticket: Ticket) -> None:
    """Put a ticket's present words into the index, in place of those that it had."""
    place = str((ticket.place or {}).get("text", ""))
    words = index_words(ticket.id, ticket.ticket_no, ticket.summary, place)
    if is_postgresql(session):
        await session.execute(delete(_WORDS).where(_WORDS.c.ticket_id == ticket.id))
        is_open = ticket.closed_at is None and ticket.merged_into_id is None
        vector = func.array_to_tsvector(words)
        await session.execute(insert(_WORDS).values(ticket_id=ticket.id, words=vector, is_open=is_open))
    else:
        await session.execute(delete(_FTS).where(_FTS.c.rowid == ticket.id))
        await session.execute(insert(_FTS).values(rowid=ticket.id, words=" ".join(words)))


def is_postgresql(session: AsyncSession) -> bool:
    """Whether the session is on PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


async def find(
    session: AsyncSession,
    rows: Select[Any],
    text: str,
    conditions: Sequence[ColumnElement[bool]],
    limit: int,
    offset: int = 0,
    *,
    is_open: bool = False,
) -> list[Row[Any]]:
    """Rows of the tickets that have all words of a text, or a number that it gives; the newest first.

    Args:
        rows: what to select of `Ticket`.
        conditions: further ones on `Ticket`.
        is_open: only among tickets that are open and not merged, which the conditions say as well.
    """
    wanted = alternatives(text)
    if not wanted:
        return []
    if is_postgresql(session):
        found = await _on_postgresql(session, wanted, rows, conditions, limit + offset, is_open)
    else:
        wanted_rows = _on_sqlite(wanted, rows, conditions, limit + offset)
        found = list(await session.execute(wanted_rows))
    return found[offset:]


def alternatives(text: str) -> list[list[str]]:
    """Lists of words of the index: every word of at least one list must be there. `x*` is a beginning."""
    words: dict[str, None] = {}
    for part in text.split():
        for run in runs("。".join(_together(words_of(part)))):
            pairs = [run[start : start + 2] for start in range(len(run) - 1)]
            words.update(dict.fromkeys(pairs or [f"{run}*"]))
    found = [list(words)] if words else []
    if number := _NUMBER.fullmatch(text.strip()):
        day = (number["day"] or "")[-4:]
        found.append([f"no{day}{number['number'].zfill(4)}"])
    return found


def _together(words: Sequence[str]) -> list[str]:
    """Neighbours of one character each become one word again: that is how a name looks which the dictionary
    doesn't know.
    """
    found: list[str] = []
    for is_single, same in groupby(words, key=lambda word: len(word) == 1):
        neighbours = list(same)
        found += ["".join(neighbours)] if is_single else neighbours
    return found


async def _on_postgresql(
    session: AsyncSession,
    wanted: list[list[str]],
    rows: Select[Any],
    conditions: Sequence[ColumnElement[bool]],
    limit: int,
    is_open: bool,
) -> list[Row[Any]]:
    """All that has rare words at once; for common words the newest lots first, then what is older."""

    async def newest_of(hits: CTE, many: int) -> list[Row[Any]]:
        return list(await session.execute(_newest_of(hits, rows, conditions, many)))

    within = [_WORDS.c.is_open] if is_open else []
    words = ts_query(wanted)
    estimate, all_tickets = await _estimate(session, words, is_open)
    if estimate < RARE:
        return await newest_of(_hits(words, within), limit)
    span = math.ceil(limit * SPARE * all_tickets / estimate)
    if span <= LATEST:
        found = await newest_of(_latest_hits(words, is_open, span), limit)
        if len(found) >= limit:
            return found
    found, until = [], (await session.scalar(select(func.max(Ticket.id))) or 0) // LOT + 1
    # The newest lot is hardly begun at times.
    first = 1 + math.ceil(span / LOT)
    for lots in (first, first * NEXT):
        if lots > MAX_LOTS:
            break
        since = max(until - lots, 0)
        found += await newest_of(_hits(in_lots(words, since, until), within), limit - len(found))
        if len(found) >= limit or since == 0:
            return found
        until = since
    older = _hits(words, [*within, _WORDS.c.ticket_id < until * LOT])
    return found + await newest_of(older, limit - len(found))


async def _estimate(session: AsyncSession, words: str, is_open: bool) -> tuple[int, int]:
    """How many tickets have the words, and how many there are, as far as the planner knows."""
    said: BindParameter[str] = bindparam("said", words, literal_execute=True)
    plan = await session.scalar((_EXPLAIN_OPEN if is_open else _EXPLAIN).bindparams(said))
    having, every = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plans"]
    return int(having["Plan Rows"]), int(every["Plan Rows"])


def _hits(words: str, within: Sequence[ColumnElement[bool]]) -> CTE:
    return _newest_first(_WORDS.c, has_words(_WORDS.c.words, words), *within)


def _latest_hits(words: str, is_open: bool, span: int) -> CTE:
    """The same among so many of the latest tickets, each looked at."""
    latest = select(_WORDS).order_by(_WORDS.c.ticket_id.desc()).limit(span).subquery()
    within = [latest.c.is_open] if is_open else []
    return _newest_first(latest.c, has_words(latest.c.words, words), *within)


def _newest_first(indexed: ReadOnlyColumnCollection[str, Any], *conditions: ColumnElement[bool]) -> CTE:
    hits = select(indexed.ticket_id).where(*conditions).order_by(indexed.ticket_id.desc())
    return hits.cte("hits").prefix_with("MATERIALIZED")


def _newest_of(
    hits: CTE, rows: Select[Any], conditions: Sequence[ColumnElement[bool]], limit: int
) -> Select[Any]:
    """Rows of the newest of some tickets that fulfil the conditions, too."""
    # Each ticket by its id: for the sake of the order the planner would rather read all tickets from the
    # newest on.
    found = (
        select(Ticket.id).where(Ticket.id == hits.c.ticket_id, *conditions).limit(1).correlate(hits).lateral()
    )
    newest = select(found.c.id).select_from(hits.join(found, true())).order_by(hits.c.ticket_id.desc())
    return rows.where(Ticket.id.in_(newest.limit(limit))).order_by(Ticket.id.desc())


def _on_sqlite(
    wanted: list[list[str]], rows: Select[Any], conditions: Sequence[ColumnElement[bool]], limit: int
) -> Select[Any]:
    # FTS5 gives its rows in their order, so that the rest isn't read.
    matching = _FTS.c.ticket_words.op("MATCH")(fts_query(wanted))
    newest = (
        select(Ticket.id)
        .join(_FTS, _FTS.c.rowid == Ticket.id)
        .where(matching, *conditions)
        .order_by(_FTS.c.rowid.desc())
        .limit(limit)
    )
    return rows.where(Ticket.id.in_(newest)).order_by(Ticket.id.desc())


def has_words(indexed: ColumnElement[Any], words: str) -> ColumnElement[bool]:
    """The condition that a column of the index has these words, as PostgreSQL reads them."""
    # Within the statement, so that the planner knows how rare these words are: a plan for any words would
    # read all rows for rare ones.
    said: BindParameter[str] = bindparam(None, words, literal_execute=True)
    return indexed.op("@@")(cast(said, TSQUERY))


def in_lots(words: str, since: int, until: int) -> str:
    """The words in the lots from `since` to before `until`, of which there is one at least."""
    lots = " | ".join(f"'lot{lot}'" for lot in range(since, until))
    return f"({words}) & ({lots})"


def ts_query(wanted: list[list[str]]) -> str:
    """`alternatives` as PostgreSQL reads it."""
    return " | ".join(f"({' & '.join(_lexeme(word) for word in one)})" for one in wanted)


def fts_query(wanted: list[list[str]]) -> str:
    """`alternatives` as SQLite's FTS5 reads it."""
    return " OR ".join(f"({' AND '.join(_fts_word(word) for word in one)})" for one in wanted)


# Words hold letters, digits and Chinese characters only (`runs`), so nothing in them needs escaping.
def _lexeme(word: str) -> str:
    return f"'{word[:-1]}':*" if word.endswith("*") else f"'{word}'"


def _fts_word(word: str) -> str:
    return f'"{word[:-1]}"*' if word.endswith("*") else f'"{word}"'
