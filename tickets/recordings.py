"""Voice messages as evidence: sealed, bounded, bound to their conversation, heard by the officers of their
ticket.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.conversations import insert_for
from tickets.errors import RecordingRejected
from tickets.models import Recording, Ticket
from tickets.vault import Vault

# Some ten minutes of a messenger's voice message.
MAX_RECORDING_BYTES = 3 * 1024 * 1024
# What each format begins with.
_FORMATS = (
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
)


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording, opened."""

    media_type: str
    content: bytes = field(repr=False)


async def keep_recording(
    session: AsyncSession, vault: Vault, conversation_id: int, content: bytes, now: datetime
) -> str:
    """Seal and store a voice message in the caller's transaction. Returns its SHA-256; the same one again is
    stored once.

    Raises: RecordingRejected.
    """
    if len(content) > MAX_RECORDING_BYTES:
        raise RecordingRejected("too_large")
    media_type = next((name for start, name in _FORMATS if content.startswith(start)), None)
    if media_type is None:
        raise RecordingRejected("not_audio")
    sha256 = hashlib.sha256(content).hexdigest()
    await session.execute(
        insert_for(session, Recording)
        .values(
            conversation_id=conversation_id,
            sha256=sha256,
            media_type=media_type,
            size=len(content),
            content=vault.seal_bytes(content, seal_context(conversation_id)),
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["conversation_id", "sha256"])
    )
    return sha256


async def attach_recordings(
    session: AsyncSession, ticket: Ticket, conversation_id: int, hashes: Sequence[str]
) -> None:
    """Make recordings of a conversation part of a ticket."""
    await session.execute(
        update(Recording)
        .where(Recording.conversation_id == conversation_id, Recording.sha256.in_(hashes))
        .values(ticket_id=ticket.id)
    )


async def recordings_of(session: AsyncSession, ticket: Ticket) -> Sequence[Recording]:
    """The recordings that are part of a ticket, oldest first."""
    rows = await session.scalars(
        select(Recording).where(Recording.ticket_id == ticket.id).order_by(Recording.id)
    )
    return rows.all()


def open_recording(row: Recording, vault: Vault) -> bytes:
    """What was said. Raises: ContactSealed."""
    return vault.open_bytes(row.content, seal_context(row.conversation_id))


async def recording_for(session: AsyncSession, vault: Vault, ticket: Ticket, sha256: str) -> Sound | None:
    """A recording of the ticket or of the conversation it was reported in; None if it has none of that hash.

    Raises: ContactSealed, if the key is missing or the bytes were changed.
    """
    theirs = Recording.ticket_id == ticket.id
    if ticket.conversation_id is not None:
        # One that went with another ticket is for whoever handles that one.
        theirs = theirs | (
            (Recording.conversation_id == ticket.conversation_id) & Recording.ticket_id.is_(None)
        )
    found = await session.scalar(select(Recording).where(Recording.sha256 == sha256, theirs).limit(1))
    if found is None:
        return None
    return Sound(found.media_type, open_recording(found, vault))


def seal_context(conversation_id: int) -> str:
    """What a recording is bound to: copied into another conversation it doesn't open."""
    return f"recording of {conversation_id}"
