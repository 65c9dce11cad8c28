"""A new key takes over: all in the database that an older one sealed is sealed anew, some rows at a time.

Originals of photos lie elsewhere: `PhotoStore.reseal`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, LargeBinary, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from tickets import files, paper_drafts, recordings
from tickets.errors import ContactSealed
from tickets.models import MadeFile, PaperDraft, Recording, Ticket, WebhookSubscription
from tickets.vault import Vault
from tickets.webhooks import seal_context

RowT = TypeVar("RowT", MadeFile, PaperDraft, Recording)


async def reseal(session: AsyncSession, vault: Vault, limit: int = 500) -> int:
    """Seal with the current key what is in clear or under an old one. Returns how many rows; again until 0.

    Raises: ContactSealed, if the key of one of them is missing.
    """
    done = await _contacts(session, vault, limit) + await _webhooks(session, vault)
    done += await _contents(session, vault, Recording, recordings.seal_context, limit)
    done += await _contents(session, vault, MadeFile, files.seal_context, limit)
    return done + await _contents(session, vault, PaperDraft, paper_drafts.seal_context, limit)


async def lost_key(session: AsyncSession, vault: Vault) -> str | None:
    """Why the newest sealed contact data doesn't open; None if it does, or there is none."""
    newest = select(Ticket).where(Ticket.contact.is_not(None), Ticket.contact != "")
    ticket = await session.scalar(newest.order_by(Ticket.id.desc()).limit(1))
    if ticket is None:
        return None
    try:
        vault.open(ticket.contact or "", ticket.ticket_no)
    except ContactSealed as error:
        return str(error)
    return None


async def _contacts(session: AsyncSession, vault: Vault, limit: int) -> int:
    rows = await session.scalars(
        select(Ticket)
        .where(Ticket.contact.is_not(None), Ticket.contact != "", ~_is_current(Ticket.contact, vault))
        .order_by(Ticket.id)
        .limit(limit)
        .with_for_update()
    )
    todo = rows.all()
    for ticket in todo:
        ticket.contact = vault.seal(vault.open(ticket.contact or "", ticket.ticket_no), ticket.ticket_no)
    return len(todo)


async def _webhooks(session: AsyncSession, vault: Vault) -> int:
    secrets = (WebhookSubscription.secret, WebhookSubscription.inbound_secret)
    rows = await session.scalars(
        select(WebhookSubscription)
        .where(or_(*(~_is_current(secret, vault) for secret in secrets)))
        .with_for_update()
    )
    todo = rows.all()
    for row in todo:
        context = seal_context(row.name)
        row.secret = vault.seal(vault.open(row.secret, context), context)
        if row.inbound_secret is not None:
            row.inbound_secret = vault.seal(vault.open(row.inbound_secret, context), context)
    return len(todo)


def _is_current(column: InstrumentedAttribute[Any], vault: Vault) -> ColumnElement[bool]:
    return column.startswith(vault.current_mark, autoescape=True)


async def _contents(
    session: AsyncSession, vault: Vault, kind: type[RowT], context: Callable[[int], str], limit: int
) -> int:
    start = vault.current_start
    rows: Sequence[RowT] = (
        await session.scalars(
            select(kind)
            .where(func.substr(kind.content, 1, len(start)) != literal(start, LargeBinary))
            .order_by(kind.id)
            .limit(limit)
            .with_for_update()
        )
    ).all()
    for row in rows:
        bound_to = context(row.conversation_id)
        row.content = vault.seal_bytes(vault.open_bytes(row.content, bound_to), bound_to)
    return len(rows)
