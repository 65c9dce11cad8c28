"""What the assistant did not serve well: collected, put together by matter, and closed by an editor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.errors import AlreadyRuled, GapNotFound, NoteRequired
from tickets.quality_models import Gap, GapGroup, GapKind, GapOutcome, Label
from tickets.similarity import Weights, pairs

# A new message is compared with the newest groups only; what nobody asked for so long is another story.
COMPARED_GROUPS = 400
SAME_MATTER = 0.45
MAX_TEXT_CHARACTERS = 2_000
MAX_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Missed:
    """One message that was not served well.

    Attributes:
        text: masked.
        card_id: the card that was shown, for a disliked answer.
        intent: what the NLU made of it, "" if nothing.
    """

    kind: GapKind
    text: str
    message_id: int
    card_id: str | None = None
    intent: str = ""
    category: str | None = None
    confidence: float = 0.0


async def collect(session: AsyncSession, missed: Missed, now: datetime) -> None:
    """Keep it in the group of its matter, or in a new one. The same message twice is kept once."""
    text = storable(missed.text.strip())[:MAX_TEXT_CHARACTERS]
    if not text:
        return
    group = await _group_for(session, text, now)
    try:
        async with session.begin_nested():
            session.add(
                Gap(
                    group_id=group.id,
                    kind=missed.kind,
                    text=text,
                    message_id=missed.message_id,
                    card_id=missed.card_id,
                    intent=missed.intent,
                    category=missed.category,
                    confidence=missed.confidence,
                    created_at=now,
                )
            )
    except IntegrityError:
        return
    # Counted by the database: two processes may add at once.
    await session.execute(
        update(GapGroup).where(GapGroup.id == group.id).values(count=GapGroup.count + 1, updated_at=now)
    )


async def _group_for(session: AsyncSession, text: str, now: datetime) -> GapGroup:
    open_groups = (
        select(GapGroup)
        .where(GapGroup.closed_at.is_(None))
        .order_by(GapGroup.updated_at.desc())
        .limit(COMPARED_GROUPS)
    )
    groups = list(await session.scalars(open_groups))
    own, others = pairs(text), [pairs(group.title) for group in groups]
    weights = Weights([own, *others])
    scored = [(weights.similarity(own, other), group) for other, group in zip(others, groups, strict=True)]
    best = max(scored, key=lambda one: one[0], default=None)
    # Texts without any pair ("？？") have nothing to be compared by but themselves.
    same = next((group for group in groups if group.title == text), None)
    if same is None and best is not None and best[0] >= SAME_MATTER:
        same = best[1]
    if same is None:
        same = GapGroup(title=text, count=0, created_at=now, updated_at=now)
        session.add(same)
        await session.flush()
    return same


async def open_groups(
    session: AsyncSession, kind: GapKind | None = None, limit: int = MAX_SHOWN
) -> Sequence[GapGroup]:
    """The groups that nobody has closed, the largest first.

    Args:
        kind: only those with a message of that kind.
    """
    wanted = select(GapGroup).where(GapGroup.closed_at.is_(None), GapGroup.count > 0)
    if kind is not None:
        wanted = wanted.where(select(Gap.id).where(Gap.group_id == GapGroup.id, Gap.kind == kind).exists())
    return list(
        await session.scalars(wanted.order_by(GapGroup.count.desc(), GapGroup.id.desc()).limit(limit))
    )


async def closed_groups(session: AsyncSession, limit: int = 20) -> Sequence[GapGroup]:
    """What was closed last."""
    wanted = select(GapGroup).where(GapGroup.closed_at.is_not(None)).order_by(GapGroup.closed_at.desc())
    return list(await session.scalars(wanted.limit(limit)))


async def find_group(session: AsyncSession, group_id: int, *, for_update: bool = False) -> GapGroup:
    """Raises: GapNotFound, if there is none of that number."""
    found = await session.get(GapGroup, group_id, with_for_update=for_update or None)
    if found is None:
        raise GapNotFound(f"gap group {group_id}")
    return found


async def messages_of(session: AsyncSession, group_id: int, limit: int = MAX_SHOWN) -> Sequence[Gap]:
    """The newest messages of a group."""
    wanted = select(Gap).where(Gap.group_id == group_id).order_by(Gap.id.desc()).limit(limit)
    return list(await session.scalars(wanted))


async def close_group(
    session: AsyncSession, group_id: int, outcome: GapOutcome, *, officer_id: int, note: str, now: datetime
) -> None:
    """Say what was done about a group.

    Raises: GapNotFound; AlreadyRuled, if it is closed; NoteRequired, when dismissing without a word.
    """
    group = await find_group(session, group_id, for_update=True)
    if group.closed_at is not None:
        raise AlreadyRuled(f"gap group {group_id}")
    if outcome is GapOutcome.DISMISSED and not note.strip():
        raise NoteRequired("dismissing a group")
    group.outcome, group.note = outcome, storable(note.strip())
    group.closed_at, group.closed_by = now, officer_id


async def label_group(
    session: AsyncSession, group_id: int, intent: str, category: str | None, *, officer_id: int, now: datetime
) -> int:
    """Label the texts of a group for the next training and close it. Returns how many texts were labelled.

    Raises: GapNotFound; AlreadyRuled.
    """
    texts = dict.fromkeys(gap.text for gap in await messages_of(session, group_id))
    known = set(await session.scalars(select(Label.text).where(Label.text.in_(texts))))
    fresh = [text for text in texts if text not in known]
    for text in fresh:
        session.add(
            Label(
                text=text,
                intent=intent,
                category=category,
                group_id=group_id,
                officer_id=officer_id,
                created_at=now,
            )
        )
    what = f"{intent}/{category}" if category else intent
    await close_group(session, group_id, GapOutcome.LABEL, officer_id=officer_id, note=what, now=now)
    return len(fresh)


async def labels(session: AsyncSession) -> Sequence[Label]:
    """Every label, oldest first."""
    return list(await session.scalars(select(Label).order_by(Label.id)))
