"""What a citizen says for a paper: apart from the conversation, sealed, and no longer than it is needed.

The words of an answer are taken out of the stored message in the same transaction, so that a name or an
identity number stands nowhere but in the draft, and later in the paper.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.casework import Casework
from tickets.conversations import insert_for
from tickets.message_words import forget_messages
from tickets.models import Message, PaperDraft
from tickets.vault import Vault

KEEP_HOURS = 24
HIDDEN = "（为写文书填的内容，没有留在对话记录里）"
CONTACT_HIDDEN = "（联系方式已加密保存，不显示在这里）"


class PaperDrafts(Casework):
    """The draft of each conversation; there is one at a time."""

    async def load(self, conversation_id: int) -> dict[str, Any]:
        """The draft, or an empty one if there is none or its time is over.

        Raises: ContactSealed, if the key is missing or the bytes were changed.
        """
        row = await self.session.scalar(
            select(PaperDraft).where(
                PaperDraft.conversation_id == conversation_id, PaperDraft.expires_at > self.now
            )
        )
        return open_draft(row, self._seal()) if row else {}

    async def save(self, conversation_id: int, draft: dict[str, Any]) -> None:
        """Keep the draft for `KEEP_HOURS` from now on."""
        values = {
            "content": self._seal().seal_bytes(json.dumps(draft).encode(), seal_context(conversation_id)),
            "expires_at": self.now + timedelta(hours=KEEP_HOURS),
        }
        insert = insert_for(self.session, PaperDraft).values(conversation_id=conversation_id, **values)
        await self.session.execute(
            insert.on_conflict_do_update(index_elements=["conversation_id"], set_=values)
        )

    async def drop(self, conversation_id: int) -> None:
        """The paper is made, or no longer wanted."""
        await self.session.execute(delete(PaperDraft).where(PaperDraft.conversation_id == conversation_id))

    async def hide_words(self, message_ids: Iterable[int], instead: str = HIDDEN, having: str = "") -> None:
        """Take the citizen's words out of stored messages; that there were some stays, and so do photos.

        Args:
            having: only out of those with these words in them.
        """
        for message_id in message_ids:
            message = await self.session.get_one(Message, message_id)
            if having not in str(message.content.get("text") or ""):
                continue
            message.content = {**message.content, "text": instead}
            await forget_messages(self.session, select(Message.id).where(Message.id == message_id))

    def _seal(self) -> Vault:
        if self.vault is None:
            raise ValueError("drafts of papers are only kept sealed")
        return self.vault


async def expire_drafts(session: AsyncSession, now: datetime) -> int:
    """Delete the drafts whose time is over. Returns how many."""
    gone = await session.scalars(
        delete(PaperDraft).where(PaperDraft.expires_at <= now).returning(PaperDraft.id)
    )
    return len(gone.all())


def open_draft(row: PaperDraft, vault: Vault) -> dict[str, Any]:
    """What a row holds. Raises: ContactSealed."""
    draft: dict[str, Any] = json.loads(vault.open_bytes(row.content, seal_context(row.conversation_id)))
    return draft


def seal_context(conversation_id: int) -> str:
    """What a draft is bound to: copied into another conversation it doesn't open."""
    return f"paper draft of {conversation_id}"
