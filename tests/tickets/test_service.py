"""What citizens and officers do with tickets."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from tests.factories import (
    OFFICER,
    make_conversation,
    make_new_ticket,
    make_service,
    make_ticket,
)
from tickets.database import Database
from tickets.history import verify
from tickets.models import Message, OutboxItem, Ticket
from tickets.workflow import Status


async def test_file_gives_number_owner_and_day(database: Database) -> None:
    async with database.transaction() as session:
        filed = await make_service(session).file(make_new_ticket())

    assert filed.ticket_no == "FQ20261123-0001"
    assert filed.department_name == "龙田中队"
    assert filed.due_on == date(2026, 12, 7)
    assert len(filed.receipt_code) == 8


async def test_change_status_tells_the_citizen_in_the_same_transaction(database: Database) -> None:
    async with database.transaction() as session:
        conversation = await make_conversation(session)
        filed = await make_ticket(session, conversation_id=conversation.id)

    async def crash_before_the_commit() -> None:
        async with database.transaction() as session:
            await make_service(session).change_status(filed.ticket_no, Status.ACCEPTED, actor=OFFICER)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError):
        await crash_before_the_commit()
    async with database.reading() as session:
        assert (await session.scalars(select(OutboxItem))).all() == []
        assert (await session.scalar(select(Ticket.status))) is Status.SUBMITTED

    async with database.transaction() as session:
        await make_service(session).change_status(filed.ticket_no, Status.ACCEPTED, actor=OFFICER)
    async with database.reading() as session:
        message = (await session.scalars(select(Message))).one()
        assert message.content["text"] == "notice_status_accepted"
        assert message.content["params"]["ticket_no"] == filed.ticket_no
        assert (await session.scalars(select(OutboxItem))).one().message_id == message.id
        assert await verify(session) == []
