"""Everything that is kept about a person, in their hands: as JSON, with the photos, voice messages and files
beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from tickets.errors import ContactSealed, ConversationNotFound
from tickets.files import read_file_by_id
from tickets.models import (
    Attachment,
    Campaign,
    CampaignMessage,
    Conversation,
    Entry,
    EntryKind,
    Feedback,
    Follower,
    Gap,
    LiveTalk,
    MadeFile,
    Message,
    PaperDraft,
    Recording,
    Ticket,
    TopicSubscription,
)
from tickets.paper_drafts import open_draft
from tickets.privacy import Privacy, open_contact
from tickets.recordings import open_recording
from tickets.vault import Vault

# What officers write among themselves is about their work; the rest is the citizen's to see.
_INNER = (EntryKind.NOTE, EntryKind.HAND_BACK, EntryKind.RULING, EntryKind.REVIEW, EntryKind.INSPECTION)
# The photo of a message, as the index of messages has it.
_PHOTO = Message.content["photo"].as_string()
_SOUNDS = {"audio/ogg": "ogg", "audio/amr": "amr", "audio/mpeg": "mp3"}

RowT = TypeVar("RowT")


class PersonalData(Privacy):
    """Exporting. Whoever calls it knows that the person asked."""

    async def export(self, conversation_id: int) -> dict[str, Any]:
        """Everything that is kept about a conversation and its tickets, as JSON.

        Raises: ConversationNotFound; ContactSealed.
        """
        conversation = await self.session.get(Conversation, conversation_id)
        if conversation is None:
            raise ConversationNotFound(str(conversation_id))
        talk = await self.session.scalar(select(LiveTalk).where(LiveTalk.conversation_id == conversation_id))
        tickets = await self._all(Ticket, Ticket.conversation_id, conversation_id)
        return {
            "conversation": {
                "channel": conversation.channel,
                "address": conversation.address,
                "created_at": _moment(conversation.created_at),
                "updated_at": _moment(conversation.updated_at),
                "mode": conversation.mode.value,
                "gone_at": _moment(conversation.gone_at),
                # What the assistant remembers: a report or a question under way, what was asked last.
                "state": conversation.state,
            },
            "messages": [
                {"at": _moment(row.created_at), "sender": row.sender.value, "content": row.content}
                for row in await self._all(Message, Message.conversation_id, conversation_id)
            ],
            "talk_with_a_person": _talk(talk),
            "topics": [
                row.topic
                for row in await self._all(
                    TopicSubscription, TopicSubscription.conversation_id, conversation_id
                )
            ],
            "campaigns": await self._campaigns(conversation_id),
            "paper_draft": await self._paper_draft(conversation_id),
            "files": [
                {"name": row.name, "made_at": _moment(row.created_at), "sha256": row.sha256}
                for row in await self._all(MadeFile, MadeFile.conversation_id, conversation_id)
            ],
            "recordings": [
                {"sha256": row.sha256, "at": _moment(row.created_at), "media_type": row.media_type}
                for row in await self._all(Recording, Recording.conversation_id, conversation_id)
            ],
            "feedback": [
                {"at": _moment(row.created_at), "helpful": row.helpful, "question": row.question}
                for row in await self._all(Feedback, Feedback.conversation_id, conversation_id)
            ],
            "answer_quality": await self._gaps(conversation_id),
            "follows": await self._follows(conversation_id),
            "tickets": [await self._ticket(ticket) for ticket in tickets],
        }

    async def export_alone(self, ticket_no: str) -> dict[str, Any]:
        """One ticket that was filed without a conversation: by another system.

        Raises: TicketNotFound; ContactSealed.
        """
        return {"conversation": None, "tickets": [await self._ticket(await self.find(ticket_no))]}

    async def photos_about(self, conversation_id: int) -> list[str]:
        """SHA-256 of the photos of a conversation and of its tickets, to go with an export."""
        said = await self.session.scalars(
            select(_PHOTO).where(Message.conversation_id == conversation_id, _PHOTO.is_not(None))
        )
        attached = await self.session.scalars(
            select(Attachment.sha256)
            .join(Ticket, Ticket.id == Attachment.ticket_id)
            .where(Ticket.conversation_id == conversation_id)
        )
        return sorted({sha256 for sha256 in (*said, *attached) if sha256})

    async def files_about(self, conversation_id: int) -> dict[str, bytes]:
        """Voice messages and files of a conversation, opened, by the name that they get beside an export.

        Raises: ContactSealed.
        """
        found: dict[str, bytes] = {}
        for voice in await self._all(Recording, Recording.conversation_id, conversation_id):
            ending = _SOUNDS.get(voice.media_type, "bin")
            found[f"recordings/{voice.sha256}.{ending}"] = open_recording(voice, self._opener())
        for row in await self._all(MadeFile, MadeFile.conversation_id, conversation_id):
            file = await read_file_by_id(self.session, self._opener(), row.id)
            if file is not None:
                found[f"files/{row.id}-{file.name}"] = file.content
        return found

    def _opener(self) -> Vault:
        if self.vault is None:
            raise ContactSealed("no key")
        return self.vault

    async def _all(self, kind: type[RowT], column: InstrumentedAttribute[Any], value: int) -> Sequence[RowT]:
        rows = await self.session.scalars(select(kind).where(column == value).order_by(kind.id))  # type: ignore[attr-defined] # every table has one
        return rows.all()

    async def _campaigns(self, conversation_id: int) -> list[str]:
        titles = await self.session.scalars(
            select(Campaign.title)
            .join(CampaignMessage, CampaignMessage.campaign_id == Campaign.id)
            .where(CampaignMessage.conversation_id == conversation_id)
            .order_by(CampaignMessage.id)
        )
        return list(titles)

    async def _gaps(self, conversation_id: int) -> list[str]:
        texts = await self.session.scalars(
            select(Gap.text)
            .join(Message, Message.id == Gap.message_id)
            .where(Message.conversation_id == conversation_id)
            .order_by(Gap.id)
        )
        return list(texts)

    async def _follows(self, conversation_id: int) -> list[str]:
        numbers = await self.session.scalars(
            select(Ticket.ticket_no)
            .join(Follower, Follower.ticket_id == Ticket.id)
            .where(Follower.conversation_id == conversation_id)
            .order_by(Follower.id)
        )
        return list(numbers)

    async def _paper_draft(self, conversation_id: int) -> dict[str, Any] | None:
        row = await self.session.scalar(
            select(PaperDraft).where(PaperDraft.conversation_id == conversation_id)
        )
        return open_draft(row, self._opener()) if row else None

    async def _ticket(self, ticket: Ticket) -> dict[str, Any]:
        entries = await self._all(Entry, Entry.ticket_id, ticket.id)
        photos = await self._all(Attachment, Attachment.ticket_id, ticket.id)
        leading = await self.session.get(Ticket, ticket.merged_into_id or 0)
        return {
            "ticket_no": ticket.ticket_no,
            "kind": ticket.kind.value,
            "status": ticket.status.value,
            "category": ticket.category,
            "categories": ticket.categories,
            "summary": ticket.summary,
            "place": ticket.place,
            "town": ticket.town,
            "happened": ticket.happened,
            "reporter_mode": ticket.reporter_mode.value,
            "contact": open_contact(ticket, self.vault),
            "department": ticket.department,
            "merged_into": leading.ticket_no if leading else None,
            "urged_count": ticket.urged_count,
            "rating": ticket.rating,
            "rating_reason": ticket.rating_reason,
            "is_solved": ticket.is_solved,
            "followup_at": _moment(ticket.followup_at),
            "created_at": _moment(ticket.created_at),
            "due_at": _moment(ticket.due_at),
            "closed_at": _moment(ticket.closed_at),
            "photos": [{"sha256": row.sha256, "purpose": row.purpose.value} for row in photos],
            "entries": [
                {
                    "at": _moment(row.at),
                    "kind": row.kind.value,
                    "status": row.to_status.value if row.to_status else None,
                    "text": row.text,
                }
                for row in entries
                if row.kind not in _INNER
            ],
        }


def _talk(talk: LiveTalk | None) -> dict[str, Any] | None:
    if talk is None:
        return None
    return {
        "since": _moment(talk.since),
        "waiting_since": _moment(talk.waiting_since),
        "last_at": _moment(talk.last_at),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
