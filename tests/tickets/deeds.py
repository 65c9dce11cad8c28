"""What citizens, officers and the clock may do with tickets, for the machine that does it at random.

Each deed takes a session, the moment, two tickets and the conversation of the first one's citizen (0:
nobody's). It may be refused with a `BotError`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import AFTER_PHOTO, CALENDAR, NOW, ROUTING, make_officer
from tickets.aftercare import Aftercare, CallOutcome
from tickets.casework import Casework
from tickets.clock import run_clock
from tickets.conversations import lock
from tickets.duplicates import Duplicates
from tickets.duty import DutyDesk
from tickets.errors import ConversationNotFound
from tickets.legal_review import LegalReview
from tickets.live import LiveDesk
from tickets.live_review import LiveReview
from tickets.models import AnswerDraft, DraftState, Role, Ticket
from tickets.oversight import Oversight
from tickets.privacy import Privacy
from tickets.retention import Retention, RetentionRules
from tickets.service import TicketService
from tickets.values import Actor
from tickets.vault import Vault
from tickets.workflow import ActorKind

ServiceT = TypeVar("ServiceT", bound=Casework)
Deed = Callable[..., Awaitable[None]]

VAULT = Vault({"k": bytes(32)}, "k")
# The officers of `hire`, by their ids.
OFFICER = Actor(ActorKind.OFFICER, "1", "林工", role=Role.OFFICER)
SUPERVISOR = Actor(ActorKind.OFFICER, "2", "陈督办", role=Role.SUPERVISOR)
ADVISER = Actor(ActorKind.OFFICER, "3", "安律师", role=Role.LEGAL_ADVISER)
COLLEAGUE = Actor(ActorKind.OFFICER, "4", "高律师", role=Role.LEGAL_ADVISER)
REVIEWER = Actor(ActorKind.OFFICER, "5", "白科长", role=Role.LEGAL_REVIEWER)
PENALTY = "初次违法且危害后果轻微的，可以不予处罚。"
# Ahead of now; the calendar ends with the year.
LATER = timedelta(days=16)


async def hire(session: AsyncSession) -> None:
    """Five people, and two of them on the rota."""
    for username, role, department in (
        ("lin", Role.OFFICER, "squad_longtian"),
        ("chen", Role.SUPERVISOR, None),
        ("an", Role.LEGAL_ADVISER, "legal"),
        ("gao", Role.LEGAL_ADVISER, "legal"),
        ("bai", Role.LEGAL_REVIEWER, "legal"),
    ):
        await make_officer(session, username=username, role=role, department=department)
    await working(DutyDesk, session, NOW).plan(NOW.date(), [3, 4], actor=SUPERVISOR)


def working(service: type[ServiceT], session: AsyncSession, now: datetime) -> ServiceT:
    """A service on the real data."""
    return service(session, routing=ROUTING, calendar=CALENDAR, now=now, vault=VAULT)


async def takes(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(TicketService, session, now).assign(one, officer_id=1, actor=OFFICER)


async def notes(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(TicketService, session, now).add_note(one, "去看过", actor=OFFICER)


async def photographs(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(TicketService, session, now).add_after_photos(one, [AFTER_PHOTO], actor=OFFICER)


async def hands_back(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(Oversight, session, now).hand_back(one, "不归我们", actor=OFFICER)


async def asks_for_time(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(Oversight, session, now).apply_extension(one, "要鉴定", actor=OFFICER)


async def agrees(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    oversight = working(Oversight, session, now)
    for application, _ in await oversight.open_applications(1):
        await oversight.rule(application.id, True, actor=SUPERVISOR, note="核实过")


async def refuses(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    oversight = working(Oversight, session, now)
    for application, _ in await oversight.open_applications(1):
        await oversight.rule(application.id, False, actor=SUPERVISOR, note="归你们")


async def is_handed_back_twice(
    session: AsyncSession, now: datetime, one: str, other: str, citizen: int
) -> None:
    """To the head of the zone, who keeps it."""
    oversight = working(Oversight, session, now)
    for _ in range(2):
        application = await oversight.hand_back(one, "不归我们", actor=OFFICER)
        await oversight.rule(application, True, actor=SUPERVISOR)


async def supervises(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(Oversight, session, now).supervise(one, "盯紧", actor=SUPERVISOR)


async def is_of_another_category(
    session: AsyncSession, now: datetime, one: str, other: str, citizen: int
) -> None:
    category = "officer_conduct" if one < other else "street_vending"
    await working(Oversight, session, now).change_category(one, category, "看错了", actor=SUPERVISOR)


async def is_solved(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(Aftercare, session, now).rate(one, conversation_id=citizen, score=5, is_solved=True)


async def is_not_solved(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(Aftercare, session, now).rate(one, conversation_id=citizen, score=2, is_solved=False)


async def is_called(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    """Whoever left a number and no verdict, once the ticket is in the archive."""
    outcome = CallOutcome.UNSOLVED if one < other else CallOutcome.UNREACHED
    await clock_runs_ahead(session, now, one, other, citizen)
    await working(Aftercare, session, now).called_back(one, outcome, "打过电话", actor=SUPERVISOR)


async def urges(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(Aftercare, session, now).urge(one, conversation_id=citizen)


async def follows(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    if not citizen:
        raise ConversationNotFound("0")
    await working(Duplicates, session, now).follow(other, conversation_id=citizen)


async def merges(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(Duplicates, session, now).merge(one, other, actor=OFFICER)


async def splits(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(Duplicates, session, now).split(one, actor=OFFICER)


async def drafts(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(LegalReview, session, now).submit(one, PENALTY, actor=ADVISER, resolves=one < other)


async def _pending(session: AsyncSession) -> int:
    waiting = sa.select(AnswerDraft.id).where(AnswerDraft.state == DraftState.PENDING)
    return await session.scalar(waiting.order_by(AnswerDraft.id.desc()).limit(1)) or 0


async def approves(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(LegalReview, session, now).approve(await _pending(session), actor=REVIEWER)


async def returns(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(LegalReview, session, now).send_back(await _pending(session), "再想想", actor=REVIEWER)


async def takes_draft_back(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(LegalReview, session, now).withdraw(await _pending(session), actor=ADVISER)


async def passes_on(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    desk = working(DutyDesk, session, now)
    holder = (await desk.find(one)).officer_id
    actor = COLLEAGUE if holder == int(COLLEAGUE.id) else ADVISER
    await desk.pass_on(one, "squad_longtian", "归你们", actor=actor)


async def goes_on_leave(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    day = now.date()
    away = 3 if one < other else 4
    await working(DutyDesk, session, now).leave(away, day, day, "培训", actor=SUPERVISOR)


async def hands_over(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    desk, day = working(DutyDesk, session, now), now.date()
    giver, taker = (3, 4) if one < other else (4, 3)
    await desk.hand_over(giver, taker, day, day + timedelta(days=1), "看附件", actor=SUPERVISOR)


async def wants_a_person(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await lock(session, citizen)
    await working(LiveDesk, session, now).ask(citizen, one)


async def takes_over(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(LiveDesk, session, now).take_over(citizen, actor=OFFICER, ticket_no=one)


async def talks(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(LiveDesk, session, now).say(citizen, "您好，在哪条路？", actor=OFFICER)


async def drafts_in_a_talk(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(LiveReview, session, now).submit(citizen, PENALTY, actor=OFFICER)


async def ends_the_talk(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await working(LiveDesk, session, now).hand_back(citizen, "说好了", actor=OFFICER, resolve=one < other)


async def looks_at_the_number(
    session: AsyncSession, now: datetime, one: str, other: str, citizen: int
) -> None:
    await working(Privacy, session, now).reveal_contact(one, "回访", actor=SUPERVISOR)


async def is_erased(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    """The words of a ticket go, as its citizen asks."""
    privacy = working(Privacy, session, now)
    ticket: Ticket = await privacy.find(one, lock=True)
    await privacy.erase_ticket(ticket, SUPERVISOR, "申请", lambda _: None)


async def is_retired(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    """What is closed long enough goes by itself."""
    await working(Retention, session, now + LATER).run(RetentionRules(2, 0, 12), lambda _: None, limit=1)


async def clock_ticks(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await run_clock(session, now, routing=ROUTING, calendar=CALENDAR, limit=5)


async def clock_runs_ahead(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    """Because the steps of a walk are short."""
    await run_clock(session, now + LATER, routing=ROUTING, calendar=CALENDAR, limit=5)


DEEDS: tuple[Deed, ...] = (
    takes,
    notes,
    photographs,
    hands_back,
    asks_for_time,
    agrees,
    refuses,
    is_handed_back_twice,
    supervises,
    is_of_another_category,
    is_solved,
    is_not_solved,
    is_called,
    urges,
    follows,
    merges,
    splits,
    drafts,
    approves,
    returns,
    takes_draft_back,
    passes_on,
    goes_on_leave,
    hands_over,
    wants_a_person,
    takes_over,
    talks,
    drafts_in_a_talk,
    ends_the_talk,
    looks_at_the_number,
    is_erased,
    is_retired,
    clock_ticks,
    clock_runs_ahead,
)
