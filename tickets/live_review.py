"""A legal answer in a live talk: it goes out after a review, as the answer to a consultation ticket."""

from __future__ import annotations

from sqlalchemy import select

from tickets import conversations
from tickets.legal_review import LegalReview
from tickets.live import LiveDesk
from tickets.models import Message, Sender, Ticket
from tickets.service import TicketService
from tickets.values import Actor, NewTicket
from tickets.workflow import TicketKind

# What the citizen said last is the question.
_QUESTION_MESSAGES = 5
_MAX_QUESTION = 1000
_NO_WORDS = "（会话中的咨询）"


class LiveReview(LiveDesk):
    """Talks whose next answer must be reviewed."""

    async def submit(self, conversation_id: int, text: str, *, actor: Actor) -> str:
        """Hand an answer in for review. A talk about no ticket becomes a consultation first, and the citizen
        gets its number and code.

        Returns: the ticket's number.

        Raises: ConversationNotFound; NotTalking; and what `LegalReview.submit` raises.
        """
        await conversations.lock(self.session, conversation_id)
        talk = await self._own_talk(conversation_id, actor)
        if talk.ticket_id is None:
            talk.ticket_id = await self._file(conversation_id)
            self._waits_no_longer(talk)
        ticket = await self.session.get_one(Ticket, talk.ticket_id)
        await self.bound(LegalReview).submit(ticket.ticket_no, text, actor=actor)
        return ticket.ticket_no

    async def _file(self, conversation_id: int) -> int:
        tickets = self.bound(TicketService)
        filed = await tickets.file(
            NewTicket(
                kind=TicketKind.CONSULTATION,
                category="other",
                categories=("other",),
                summary=await self._question(conversation_id),
                conversation_id=conversation_id,
            )
        )
        params = {"ticket_no": filed.ticket_no, "receipt_code": filed.receipt_code}
        ticket = await tickets.find(filed.ticket_no)
        await self._post(conversation_id, "live_filed", params, ticket_id=ticket.id)
        return ticket.id

    async def _question(self, conversation_id: int) -> str:
        newest = await self.session.scalars(
            select(Message)
            .where(Message.conversation_id == conversation_id, Message.sender == Sender.CITIZEN)
            .order_by(Message.id.desc())
            .limit(_QUESTION_MESSAGES)
        )
        # A button's label is no question.
        words = [str(one.content.get("text") or "").strip() for one in newest if "payload" not in one.content]
        return "\n".join(word for word in reversed(words) if word)[-_MAX_QUESTION:] or _NO_WORDS
