"""What the assistant's past answers cited: the law-change watch asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import String, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.models import Message, Sender

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class PastCitation:
    """An article under an answer that was given; `effective_from` as the citizen read it: 2021年7月15日."""

    message_id: int
    law: str
    article: str
    effective_from: str


async def past_citations(session: AsyncSession) -> AsyncIterator[PastCitation]:
    """All of them, oldest first; a message without a card has none."""
    has_card = cast(Message.content, String).contains('"citations"')
    query = (
        select(Message.id, Message.content)
        .where(Message.sender == Sender.ASSISTANT, has_card)
        .order_by(Message.id)
        .execution_options(yield_per=_AT_ONCE)
    )
    async for message_id, content in await session.stream(query):
        for cite in (content.get("card") or {}).get("citations", ()):
            yield PastCitation(message_id, cite["law"], cite["article"], cite.get("effective_from", ""))
