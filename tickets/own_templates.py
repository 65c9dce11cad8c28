"""Reply templates that officers wrote on the desk. What they may say is the desk's business."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.errors import ActorNotAllowed, NoteRequired
from tickets.models import OwnTemplate
from tickets.values import Actor

MAX_TITLE_LENGTH = 40
MAX_LISTED = 200


async def own_templates(session: AsyncSession, department: str | None) -> Sequence[OwnTemplate]:
    """Those of a unit and everybody's, everybody's first; with None only everybody's."""
    offered: list[ColumnElement[bool]] = [OwnTemplate.department.is_(None)]
    if department is not None:
        offered.append(OwnTemplate.department == department)
    query = (
        select(OwnTemplate).where(or_(*offered)).order_by(OwnTemplate.department.is_not(None), OwnTemplate.id)
    )
    return (await session.scalars(query.limit(MAX_LISTED))).all()


async def all_templates(session: AsyncSession) -> Sequence[OwnTemplate]:
    """Those of all units, for administrators."""
    return (await session.scalars(select(OwnTemplate).order_by(OwnTemplate.id).limit(MAX_LISTED))).all()


async def write_template(
    session: AsyncSession,
    template_id: int | None,
    *,
    title: str,
    text: str,
    statuses: Sequence[str],
    categories: Sequence[str],
    department: str | None,
    actor: Actor,
    any_department: bool,
    now: datetime,
) -> OwnTemplate:
    """Make a template (`template_id` None) or change one.

    Args:
        any_department: the actor may also write for other units and for everybody.

    Raises: NoteRequired without title or text; ActorNotAllowed, for another unit's, and one that is gone.
    """
    if not title.strip() or not text.strip():
        raise NoteRequired("title and text")
    found = await _own(session, template_id, actor, any_department) if template_id else OwnTemplate()
    found.department = department if any_department else actor.department
    found.title, found.text = storable(title).strip()[:MAX_TITLE_LENGTH], storable(text).strip()
    found.statuses, found.categories = list(statuses), list(categories)
    found.changed_by, found.changed_at = int(actor.id), now
    session.add(found)
    await session.flush()
    return found


async def drop_template(
    session: AsyncSession, template_id: int, *, actor: Actor, any_department: bool
) -> None:
    """Raises: ActorNotAllowed."""
    await session.delete(await _own(session, template_id, actor, any_department))


async def _own(session: AsyncSession, template_id: int, actor: Actor, any_department: bool) -> OwnTemplate:
    found = await session.get(OwnTemplate, template_id)
    if found is None or not (any_department or (found.department and found.department == actor.department)):
        raise ActorNotAllowed(str(template_id))
    return found
