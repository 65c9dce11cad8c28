"""A reply with a photo and a file, on its way to a citizen."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from bot.services import Services
from tests.factories import OFFICER, make_conversation, make_ticket
from tests.pictures import jpeg
from tests.tickets.test_enclosures import PDF
from tickets.enclosures import Enclosures, checked_file
from tickets.workflow import Status


async def reply_with_files(services: Services, channel: str, address: str) -> None:
    """An officer answers a ticket of the conversation at that address."""
    photo = await asyncio.to_thread(services.photos.save, jpeg())
    enclosed = Enclosures((photo.sha256,), (checked_file("告知书.pdf", PDF),))
    now = datetime.now(UTC)
    async with services.database.transaction() as session:
        conversation = await make_conversation(session, channel, address, now)
        filed = await make_ticket(session, Status.SUBMITTED, now, conversation_id=conversation.id)
        await services.tickets(session, now).reply(
            filed.ticket_no, "请看附件", actor=OFFICER, enclosed=enclosed
        )
