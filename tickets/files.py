"""Files for a citizen: kept sealed, read by their own conversation only. What the assistant made is gone
after `KEEP_DAYS`; what an officer sent stays as long as the conversation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.columns import storable
from tickets.conversations import insert_for
from tickets.models import Conversation, MadeFile
from tickets.vault import Vault

# Long enough to print and hand in what was made; nobody needs us to keep a filled-in paper any longer.
KEEP_DAYS = 30
MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_NAME_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file, opened. `id` is its row's."""

    id: int
    name: str
    media_type: str
    content: bytes = field(repr=False)


async def keep_file(
    session: AsyncSession,
    vault: Vault,
    conversation_id: int,
    *,
    name: str,
    media_type: str,
    content: bytes,
    now: datetime,
    by_officer: bool = False,
) -> str:
    """Seal and store a file in the caller's transaction. Returns its SHA-256.

    The same bytes again in the same conversation are stored once, and kept from now on.

    Raises: ValueError, for an empty file or one above `MAX_FILE_BYTES`.
    """
    if not 0 < len(content) <= MAX_FILE_BYTES:
        raise ValueError(f"a file of {len(content)} bytes")
    sha256 = hashlib.sha256(content).hexdigest()
    insert = insert_for(session, MadeFile).values(
        conversation_id=conversation_id,
        sha256=sha256,
        name=storable(name)[:MAX_NAME_CHARACTERS],
        media_type=media_type,
        size=len(content),
        content=vault.seal_bytes(content, seal_context(conversation_id)),
        created_at=now,
        by_officer=by_officer,
    )
    renewed = {"name": insert.excluded.name, "created_at": now}
    if by_officer:
        renewed["by_officer"] = True
    await session.execute(
        insert.on_conflict_do_update(
            index_elements=["conversation_id", "sha256"],
            set_=renewed,
        )
    )
    return sha256


async def read_file(
    session: AsyncSession, vault: Vault, channel: str, address: str, sha256: str
) -> ReadFile | None:
    """A file of the conversation at that address; None if it has no such file, or no longer.

    Raises: ContactSealed, if the key is missing or the bytes were changed.
    """
    query = (
        select(MadeFile)
        .join(Conversation, Conversation.id == MadeFile.conversation_id)
        .where(Conversation.channel == channel, Conversation.address == address, MadeFile.sha256 == sha256)
    )
    return _opened(await session.scalar(query), vault)


async def read_file_by_id(session: AsyncSession, vault: Vault, file_id: int) -> ReadFile | None:
    """A file for somebody who has proved that it was given to them; None if it is gone.

    Raises: ContactSealed.
    """
    return _opened(await session.get(MadeFile, file_id), vault)


async def expire_files(session: AsyncSession, now: datetime) -> int:
    """Delete what the assistant made more than `KEEP_DAYS` ago. Returns how many files."""
    old = (MadeFile.created_at < now - timedelta(days=KEEP_DAYS), MadeFile.by_officer.is_(False))
    gone = await session.scalars(delete(MadeFile).where(*old).returning(MadeFile.id))
    return len(gone.all())


async def read_file_of(
    session: AsyncSession, vault: Vault, conversation_id: int, sha256: str
) -> ReadFile | None:
    """A file of a conversation for an officer who may see that; None if it has no such file.

    Raises: ContactSealed.
    """
    query = select(MadeFile).where(
        MadeFile.conversation_id == conversation_id, MadeFile.sha256 == sha256, MadeFile.by_officer
    )
    return _opened(await session.scalar(query), vault)


def _opened(row: MadeFile | None, vault: Vault) -> ReadFile | None:
    if row is None:
        return None
    return ReadFile(
        row.id, row.name, row.media_type, vault.open_bytes(row.content, seal_context(row.conversation_id))
    )


def seal_context(conversation_id: int) -> str:
    """What a file is bound to: copied into another conversation it doesn't open."""
    return f"file of {conversation_id}"
