"""What citizens and officers said, in the index of the database: by pairs of characters, as tickets are
(`tickets.search`). What the assistant says isn't indexed: it says the same to everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Integer, Select, column, delete, func, insert, table
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.search import LOT, is_postgresql, pieces

# The migration makes them: a plain table with a `tsvector` on PostgreSQL, a virtual one on SQLite.
WORDS = table("message_words", column("message_id", Integer), column("words", TSVECTOR))
FTS = table("message_words", column("rowid", Integer), column("words"), column("message_words"))


def words_of_message(message_id: int, text: str) -> list[str]:
    """What a message is found by, each once; [] if it has no words."""
    found = pieces(text)
    return sorted({f"lot{message_id // LOT}", *found}) if found else []


async def index_message(session: AsyncSession, message_id: int, content: Mapping[str, Any]) -> None:
    """Put a new message's words into the index; a button that was pressed says nothing."""
    words = [] if "payload" in content else words_of_message(message_id, str(content.get("text") or ""))
    if not words:
        return
    if is_postgresql(session):
        vector = func.array_to_tsvector(words)
        await session.execute(insert(WORDS).values(message_id=message_id, words=vector))
    else:
        await session.execute(insert(FTS).values(rowid=message_id, words=" ".join(words)))


async def forget_messages(session: AsyncSession, message_ids: Select[int]) -> None:
    """Take messages out of the index, because their words are to be read no more."""
    if is_postgresql(session):
        await session.execute(delete(WORDS).where(WORDS.c.message_id.in_(message_ids)))
    else:
        await session.execute(delete(FTS).where(FTS.c.rowid.in_(message_ids)))
