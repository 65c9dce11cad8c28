"""What citizens say of answers, for the people who write the cards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.masking import mask
from tickets.models import Feedback


async def record_feedback(
    session: AsyncSession,
    *,
    message_id: int,
    conversation_id: int,
    card_id: str | None,
    question: str,
    helpful: bool,
    now: datetime,
) -> None:
    """Keep one citizen's word on one answer. The question is kept to improve cards and training data, so
    personal data in it is masked.

    Args:
        message_id: the message with which the citizen said it.
    """
    session.add(
        Feedback(
            message_id=message_id,
            conversation_id=conversation_id,
            card_id=card_id,
            helpful=helpful,
            question=storable(mask(question)),
            created_at=now,
        )
    )
    await session.flush()
