"""Citizens, officers, crashes and retries in any order: nothing is lost, doubled, illegal or silent.

`make test` walks some hundred steps on each database; WENFA_TEST_STEPS=10000 walks that many.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.ext.asyncio import AsyncSession

from tests.factories import (
    AFTER_PHOTO,
    CALENDAR,
    NOW,
    OFFICER,
    ROUTING,
    SUPERVISOR,
    make_conversation,
    make_new_ticket,
    make_service,
)
from tests.postgresql import Postgresql
from tickets.aftercare import Aftercare
from tickets.casework import Casework
from tickets.clock import run_clock
from tickets.conversations import receive, unhandled
from tickets.database import Database
from tickets.duplicates import Duplicates
from tickets.errors import (
    AfterPhotoRequired,
    BotError,
    StaleVersion,
    TicketMerged,
    TicketNotFound,
    TransitionNotAllowed,
)
from tickets.history import verify
from tickets.models import Conversation, Entry, Message, OutboxItem, Sender, Ticket
from tickets.outbox import claim, delivered, failed, next_attempt
from tickets.oversight import Oversight
from tickets.workflow import ALLOWED, ActorKind, Status, check_move

ResultT = TypeVar("ResultT")
ServiceT = TypeVar("ServiceT", bound=Casework)
STEPS = int(os.environ.get("WENFA_TEST_STEPS", "600"))
STEPS_OF_A_WALK = 50
# One attempt in four dies before its commit.
CRASH = st.sampled_from([False, False, False, True])
DEPARTMENTS = ["squad_longtian", "squad_gaoshan", "sanitation", "police"]


class CrashError(Exception):
    """The process died before the commit."""


def _as(service: type[ServiceT], session: AsyncSession, now: datetime) -> ServiceT:
    return service(session, routing=ROUTING, calendar=CALENDAR, now=now)


async def _hands_back(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await _as(Oversight, session, now).hand_back(one, "不归我们", actor=OFFICER)


async def _asks_for_time(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await _as(Oversight, session, now).apply_extension(one, "要鉴定", actor=OFFICER)


async def _rules(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    oversight = _as(Oversight, session, now)
    for application, ticket in await oversight.open_applications():
        approve = ticket.id % 2 == 0 or one < other
        await oversight.rule(application.id, approve, actor=SUPERVISOR, note="核实过")


async def _rates(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await _as(Aftercare, session, now).rate(one, conversation_id=citizen, score=2, is_solved=one == other)


async def _urges(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await _as(Aftercare, session, now).urge(one, conversation_id=citizen)


async def _follows(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await _as(Duplicates, session, now).follow(other, conversation_id=citizen)


async def _merges(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await _as(Duplicates, session, now).merge(one, other, actor=OFFICER)


async def _splits(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    await _as(Duplicates, session, now).split(one, actor=OFFICER)


async def _clock_ticks(session: AsyncSession, now: datetime, one: str, other: str, citizen: int) -> None:
    # Far ahead, because the steps of a walk are short; the calendar ends with the year.
    await run_clock(session, now + timedelta(days=16), routing=ROUTING, calendar=CALENDAR, limit=5)


DEEDS = {
    "hand back": _hands_back,
    "extension": _asks_for_time,
    "ruling": _rules,
    "rating": _rates,
    "urging": _urges,
    "following": _follows,
    "merging": _merges,
    "splitting": _splits,
    "clock": _clock_ticks,
}


class Office(RuleBasedStateMachine):
    """The bureau on one day. `self.status` and so on is what must be true; the database is asked
    whether it is.
    """

    new_url: Callable[[], str]
    updates = Bundle("updates")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        url = type(self).new_url()
        # Two processes on one database.
        self.processes = [self.run(_open(url)), self.run(_open(url))]
        self.now = NOW
        self.sent = 0
        self.status: dict[str, Status] = {}
        self.version: dict[str, int] = {}
        self.owner: dict[str, int] = {}
        self.filed: dict[tuple[int, str], str] = {}
        self.notices = 0
        self.merged: set[str] = set()
        self.photographed: set[str] = set()
        self.shown: dict[int, list[int]] = {}

    def run(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        return self.runner.run(work)

    def within(
        self, work: Callable[[AsyncSession], Awaitable[ResultT]], process: int = 0, crash: bool = False
    ) -> ResultT:
        """One transaction, which a crash may end before its commit."""

        async def transaction() -> ResultT:
            async with self.processes[process].transaction() as session:
                result = await work(session)
                if crash:
                    raise CrashError
                return result

        return self.run(transaction())

    # ---- citizens

    @initialize()
    def two_tickets_of_one_citizen(self) -> None:
        """So that every walk has something to do from its first step."""
        for update_id in ("first", "second"):
            self.channel_delivers((0, update_id), 0, False)

    @rule(target=updates, citizen=st.integers(0, 2))
    def sends(self, citizen: int) -> tuple[int, str]:
        """The channel has an update and will bring it again until it hears that we have it."""
        self.sent += 1
        return citizen, f"update-{self.sent}"

    @rule(update=updates, process=st.integers(0, 1), crash=CRASH)
    def channel_delivers(self, update: tuple[int, str], process: int, crash: bool) -> None:
        citizen, update_id = update

        async def work(session: AsyncSession) -> tuple[int, str] | None:
            conversation = await make_conversation(session, address=str(citizen), now=self.now)
            message = await receive(session, conversation, update_id, {"text": "有人倒垃圾"}, self.now)
            if message is None:
                return None
            new = make_new_ticket(conversation_id=conversation.id)
            filed = await make_service(session, now=self.now).file(new)
            message.handled_at = self.now
            return conversation.id, filed.ticket_no

        try:
            result = self.within(work, process, crash)
        except CrashError:
            return
        assert (result is None) == (update in self.filed)
        if result is not None:
            conversation_id, ticket_no = result
            assert ticket_no not in self.status
            self.filed[update] = ticket_no
            self.status[ticket_no] = Status.SUBMITTED
            self.version[ticket_no] = 1
            self.owner[ticket_no] = conversation_id

    @precondition(lambda self: self.status)
    @rule(data=st.data(), crash=CRASH)
    def citizen_withdraws(self, data: st.DataObject, crash: bool) -> None:
        ticket_no = data.draw(st.sampled_from(sorted(self.status)))
        conversation_id = data.draw(st.sampled_from(sorted(set(self.owner.values()))))

        async def work(session: AsyncSession) -> None:
            await make_service(session, now=self.now).withdraw(ticket_no, conversation_id=conversation_id)

        expected = self.expect_move(ticket_no, Status.WITHDRAWN, ActorKind.CITIZEN, "")
        if ticket_no in self.merged:
            expected = TicketMerged
        if self.owner[ticket_no] != conversation_id:
            expected = TicketNotFound
        if self.attempt(work, expected, crash):
            self.moved(ticket_no, Status.WITHDRAWN)
            self.run(self.read_back())

    @precondition(lambda self: self.status)
    @rule(data=st.data(), crash=CRASH)
    def citizen_adds(self, data: st.DataObject, crash: bool) -> None:
        ticket_no = data.draw(st.sampled_from(sorted(self.status)))

        async def work(session: AsyncSession) -> None:
            await make_service(session, now=self.now).add_citizen_message(
                ticket_no, "还在", conversation_id=self.owner[ticket_no]
            )

        expected: type[Exception] | None = None if self.status[ticket_no].is_open else TransitionNotAllowed
        if ticket_no in self.merged:
            expected = TicketMerged
        if self.attempt(work, expected, crash) and self.status[ticket_no] is Status.AWAITING_CITIZEN:
            self.moved(ticket_no, Status.IN_PROGRESS)

    # ---- officers

    @precondition(lambda self: self.status)
    @rule(
        data=st.data(),
        wanted=st.sampled_from(Status),
        is_legal=st.booleans(),
        note=st.sampled_from(["", "已处理"]),
        age=st.sampled_from([None, 0, 0, 1]),
        crash=CRASH,
        process=st.integers(0, 1),
        photos=st.sampled_from([(), (AFTER_PHOTO,)]),
    )
    def officer_moves(
        self,
        data: st.DataObject,
        wanted: Status,
        is_legal: bool,
        note: str,
        age: int | None,
        crash: bool,
        process: int,
        photos: tuple[str, ...],
    ) -> None:
        """`age`: how many versions ago the officer's page was loaded; None sends no version."""
        ticket_no = data.draw(st.sampled_from(sorted(self.status)))
        possible = sorted(ALLOWED[self.status[ticket_no]])
        new = data.draw(st.sampled_from(possible)) if is_legal and possible else wanted
        version = None if age is None else self.version[ticket_no] - age

        async def work(session: AsyncSession) -> None:
            await make_service(session, now=self.now).change_status(
                ticket_no, new, actor=OFFICER, note=note, expected_version=version, photos=photos
            )

        expected = self.expect_move(ticket_no, new, ActorKind.OFFICER, note)
        lacks_photo = new is Status.RESOLVED and not photos and ticket_no not in self.photographed
        if expected is None and lacks_photo:
            expected = AfterPhotoRequired
        if age == 1:
            expected = StaleVersion
        if ticket_no in self.merged:
            expected = TicketMerged
        if self.attempt(work, expected, crash, process):
            told = self.notices
            self.moved(ticket_no, new)
            self.photographed |= {ticket_no} if photos else set()
            self.notices = self.run(self.count_messages())
            assert self.notices > told

    @precondition(lambda self: self.status)
    @rule(data=st.data(), department=st.sampled_from(DEPARTMENTS), crash=CRASH)
    def supervisor_assigns(self, data: st.DataObject, department: str, crash: bool) -> None:
        ticket_no = data.draw(st.sampled_from(sorted(self.status)))

        async def work(session: AsyncSession) -> tuple[Status, int]:
            service = make_service(session, now=self.now)
            await service.assign(ticket_no, department=department, actor=SUPERVISOR)
            ticket = await service.find(ticket_no)
            return ticket.status, ticket.version

        try:
            status, version = self.within(work, crash=crash)
        except (CrashError, BotError):
            is_refused = department == "police" or not self.status[ticket_no].is_open
            assert crash or is_refused or ticket_no in self.merged
            return
        was = self.status[ticket_no]
        assert was.is_open
        assert status in (was, Status.ASSIGNED)
        self.status[ticket_no], self.version[ticket_no] = status, version
        self.notices = self.run(self.count_messages())

    @precondition(lambda self: self.status)
    @rule(data=st.data(), crash=CRASH, process=st.integers(0, 1))
    def officer_replies(self, data: st.DataObject, crash: bool, process: int) -> None:
        ticket_no = data.draw(st.sampled_from(sorted(self.status)))

        async def work(session: AsyncSession) -> None:
            await make_service(session, now=self.now).reply(ticket_no, "已收到", actor=OFFICER)

        expected = TicketMerged if ticket_no in self.merged else None
        if self.attempt(work, expected, crash, process):
            told = self.notices
            self.version[ticket_no] += 1
            self.notices = self.run(self.count_messages())
            assert self.notices > told

    # ---- everything else, whose outcome is read back; the invariants and the books judge it

    @precondition(lambda self: self.status)
    @rule(data=st.data(), deed=st.sampled_from(sorted(DEEDS)), crash=CRASH, process=st.integers(0, 1))
    def something_rarer_happens(self, data: st.DataObject, deed: str, crash: bool, process: int) -> None:
        one = data.draw(st.sampled_from(sorted(self.status)))
        other = data.draw(st.sampled_from(sorted(self.status)))

        async def work(session: AsyncSession) -> None:
            await DEEDS[deed](session, self.now, one, other, self.owner[one])

        try:
            self.within(work, process, crash)
        except (CrashError, BotError):
            return
        self.run(self.read_back())

    async def read_back(self) -> None:
        async with self.processes[0].reading() as session:
            rows = await session.execute(
                sa.select(Ticket.ticket_no, Ticket.status, Ticket.version, Ticket.merged_into_id)
            )
            self.merged.clear()
            for ticket_no, status, version, merged_into in rows:
                self.status[ticket_no], self.version[ticket_no] = status, version
                if merged_into is not None:
                    self.merged.add(ticket_no)
        self.notices = await self.count_messages()

    # ---- the outbox

    @rule(process=st.integers(0, 1), limit=st.integers(1, 4), data=st.data())
    def worker_runs(self, process: int, limit: int, data: st.DataObject) -> None:
        """Takes items; each is shown, and then the worker reports, dies or reports a failure it only
        imagined.
        """
        for delivery in self.within(lambda session: claim(session, self.now, limit, 60), process):
            fate = data.draw(st.sampled_from(["ok", "ok", "ok", "died before", "died after", "timeout"]))
            if fate == "died before":
                return
            self.show(delivery.conversation_id, delivery.message_id)
            if fate == "died after":
                return
            if fate == "ok":
                self.report(delivery.item_id, process)
            else:
                self.report_failure(delivery.item_id, delivery.attempts)

    @rule(seconds=st.sampled_from([1, 61, 600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def show(self, conversation_id: int, message_id: int) -> None:
        """As a channel does: what was shown is not shown again."""
        shown = self.shown.setdefault(conversation_id, [])
        if message_id not in shown:
            assert not shown or shown[-1] < message_id, "out of order"
            shown.append(message_id)

    def report(self, item_id: int, process: int = 0) -> None:
        self.within(lambda session: delivered(session, item_id, self.now), process)

    def report_failure(self, item_id: int, attempts: int) -> None:
        retry_at = next_attempt(min(attempts, 5), self.now)
        self.within(lambda session: failed(session, item_id, "timeout", self.now, retry_at))

    # ---- what must be true

    def attempt(
        self,
        work: Callable[[AsyncSession], Awaitable[None]],
        expected: type[Exception] | None,
        crash: bool,
        process: int = 0,
    ) -> bool:
        """Whether it was done; it must fail exactly if `expected` says so."""
        if expected is not None:
            with pytest.raises(expected):
                self.within(work, process)
            return False
        try:
            self.within(work, process, crash)
        except CrashError:
            return False
        return True

    def expect_move(self, ticket_no: str, new: Status, actor: ActorKind, note: str) -> type[Exception] | None:
        try:
            check_move(self.status[ticket_no], new, actor, note)
        except BotError as error:
            return type(error)
        return None

    def moved(self, ticket_no: str, new: Status) -> None:
        self.status[ticket_no] = new
        self.version[ticket_no] += 1

    async def count_messages(self) -> int:
        async with self.processes[1].reading() as session:
            wanted = sa.select(sa.func.count(Message.id)).where(Message.sender != Sender.CITIZEN)
            return await session.scalar(wanted) or 0

    @invariant()
    def tickets_are_what_they_should_be(self) -> None:
        async def read() -> dict[str, tuple[Status, int]]:
            async with self.processes[1].reading() as session:
                rows = await session.execute(sa.select(Ticket.ticket_no, Ticket.status, Ticket.version))
                return {ticket_no: (status, version) for ticket_no, status, version in rows}

        assert self.run(read()) == {
            ticket_no: (status, self.version[ticket_no]) for ticket_no, status in self.status.items()
        }
        assert self.run(self.count_messages()) == self.notices

    def teardown(self) -> None:
        """The day ends: what is in the outbox goes out, and the books are checked."""
        try:
            self.run(self.close_the_day())
        finally:
            for process in self.processes:
                self.run(process.close())
            self.runner.close()

    async def close_the_day(self) -> None:
        # Past what the clock that ran ahead has posted.
        self.now += timedelta(days=20)
        for _ in range(1000):
            self.now += timedelta(hours=7)
            async with self.processes[0].transaction() as session:
                deliveries = await claim(session, self.now, 50)
                for delivery in deliveries:
                    self.show(delivery.conversation_id, delivery.message_id)
                    await delivered(session, delivery.item_id, self.now)
            if not deliveries:
                break
        async with self.processes[1].reading() as session:
            assert await verify(session) == []
            assert await unhandled(session) == []
            await self.check_the_books(session)
            assert await self.undelivered(session) == 0
            outgoing = sa.select(Message).where(Message.sender != Sender.CITIZEN).order_by(Message.id)
            posted: dict[int, list[int]] = {}
            for message in await session.scalars(outgoing):
                posted.setdefault(message.conversation_id, []).append(message.id)
            assert self.shown == posted
            channels = sa.select(sa.func.count(Conversation.id))
            assert (await session.scalar(channels) or 0) == len({citizen for citizen, _ in self.filed})

    @staticmethod
    async def check_the_books(session: AsyncSession) -> None:
        """Every move on record is one of the table, and every ticket is with somebody who may have it."""
        moved = sa.select(Entry.from_status, Entry.to_status).where(Entry.from_status.is_not(None))
        for old, new in await session.execute(moved):
            assert old is not None
            assert new in ALLOWED[old]
        for ticket in await session.scalars(sa.select(Ticket)):
            assert ROUTING.may_hold(ticket.category, ticket.department)

    @staticmethod
    async def undelivered(session: AsyncSession) -> int | None:
        return await session.scalar(
            sa.select(sa.func.count(OutboxItem.id)).where(OutboxItem.delivered_at.is_(None))
        )


async def _open(url: str) -> Database:
    return Database(url)


def walk(new_url: Callable[[], str]) -> None:
    class ThisOffice(Office):
        pass

    ThisOffice.new_url = staticmethod(new_url)  # type: ignore[assignment] # a plain function
    run_state_machine_as_test(
        ThisOffice,
        settings=settings(
            max_examples=max(1, STEPS // STEPS_OF_A_WALK),
            stateful_step_count=STEPS_OF_A_WALK,
            deadline=None,
            database=None,
            derandomize=True,
            # Making a failing walk short takes minutes; a long one is better than none.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_nothing_is_lost_doubled_or_illegal_on_sqlite(migrated_file: Path, tmp_path: Path) -> None:
    numbers = itertools.count()

    def new_url() -> str:
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copy(migrated_file, path)
        return f"sqlite+aiosqlite:///{path}"

    walk(new_url)


def test_nothing_is_lost_doubled_or_illegal_on_postgresql(postgresql: Postgresql) -> None:
    with ExitStack() as lent:
        walk(lambda: lent.enter_context(postgresql.lent()))
