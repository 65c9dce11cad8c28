"""The three rates from columns and from the history are the same, whatever happened."""

from __future__ import annotations

import random
from datetime import date, timedelta

from sqlalchemy import text, true
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import (
    AFTER_PHOTO,
    CALENDAR,
    NOW,
    OFFICER,
    ROUTING,
    SUPERVISOR,
    make_conversation,
    make_service,
    make_ticket,
)
from tickets.aftercare import Aftercare
from tickets.database import Database
from tickets.duplicates import Duplicates
from tickets.errors import BotError
from tickets.privacy import Privacy
from tickets.rates import Rates, rates_from_history
from tickets.statistics import Period, figures
from tickets.workflow import Status

STEPS = ("reply", "accept", "reply", "resolve", "rate", "reopen", "resolve", "rate", "withdraw")
PERIOD = Period(date(2026, 10, 26), date(2026, 11, 22))


async def _both(session: AsyncSession) -> tuple[Rates, Rates]:
    history = await rates_from_history(session, PERIOD, CALENDAR, NOW)
    return history, Rates.of((await figures(session, true(), NOW, PERIOD)).total)


async def _some_life(session: AsyncSession, chance: random.Random, number: int) -> str:
    """One ticket that is filed, replied to, resolved, rated, reopened or withdrawn as chance will have it."""
    at = NOW - timedelta(days=chance.randrange(0, 35), hours=chance.randrange(24))
    conversation = await make_conversation(session, address=f"v{number}", now=at)
    filed = await make_ticket(session, now=at, conversation_id=conversation.id)
    for step in (one for one in STEPS if chance.random() < 0.75):
        at += timedelta(hours=chance.randrange(120))
        service = make_service(session, now=at)
        try:
            async with session.begin_nested():
                await _step(service, step, filed.ticket_no, conversation.id, chance)
        except BotError:
            continue
    return filed.ticket_no


async def _step(service, step: str, ticket_no: str, conversation_id: int, chance: random.Random) -> None:  # type: ignore[no-untyped-def]  # of make_service
    if step == "reply":
        await service.reply(ticket_no, "马上去看", actor=OFFICER)
    elif step == "accept":
        await service.change_status(ticket_no, Status.ACCEPTED, actor=OFFICER)
    elif step == "resolve":
        await service.change_status(
            ticket_no, Status.RESOLVED, actor=OFFICER, note="清走了", photos=(AFTER_PHOTO,)
        )
    elif step == "withdraw":
        await service.withdraw(ticket_no, conversation_id=conversation_id)
    elif step == "reopen":
        await service.change_status(ticket_no, Status.REOPENED, actor=SUPERVISOR, note="没有清完")
    else:
        await service.bound(Aftercare).rate(
            ticket_no,
            conversation_id=conversation_id,
            score=chance.randint(1, 5),
            is_solved=chance.random() < 0.5,
        )


async def test_columns_and_history_agree_whatever_happens(database: Database) -> None:
    chance = random.Random(20261123)  # noqa: S311 - a test's dice
    async with database.transaction() as session:
        numbers = [await _some_life(session, chance, number) for number in range(40)]
        merging = Duplicates(session, routing=ROUTING, calendar=CALENDAR, now=NOW)
        for source, target in zip(numbers[:12:2], numbers[1:12:2], strict=True):
            try:
                async with session.begin_nested():
                    await merging.merge(source, target, actor=OFFICER)
            except BotError:
                continue
        privacy = Privacy(session, routing=ROUTING, calendar=CALENDAR, now=NOW)
        for conversation_id in (20, 21, 22, 23, 24):
            await privacy.erase(
                conversation_id, actor=SUPERVISOR, reason="本人要求", delete_photo=lambda sha256: None
            )
        history, columns = await _both(session)

    assert history == columns
    assert 0 < history.replies_in_time < history.replies <= history.filed < 40
    assert 0 < history.satisfied < history.rated
    assert 0 < history.solved < history.rated


async def test_who_writes_better_figures_into_the_columns_is_found_out(database: Database) -> None:
    async with database.transaction() as session:
        await make_ticket(session, now=NOW - timedelta(days=9))
        assert (await _both(session))[0] == (await _both(session))[1]
        await session.execute(
            text("UPDATE tickets SET first_replied_at = created_at, rating = 5, is_solved = true")
        )
        session.expire_all()
        history, columns = await _both(session)

    assert (history.replies_in_time, history.rated) == (0, 0)
    assert (columns.replies_in_time, columns.rated) == (1, 1)


async def test_a_late_first_reply_stays_late_when_the_ticket_is_reopened(database: Database) -> None:
    at = NOW - timedelta(days=20)
    async with database.transaction() as session:
        conversation = await make_conversation(session, now=at)
        filed = await make_ticket(session, now=at, conversation_id=conversation.id)
        late = make_service(session, now=at + timedelta(days=10))
        await late.change_status(filed.ticket_no, Status.ACCEPTED, actor=OFFICER)
        await late.reply(filed.ticket_no, "才看到", actor=OFFICER)
        await late.change_status(
            filed.ticket_no, Status.RESOLVED, actor=OFFICER, note="清走了", photos=(AFTER_PHOTO,)
        )
        await late.bound(Aftercare).rate(
            filed.ticket_no, conversation_id=conversation.id, score=1, is_solved=False
        )
        history, columns = await _both(session)

    assert history == columns
    assert (history.replies, history.replies_in_time) == (1, 0)
