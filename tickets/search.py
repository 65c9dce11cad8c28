"""Full-text search over tickets: character pairs in the index of the database, in the ticket's transaction.

Chinese has no spaces, and a dictionary cuts the same place name in different ways, depending on what stands
around it. So the index holds pairs of neighbouring characters (and the last character of each run by
itself), which finds whatever is written there; what an officer types is cut into words by jieba, and each
word must be found by all its pairs. PostgreSQL keeps them in a GIN index, SQLite in FTS5.

The newest tickets come first. On PostgreSQL a page costs the same with a million tickets as with few:
* Common words are looked for among the latest tickets, which fill a page, before all others. To that end each
  ticket's words name the lot of 10,000 tickets that it belongs to.
* Beside the words stand facets (unit, officer, category, town, kind, marks), so that the index itself finds
  what has the words and belongs to a unit, or what is of a unit and a category whatever its words. A trigger
  keeps them true.
* Words of open tickets have an index of their own, because among a great many closed ones they are few.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Row,
    Select,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    literal_column,
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
_Indexed = ReadOnlyColumnCollection[str, ColumnElement[Any]]
_NUMBER = re.compile(r"(?:(?P<day>\d{4}|\d{8})-)?(?P<number>\d{1,6})")

# The migration makes it: a plain table with a `tsvector` on PostgreSQL, a virtual one on SQLite, where the
# ticket's id is the row's.
_WORDS = table(
    "ticket_words",
    column("ticket_id", Integer),
    column("words", TSVECTOR),
    column("facets", TSVECTOR),
    column("is_open", Boolean),
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
        facets = func.facets_of(literal_column("tickets"))
        row = select(Ticket.id, func.array_to_tsvector(words), facets, literal(is_open))
        columns = ("ticket_id", "words", "facets", "is_open")
        await session.execute(insert(_WORDS).from_select(columns, row.where(Ticket.id == ticket.id)))
    else:
        await session.execute(delete(_FTS).where(_FTS.c.rowid == ticket.id))
        await session.execute(insert(_FTS).values(rowid=ticket.id, words=" ".join(words)))


def is_postgresql(session: AsyncSession) -> bool:
    """Whether the session is on PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tickets to find.

    Attributes:
        words: one of these lists of words of the index must all be there; None for any ticket.
        conditions: on `Ticket`.
        facets: of each of these sets one must be there. The conditions say the same.
        is_open: only those that are open and not merged, which the conditions say as well.
    """

    words: Sequence[Sequence[str]] | None
    conditions: Sequence[ColumnElement[bool]] = ()
    facets: Sequence[Collection[str]] = ()
    is_open: bool = False


async def find(
    session: AsyncSession, rows: Select[Any], wanted: Wanted, limit: int, offset: int = 0
) -> Sequence[Row[Any]]:
    """Rows of the tickets that are wanted, the newest first.

    Args:
        rows: what to select of `Ticket`.
    """
    if wanted.words is not None and not wanted.words:
        return ()
    if is_postgresql(session):
        return await _on_postgresql(session, rows, wanted, limit, offset)
    found: Sequence[Row[Any]] = (
        await session.execute(_on_sqlite(rows, wanted).limit(limit).offset(offset))
    ).all()
    return found


async def count_facets(session: AsyncSession, wanted: Wanted, most: int) -> int:
    """How many tickets have the facets that are wanted, on PostgreSQL; at most so many."""
    hits = select(_WORDS.c.ticket_id).where(*_matching(_WORDS.c, "", facet_query(wanted.facets))).subquery()
    bounded = _each(hits, wanted.conditions).limit(most).subquery()
    return await session.scalar(select(func.count()).select_from(bounded)) or 0


def facet(name: str, value: object) -> str:
    """A facet as the database writes it: a `unit`, `officer`, `category`, `town`, `kind` or `mark`."""
    return f"{name}_{value}"


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
    session: AsyncSession, rows: Select[Any], wanted: Wanted, limit: int, offset: int
) -> Sequence[Row[Any]]:
    """Look among ever more tickets, from the newest on, until a page is full."""
    found: Sequence[Row[Any]] = ()
    async for hits in _ever_more_hits(session, wanted, limit + offset):
        page = _newest_of(hits, wanted.conditions).limit(limit).offset(offset).subquery()
        newest_first = rows.join(page, page.c.id == Ticket.id).order_by(Ticket.id.desc())
        found = (await session.execute(newest_first)).all()
        if len(found) == limit:
            break
    return found


async def _ever_more_hits(session: AsyncSession, wanted: Wanted, many: int) -> AsyncIterator[CTE]:
    """Ids of what has the words and facets: among the latest tickets, if so many are expected there; at last
    among all.
    """
    words = ts_query(wanted.words) if wanted.words else ""
    facets = facet_query(wanted.facets)
    each = _each_word(wanted)
    asked = [(words, facets), *((_lexeme(word), "") for word in each), ("", "")]
    estimate, *estimates, all_tickets = await _estimates(session, asked, wanted.is_open)
    if rare := [word for word, many_have in zip(each, estimates, strict=True) if many_have < RARE]:
        # Few to look at: whether they have the common words, too, costs less to see there than in the index.
        common = [word for word in each if word not in rare]
        besides = ts_query([common]) if common else ""
        yield _hits(_WORDS.c, ts_query([rare]), "", wanted.is_open, besides)
        return
    span = math.ceil(many * SPARE * all_tickets / estimate)
    # The planner takes facets for independent; but a town's tickets are mostly its own squad's.
    if span <= LATEST or not words:
        latest = select(_WORDS).order_by(_WORDS.c.ticket_id.desc()).limit(min(span, LATEST)).subquery()
        yield _hits(latest.c, words, facets, wanted.is_open)
    if estimate >= RARE:
        newest = await session.scalar(select(func.max(Ticket.id))) or 0
        until = newest // LOT + 1
        # The newest lot is hardly begun at times.
        first = 1 + math.ceil(span / LOT)
        # All that begins so is gathered anew at each step.
        for lots in (first,) if ":*" in words else (first, first * NEXT):
            if lots <= min(MAX_LOTS, until):
                yield _hits(_WORDS.c, in_lots(words, until - lots, until), facets, wanted.is_open)
    yield _hits(_WORDS.c, words, facets, wanted.is_open)


def _each_word(wanted: Wanted) -> list[str]:
    """The words that must all be there, if one of them alone may be a quicker way to what is wanted."""
    words = wanted.words[0] if wanted.words and len(wanted.words) == 1 else ()
    return list(words) if len(words) > 1 or (words and wanted.facets) else []


async def _estimates(session: AsyncSession, asked: Sequence[tuple[str, str]], is_open: bool) -> list[int]:
    """How many tickets have words and facets, as far as the planner knows; all tickets, without either."""
    said: dict[str, str] = {}
    selects = []
    for number, queries in enumerate(asked):
        parts = ["is_open"] if is_open and any(queries) else []
        for name, query in zip(("words", "facets"), queries, strict=True):
            if query:
                parts.append(f"{name} @@ CAST(:{name}_{number} AS tsquery)")
                said[f"{name}_{number}"] = query
        selects.append(f"SELECT 1 FROM ticket_words WHERE {' AND '.join(parts) or 'true'}")  # noqa: S608 - of fixed parts
    explain = sql_text(f"EXPLAIN (FORMAT JSON) {' UNION ALL '.join(selects)}")
    values: list[BindParameter[str]] = [
        bindparam(name, query, literal_execute=True) for name, query in said.items()
    ]
    plan = await session.scalar(explain.bindparams(*values))
    found = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plans"]
    return [int(one["Plan Rows"]) for one in found]


def _hits(indexed: _Indexed, words: str, facets: str, is_open: bool, besides: str = "") -> CTE:
    """Ids of tickets, newest first; `besides` are words that are looked for without the index."""
    conditions = _matching(indexed, words, facets, is_open)
    if besides:
        conditions.append(has_words(indexed.words, besides).is_(true()))
    hits = select(indexed.ticket_id).where(*conditions).order_by(indexed.ticket_id.desc())
    return hits.cte("hits").prefix_with("MATERIALIZED")


def _matching(indexed: _Indexed, words: str, facets: str, is_open: bool = False) -> list[ColumnElement[bool]]:
    conditions = [indexed.is_open] if is_open else []
    if words:
        conditions.append(has_words(indexed.words, words))
    if facets:
        conditions.append(has_words(indexed.facets, facets))
    return conditions


def _newest_of(hits: CTE, conditions: Sequence[ColumnElement[bool]]) -> Select[int]:
    """Ids of the newest of some tickets that fulfil the conditions, too."""
    return _each(hits, conditions).order_by(hits.c.ticket_id.desc())


def _each(hits: FromClause, conditions: Sequence[ColumnElement[bool]]) -> Select[int]:
    # Each ticket by its id: for the sake of the order the planner would rather read all tickets from the
    # newest on.
    found = (
        select(Ticket.id).where(Ticket.id == hits.c.ticket_id, *conditions).limit(1).correlate(hits).lateral()
    )
    return select(found.c.id).select_from(hits.join(found, true()))


def _on_sqlite(rows: Select[Any], wanted: Wanted) -> Select[Any]:
    found = rows.where(*wanted.conditions).order_by(Ticket.id.desc())
    if not wanted.words:
        return found
    # FTS5 gives its rows in their order, so that the rest isn't read.
    matching = _FTS.c.ticket_words.op("MATCH")(fts_query(wanted.words))
    found = rows.join(_FTS, _FTS.c.rowid == Ticket.id).where(matching, *wanted.conditions)
    return found.order_by(_FTS.c.rowid.desc())


def has_words(indexed: ColumnElement[Any], words: str) -> ColumnElement[bool]:
    """The condition that a column of the index has these words, as PostgreSQL reads them."""
    # Within the statement, so that the planner knows how rare these words are: a plan for any words would
    # read all rows for rare ones.
    said: BindParameter[str] = bindparam(None, words, literal_execute=True)
    return indexed.op("@@")(cast(said, TSQUERY))


def in_lots(words: str, since: int, until: int) -> str:
    """The words, if any, in the lots from `since` to before `until`, of which there is one at least."""
    lots = " | ".join(f"'lot{lot}'" for lot in range(since, until))
    return f"({words}) & ({lots})" if words else lots


def ts_query(wanted: Sequence[Sequence[str]]) -> str:
    """`alternatives` as PostgreSQL reads it."""
    return " | ".join(f"({' & '.join(_lexeme(word) for word in one)})" for one in wanted)


def facet_query(facets: Sequence[Collection[str]]) -> str:
    """`Wanted.facets` as PostgreSQL reads it."""
    return " & ".join(f"({' | '.join(map(_quoted, sorted(one)))})" for one in facets)


def fts_query(wanted: Sequence[Sequence[str]]) -> str:
    """`alternatives` as SQLite's FTS5 reads it."""
    return " OR ".join(f"({' AND '.join(_fts_word(word) for word in one)})" for one in wanted)


def _quoted(facet: str) -> str:
    escaped = facet.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


# Words hold letters, digits and Chinese characters only (`runs`), so nothing in them needs escaping.
def _lexeme(word: str) -> str:
    return f"'{word[:-1]}':*" if word.endswith("*") else f"'{word}'"


def _fts_word(word: str) -> str:
    return f'"{word[:-1]}"*' if word.endswith("*") else f'"{word}"'
