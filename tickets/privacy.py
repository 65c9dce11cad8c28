"""What people may ask about their own data: see it, have it erased. And who may see their contact data.

Erasing empties words, contact, photos and messages, and leaves the skeleton of the ticket (number,
category, times, statuses) with a tombstone in its history: the bureau must still be able to show that it
acted.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import delete, select, update

from tickets.casework import Casework
from tickets.errors import ActorNotAllowed, ContactSealed, ConversationNotFound, NoteRequired
from tickets.facts import ERASED
from tickets.history import erase_entries
from tickets.message_words import forget_messages
from tickets.models import (
    AnswerDraft,
    Application,
    Attachment,
    Check,
    Conversation,
    Entry,
    EntryKind,
    Feedback,
    Follower,
    Gap,
    GapGroup,
    LiveTalk,
    MadeFile,
    Message,
    Mode,
    PaperDraft,
    Recording,
    Ticket,
    TopicSubscription,
)
from tickets.outbox import recipient_gone
from tickets.search import index_ticket
from tickets.staff import Role
from tickets.values import Actor
from tickets.vault import Vault, is_sealed

# Whose work needs the citizen's number. A confidential reporter is hidden from the unit, so there only
# these open it.
_UNSEAL_CONFIDENTIAL = frozenset({Role.SUPERVISOR})
_UNSEAL = frozenset({Role.OFFICER, Role.UNIT_HEAD, Role.SUPERVISOR})
# The photo of a message, as the index of messages has it.
_PHOTO = Message.content["photo"].as_string()


class Privacy(Casework):
    """Opening and erasing personal data."""

    async def reveal_contact(self, ticket_no: str, reason: str, *, actor: Actor) -> str:
        """Contact data in clear, "" if there is none; the look goes onto the record.

        Raises: TicketNotFound; NoteRequired, without a reason; ActorNotAllowed; ContactSealed.
        """
        if not reason.strip():
            raise NoteRequired("unsealing says why")
        ticket = await self.find(ticket_no, lock=True)
        allowed = _UNSEAL_CONFIDENTIAL if ticket.reporter_mode == "confidential" else _UNSEAL
        is_their_work = actor.role == Role.SUPERVISOR or actor.department == ticket.department
        if actor.role not in allowed or not is_their_work:
            raise ActorNotAllowed("contact data")
        await self.record(ticket, EntryKind.UNSEAL, actor, reason)
        return open_contact(ticket, self.vault)

    async def conversation_of(self, ticket_no: str) -> int | None:
        """The conversation that a ticket was filed in, for whoever only has its number; None if it was filed
        without one or is erased.

        Raises: TicketNotFound.
        """
        return (await self.find(ticket_no)).conversation_id

    async def erase(
        self, conversation_id: int, *, actor: Actor, reason: str, delete_photo: Callable[[str], None]
    ) -> int:
        """Erase a person's words everywhere. Returns the number of tickets that keep a skeleton.

        Open tickets are erased, too: nobody can be made to leave words here. Files go when nothing else
        needs them; do it in a transaction that commits, because a deleted file doesn't come back.

        Raises: ConversationNotFound; NoteRequired.
        """
        if not reason.strip():
            raise NoteRequired("erasure says why")
        conversation = await self._conversation(conversation_id)
        tickets = await self.session.scalars(
            select(Ticket)
            .where(Ticket.conversation_id == conversation_id)
            .order_by(Ticket.id)
            .with_for_update()
        )
        erased = tickets.all()
        for ticket in erased:
            await self.erase_ticket(ticket, actor, reason, delete_photo)
        await self.erase_conversation(conversation, delete_photo)
        return len(erased)

    async def erase_alone(
        self, ticket_no: str, *, actor: Actor, reason: str, delete_photo: Callable[[str], None]
    ) -> int:
        """Erase one ticket that was filed without a conversation: by another system. Returns 1.

        Raises: TicketNotFound; NoteRequired.
        """
        if not reason.strip():
            raise NoteRequired("erasure says why")
        ticket = await self.find(ticket_no, lock=True)
        await self.erase_ticket(ticket, actor, reason, delete_photo)
        return 1

    async def _conversation(self, conversation_id: int) -> Conversation:
        found = await self.session.get(Conversation, conversation_id)
        if found is None:
            raise ConversationNotFound(str(conversation_id))
        return found

    async def erase_ticket(
        self, ticket: Ticket, actor: Actor, reason: str, delete_photo: Callable[[str], None]
    ) -> None:
        """Empty one ticket's words, contact and photos, and leave its skeleton with a tombstone."""
        ticket.summary, ticket.place, ticket.happened = ERASED, None, None
        ticket.contact, ticket.rating_reason = None, None
        # The history loses the verdict, so the figures do, too.
        ticket.rating = ticket.is_solved = None
        ticket.latitude = ticket.longitude = None
        ticket.conversation_id = None
        ticket.followup_at = None
        ticket.version += 1
        await self.session.execute(
            update(AnswerDraft).where(AnswerDraft.ticket_id == ticket.id).values(text="", note="")
        )
        await self.session.execute(
            update(Application).where(Application.ticket_id == ticket.id).values(reason="", note="")
        )
        await self.session.execute(
            update(Check)
            .where(Check.ticket_id == ticket.id)
            .values(findings="", rectification="", confirmation="")
        )
        await index_ticket(self.session, ticket)
        numbers = await self.session.scalars(
            select(Entry.number).where(
                Entry.ticket_id == ticket.id,
                Entry.erased_at.is_(None),
                Entry.kind.not_in((EntryKind.ERASURE, EntryKind.MERGE)),
            )
        )
        await erase_entries(self.session, ticket, numbers.all(), actor, reason, self.now)
        theirs = Attachment.ticket_id == ticket.id
        hashes = set(await self.session.scalars(select(Attachment.sha256).where(theirs)))
        await self.session.execute(delete(Attachment).where(theirs))
        await self._delete_photos(hashes, delete_photo)

    async def erase_conversation(
        self, conversation: Conversation, delete_photo: Callable[[str], None]
    ) -> None:
        """Empty what was said in a conversation, its photos and files, and forget who it was."""
        mine = Message.conversation_id == conversation.id
        sent = select(_PHOTO).where(mine, _PHOTO.is_not(None))
        hashes = {sha256 for sha256 in await self.session.scalars(sent) if sha256}
        await self.session.execute(delete(Follower).where(Follower.conversation_id == conversation.id))
        await self.session.execute(
            delete(TopicSubscription).where(TopicSubscription.conversation_id == conversation.id)
        )
        await self.session.execute(delete(PaperDraft).where(PaperDraft.conversation_id == conversation.id))
        await self.session.execute(delete(MadeFile).where(MadeFile.conversation_id == conversation.id))
        await self.session.execute(delete(Recording).where(Recording.conversation_id == conversation.id))
        await self.session.execute(delete(LiveTalk).where(LiveTalk.conversation_id == conversation.id))
        await self._erase_gaps(conversation.id)
        await self.session.execute(
            update(Feedback).where(Feedback.conversation_id == conversation.id).values(question="")
        )
        await forget_messages(self.session, select(Message.id).where(mine))
        await self.session.execute(
            update(Message)
            .where(mine)
            .values(content={"text": ERASED}, update_id=None, ticket_id=None, handled_at=self.now)
            .execution_options(synchronize_session=False)
        )
        # What still waits for them finds nobody any more.
        await recipient_gone(self.session, conversation.id, self.now)
        # The address names the person; the row stays so that what refers to it still does.
        conversation.address = f"erased-{conversation.id}"
        conversation.state = {}
        conversation.mode, conversation.officer_id = Mode.ASSISTANT, None
        await self._delete_photos(hashes, delete_photo)

    async def _erase_gaps(self, conversation_id: int) -> None:
        """What the answer-quality desk keeps of a conversation, masked as it is."""
        said = select(Message.id).where(Message.conversation_id == conversation_id)
        rows = (await self.session.scalars(select(Gap).where(Gap.message_id.in_(said)))).all()
        for gap in rows:
            await self.session.execute(
                update(GapGroup)
                .where(GapGroup.id == gap.group_id, GapGroup.title == gap.text)
                .values(title=ERASED)
            )
            gap.text = ERASED

    async def _delete_photos(self, hashes: set[str], delete_photo: Callable[[str], None]) -> None:
        """Those that no ticket and no conversation has any more."""
        for sha256 in sorted(hashes):
            attached = select(Attachment.id).where(Attachment.sha256 == sha256).limit(1)
            said = select(Message.id).where(sha256 == _PHOTO).limit(1)
            if await self.session.scalar(attached) is None and await self.session.scalar(said) is None:
                delete_photo(sha256)


def open_contact(ticket: Ticket, vault: Vault | None) -> str:
    """A ticket's contact data in clear. The caller answers for the record of it.

    Raises: ContactSealed, if it is sealed and there is no vault.
    """
    stored = ticket.contact or ""
    if not is_sealed(stored):
        return stored
    if vault is None:
        raise ContactSealed(ticket.ticket_no)
    return vault.open(stored, ticket.ticket_no)
