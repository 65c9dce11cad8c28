"""Rule cards on their way to speaking: draft, legal review by somebody else, published, withdrawn.

Whether a card may speak at all (its articles, its numbers) is checked by whoever calls this, before
`submit` and again before `publish`: the law may have changed in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.errors import (
    ActorNotAllowed,
    CardInWork,
    GapNotFound,
    NoteRequired,
    StaleVersion,
    TransitionNotAllowed,
)
from tickets.quality import close_group
from tickets.quality_models import CardDraft, DraftStatus, GapGroup, GapOutcome

MOVES: dict[DraftStatus, frozenset[DraftStatus]] = {
    DraftStatus.DRAFT: frozenset({DraftStatus.IN_REVIEW, DraftStatus.WITHDRAWN}),
    DraftStatus.IN_REVIEW: frozenset({DraftStatus.PUBLISHED, DraftStatus.DRAFT, DraftStatus.WITHDRAWN}),
    DraftStatus.PUBLISHED: frozenset({DraftStatus.WITHDRAWN}),
    DraftStatus.WITHDRAWN: frozenset(),
}
UNDER_WAY = (DraftStatus.DRAFT, DraftStatus.IN_REVIEW)


async def start(
    session: AsyncSession, content: dict[str, Any], *, author_id: int, group_id: int | None, now: datetime
) -> CardDraft:
    """Begin a card, or the next version of one.

    Raises: CardInWork, if somebody is writing that card already.
    """
    draft = CardDraft(
        card_id=str(content["id"]),
        content=storable(content),
        status=DraftStatus.DRAFT,
        group_id=group_id,
        author_id=author_id,
        created_at=now,
        updated_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(draft)
    except IntegrityError:
        raise CardInWork(str(content["id"])) from None
    return draft


async def find_draft(session: AsyncSession, draft_id: int, *, for_update: bool = False) -> CardDraft:
    """Raises: GapNotFound, if there is none of that number."""
    draft = await session.get(CardDraft, draft_id, with_for_update=for_update or None)
    if draft is None:
        raise GapNotFound(f"card draft {draft_id}")
    return draft


async def save(
    session: AsyncSession, draft_id: int, content: dict[str, Any], *, version: int, now: datetime
) -> CardDraft:
    """Put another content into a draft; the card's id stays.

    Args:
        version: of the draft that was on the screen.

    Raises: GapNotFound; TransitionNotAllowed, unless it is a draft; StaleVersion, if somebody was quicker.
    """
    draft = await find_draft(session, draft_id, for_update=True)
    if draft.status is not DraftStatus.DRAFT:
        raise TransitionNotAllowed(draft.status, DraftStatus.DRAFT)
    if draft.version != version:
        raise StaleVersion(version, draft.version)
    draft.content = storable(content | {"id": draft.card_id})
    _touch(draft, now)
    return draft


async def submit(session: AsyncSession, draft_id: int, *, now: datetime) -> None:
    """Hand a draft to legal review.

    Raises: GapNotFound; TransitionNotAllowed.
    """
    draft = await find_draft(session, draft_id, for_update=True)
    _move(draft, DraftStatus.IN_REVIEW, now)
    draft.reviewer_id, draft.note = None, ""


async def publish(
    session: AsyncSession, draft_id: int, *, reviewer_id: int, note: str, now: datetime
) -> None:
    """Let a card speak; it takes the place of its earlier version, and closes the group it answers.

    Raises: GapNotFound; TransitionNotAllowed; ActorNotAllowed, for its author.
    """
    draft = await find_draft(session, draft_id, for_update=True)
    _check_four_eyes(draft, reviewer_id)
    _move(draft, DraftStatus.PUBLISHED, now)
    draft.reviewer_id, draft.note, draft.published_at = reviewer_id, storable(note.strip()), now
    group = await session.get(GapGroup, draft.group_id) if draft.group_id else None
    if group is not None and group.closed_at is None:
        await close_group(
            session, group.id, GapOutcome.CARD, officer_id=reviewer_id, note=draft.card_id, now=now
        )


async def send_back(
    session: AsyncSession, draft_id: int, *, reviewer_id: int, note: str, now: datetime
) -> None:
    """Return a card to its author with a reason.

    Raises: GapNotFound; TransitionNotAllowed; ActorNotAllowed, for its author; NoteRequired.
    """
    draft = await find_draft(session, draft_id, for_update=True)
    _check_four_eyes(draft, reviewer_id)
    if not note.strip():
        raise NoteRequired("sending a card back")
    _move(draft, DraftStatus.DRAFT, now)
    draft.reviewer_id, draft.note = reviewer_id, storable(note.strip())


async def withdraw(session: AsyncSession, draft_id: int, *, note: str, now: datetime) -> None:
    """Give a draft up, or silence a published card; then its earlier version speaks again, if there is one.

    Raises: GapNotFound; TransitionNotAllowed; NoteRequired.
    """
    draft = await find_draft(session, draft_id, for_update=True)
    if not note.strip():
        raise NoteRequired("withdrawing a card")
    _move(draft, DraftStatus.WITHDRAWN, now)
    draft.note = storable(note.strip())


async def published(session: AsyncSession) -> list[dict[str, Any]]:
    """The contents that speak now: of each card the version that was published last."""
    wanted = (
        select(CardDraft)
        .where(CardDraft.status == DraftStatus.PUBLISHED)
        .order_by(CardDraft.published_at, CardDraft.id)
    )
    return list({draft.card_id: draft.content for draft in await session.scalars(wanted)}.values())


async def publication_mark(session: AsyncSession) -> tuple[int, datetime | None]:
    """Changes whenever what speaks changes: how many are published, and when one changed last."""
    last = select(func.count(), func.max(CardDraft.updated_at)).where(
        CardDraft.status.in_((DraftStatus.PUBLISHED, DraftStatus.WITHDRAWN)),
        CardDraft.published_at.is_not(None),
    )
    count, at = (await session.execute(last)).one()
    return int(count), at


async def drafts(session: AsyncSession, limit: int = 100) -> Sequence[CardDraft]:
    """Those under way first, then the newest."""
    wanted = select(CardDraft).order_by(
        CardDraft.status.in_(UNDER_WAY).desc(), CardDraft.updated_at.desc(), CardDraft.id.desc()
    )
    return list(await session.scalars(wanted.limit(limit)))


def _check_four_eyes(draft: CardDraft, reviewer_id: int) -> None:
    if draft.author_id == reviewer_id:
        raise ActorNotAllowed("the author of a card does not review it")


def _move(draft: CardDraft, new: DraftStatus, now: datetime) -> None:
    if new not in MOVES[draft.status]:
        raise TransitionNotAllowed(draft.status, new)
    draft.status = new
    _touch(draft, now)


def _touch(draft: CardDraft, now: datetime) -> None:
    draft.version += 1
    draft.updated_at = now
