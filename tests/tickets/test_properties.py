"""Citizens, officers, crashes and retries in any order: nothing is lost, doubled, illegal or silent.

`make test` walks some hundred steps on each database; WENFA_TEST_STEPS=10000 walks that many, and then every
deed must have been done at least once.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import partial
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

from tests.factories import AFTER_PHOTO, NOW, ROUTING, make_conversation, make_new_ticket, make_service
from tests.postgresql import Postgresql
from tests.tickets.deeds import DEEDS, OFFICER, SUPERVISOR, VAULT, Deed, hire, working
from tickets.conversations import receive, unhandled
from tickets.database import Database
from tickets.errors import (
    AfterPhotoRequired,
    BotError,
    StaleVersion,
    TicketMerged,
    TicketNotFound,
    TransitionNotAllowed,
)
from tickets.models import (
    Attachment,
    Conversation,
    Entry,
    EntryKind,
    Message,
    Officer,
    OutboxItem,
    Purpose,
    Sender,
    Ticket,
)
from tickets.outbox import GONE, claim, delivered, failed, next_attempt
from tickets.privacy import Privacy
from tickets.values import Actor
from tickets.verification import verify
from tickets.workflow import ALLOWED, ActorKind, Status, TicketKind, check_move

ResultT = TypeVar("ResultT")
STEPS = int(os.environ.get("WENFA_TEST_STEPS", "300"))
STEPS_OF_A_WALK = 50
# So many that none of the deeds can have been left out by chance.
MANY_STEPS = 10_000
REFUSED: Any = object()
DEEDS_OF_A_DAY = 12
TICKETS_TRIED = 6
# One attempt in four dies before its commit.
CRASH = st.sampled_from([False, False, False, True])
DEPARTMENTS = ["squad_longtian", "squad_gaoshan", "sanitation", "police"]


class CrashError(Exception):
    """The process died before the commit."""


def _is_consultation(update_id: str) -> bool:
    return update_id.endswith(("second", "3", "6", "9"))


class Office(RuleBasedStateMachine):
    """The bureau on one day. `self.status` and so on is what must be true; the database is asked
    whether it is.
    """

    new_url: Callable[[], str]
    done: Counter[str]
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
        # The citizen's conversation, None once that was erased.
        self.owner: dict[str, int | None] = {}
        # Kind and category, which say whether it is resolved with a photo, and who may have it.
        self.about: dict[str, tuple[TicketKind, str]] = {}
        self.filed: dict[tuple[int, str], str] = {}
        # Whoever is erased is erased with all that a channel brought; it doesn't bring that again.
        self.forgotten: set[tuple[int, str]] = set()
        self.erased: set[int] = set()
        self.notices = 0
        self.merged: set[str] = set()
        # Those, and the ones that they rest in: what its reporters do to one of them happens to another.
        self.involved: set[str] = set()
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
        self.within(hire)
        for update_id in ("first", "second"):
            self.channel_delivers((0, update_id), 0, False)

    @rule(target=updates, citizen=st.integers(0, 2))
    def sends(self, citizen: int) -> tuple[int, str]:
        """The channel has an update and will bring it again until it hears that we have it."""
        self.sent += 1
        return citizen, f"update-{self.sent}"

    @rule(update=updates, process=st.integers(0, 1), crash=CRASH)
    def channel_delivers(self, update: tuple[int, str], process: int, crash: bool) -> None:
        if update in self.forgotten:
            return
        try:
            result = self.within(lambda session: self.take_in(session, update), process, crash)
        except CrashError:
            return
        assert (result is None) == (update in self.filed)
        self.note_filing(update, result)

    @rule(update=updates)
    def channel_delivers_to_both_at_once(self, update: tuple[int, str]) -> None:
        if update in self.forgotten:
            return
        results = self.both(
            lambda session: self.take_in(session, update), lambda session: self.take_in(session, update)
        )
        made = [result for result in results if result is not None]
        assert len(made) == (update not in self.filed)
        self.note_filing(update, made[0] if made else None)

    async def take_in(self, session: AsyncSession, update: tuple[int, str]) -> str | None:
        """One turn: the message is stored, the ticket filed."""
        citizen, update_id = update
        conversation = await make_conversation(session, address=str(citizen), now=self.now)
        message = await receive(session, conversation, update_id, {"text": "有人倒垃圾"}, self.now)
        if message is None:
            return None
        changes: dict[str, Any] = {"conversation_id": conversation.id, "contact": "13800000000"}
        if _is_consultation(update_id):
            changes |= {"kind": "consultation", "category": "other", "summary": "会罚款吗"}
        if update_id.endswith("5"):
            changes["priority"] = "urgent"
        filed = await make_service(session, now=self.now, vault=VAULT).file(make_new_ticket(**changes))
        message.handled_at = self.now
        return filed.ticket_no

    def note_filing(self, update: tuple[int, str], ticket_no: str | None) -> None:
        if ticket_no is not None:
            assert ticket_no not in self.status
            self.filed[update] = ticket_no
            self.run(self.read_back())
            assert self.status[ticket_no] is Status.SUBMITTED

    @rule(citizen=st.integers(0, 2), crash=CRASH)
    def citizen_is_erased(self, citizen: int, crash: bool) -> None:
        async def work(session: AsyncSession) -> int | None:
            theirs = sa.select(Conversation.id).where(Conversation.address == str(citizen))
            conversation_id = await session.scalar(theirs)
            if conversation_id is not None and self.now.minute % 3 == 0:
                privacy = working(Privacy, session, self.now)
                await privacy.erase(
                    conversation_id, actor=SUPERVISOR, reason="申请", delete_photo=lambda _: None
                )
                return conversation_id
            return None

        try:
            erased = self.within(work, crash=crash)
        except CrashError:
            return
        if erased is not None:
            self.erased.add(erased)
            self.forgotten |= {update for update in self.filed if update[0] == citizen}
            self.run(self.read_back())

    @precondition(lambda self: self.status)
    @rule(data=st.data(), crash=CRASH)
    def citizen_withdraws(self, data: st.DataObject, crash: bool) -> None:
        ticket_no = data.draw(st.sampled_from(sorted(self.status)))
        known = {owner for owner in self.owner.values() if owner is not None} or {0}
        conversation_id = data.draw(st.sampled_from(sorted(known)))

        async def work(session: AsyncSession) -> None:
            await make_service(session, now=self.now).withdraw(ticket_no, conversation_id=conversation_id)

        if ticket_no in self.involved:
            self.try_it(work, crash)
            return
        expected = self.expect_move(ticket_no, Status.WITHDRAWN, ActorKind.CITIZEN, "")
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
                ticket_no, "还在", conversation_id=self.owner[ticket_no] or 0
            )

        if ticket_no in self.involved:
            self.try_it(work, crash)
            return
        expected: type[Exception] | None = None if self.status[ticket_no].is_open else TransitionNotAllowed
        if self.owner[ticket_no] is None:
            expected = TicketNotFound
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
        actor=st.sampled_from([OFFICER, OFFICER, SUPERVISOR]),
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
        actor: Actor,
    ) -> None:
        """`age`: how many versions ago the officer's page was loaded; None sends no version."""
        ticket_no = data.draw(st.sampled_from(sorted(self.status)))
        possible = sorted(ALLOWED[self.status[ticket_no]])
        new = data.draw(st.sampled_from(possible)) if is_legal and possible else wanted
        version = None if age is None else self.version[ticket_no] - age

        async def work(session: AsyncSession) -> None:
            await make_service(session, now=self.now).change_status(
                ticket_no, new, actor=actor, note=note, expected_version=version, photos=photos
            )

        was = self.status[ticket_no]
        expected = self.expect_move(ticket_no, new, ActorKind.OFFICER, note, actor.role)
        lacks_photo = new is Status.RESOLVED and not photos and ticket_no not in self.photographed
        lacks_photo = lacks_photo and ROUTING.needs_after_photo(*self.about[ticket_no])
        if expected is None and lacks_photo:
            expected = AfterPhotoRequired
        if age == 1:
            expected = StaleVersion
        if ticket_no in self.merged:
            expected = TicketMerged
        if self.attempt(work, expected, crash, process):
            told = self.notices
            self.moved(ticket_no, new)
            self.run(self.read_back())
            is_inner = (was, new) == (Status.ASSIGNED, Status.ACCEPTED)
            is_told = self.owner[ticket_no] is not None and not is_inner
            assert self.notices > told if is_told else self.notices >= told

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
            may_hold = ROUTING.may_hold(self.about[ticket_no][1], department)
            is_refused = not may_hold or not self.status[ticket_no].is_open
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
            assert self.notices > told or self.owner[ticket_no] is None

    # ---- everything else, whose outcome is read back; the invariants and the books judge it

    @precondition(lambda self: self.status)
    @precondition(lambda self: self.status)
    @rule(data=st.data(), deed=st.sampled_from(DEEDS), crash=CRASH, process=st.integers(0, 1))
    def something_rarer_happens(self, data: st.DataObject, deed: Deed, crash: bool, process: int) -> None:
        try:
            self.within(self.with_two_tickets(data, deed), process, crash)
        except (CrashError, BotError):
            return
        self.done[deed.__name__] += 1
        self.run(self.read_back())

    @precondition(lambda self: self.status)
    @rule(data=st.data(), deeds=st.permutations(DEEDS), process=st.integers(0, 1))
    def a_day_goes_by(self, data: st.DataObject, deeds: list[Deed], process: int) -> None:
        """A dozen deeds, each with the first ticket that it may be done to."""
        for deed in deeds[:DEEDS_OF_A_DAY]:
            for ticket_no in data.draw(st.permutations(sorted(self.status)))[:TICKETS_TRIED]:
                other = data.draw(st.sampled_from(sorted(self.status)))
                citizen = self.owner[ticket_no] or 0
                try:
                    self.within(
                        partial(deed, now=self.now, one=ticket_no, other=other, citizen=citizen), process
                    )
                except BotError:
                    continue
                self.done[deed.__name__] += 1
                self.run(self.read_back())
                break

    @precondition(lambda self: self.status)
    @rule(
        data=st.data(),
        one=st.sampled_from(DEEDS),
        other=st.sampled_from(DEEDS),
        same=st.sampled_from([True, False, False]),
    )
    def two_things_happen_at_once(self, data: st.DataObject, one: Deed, other: Deed, same: bool) -> None:
        """In two processes: also the same thing twice, two schedulers, merges that cross."""
        self.both(self.with_two_tickets(data, one), self.with_two_tickets(data, one if same else other))
        self.run(self.read_back())

    @precondition(lambda self: self.status)
    @rule(data=st.data(), new=st.sampled_from(Status), deed=st.sampled_from(DEEDS))
    def an_officer_is_not_alone(self, data: st.DataObject, new: Status, deed: Deed) -> None:
        """Two officers press a button on the same page, and something else happens meanwhile."""
        ticket_no = data.draw(st.sampled_from(sorted(self.status)))
        version = self.version[ticket_no]

        async def press(session: AsyncSession) -> None:
            await make_service(session, now=self.now).change_status(
                ticket_no,
                new,
                actor=SUPERVISOR,
                note="已处理",
                expected_version=version,
                photos=(AFTER_PHOTO,),
            )

        async def meanwhile(session: AsyncSession) -> None:
            await deed(session, self.now, ticket_no, ticket_no, self.owner[ticket_no] or 0)

        pressed = self.both(press, press, meanwhile)[:2]
        assert len([result for result in pressed if result is not REFUSED]) <= 1
        self.run(self.read_back())

    def with_two_tickets(self, data: st.DataObject, deed: Deed) -> Callable[[AsyncSession], Awaitable[None]]:
        one = data.draw(st.sampled_from(sorted(self.status)))
        other = data.draw(st.sampled_from(sorted(self.status)))
        return lambda session: deed(session, self.now, one, other, self.owner[one] or 0)

    def both(self, *works: Callable[[AsyncSession], Awaitable[ResultT]]) -> list[ResultT]:
        """Each in a process of its own, at the same time; REFUSED stands for what was refused."""

        async def attempt(process: Database, work: Callable[[AsyncSession], Awaitable[ResultT]]) -> Any:
            try:
                async with process.transaction() as session:
                    return await work(session)
            except BotError:
                return REFUSED

        async def all_of_them() -> list[ResultT]:
            pairs = zip(itertools.cycle(self.processes), works, strict=False)
            return await asyncio.gather(*(attempt(process, work) for process, work in pairs))

        return self.run(all_of_them())

    @rule()
    def an_auditor_looks(self) -> None:
        async def look() -> None:
            async with self.processes[1].reading() as session:
                assert await verify(session) == []

        self.run(look())

    async def read_back(self) -> None:
        columns = (
            Ticket.id,
            Ticket.ticket_no,
            Ticket.status,
            Ticket.version,
            Ticket.merged_into_id,
            Ticket.conversation_id,
            Ticket.kind,
            Ticket.category,
        )
        with_photo = (
            sa.select(Ticket.ticket_no)
            .join(Attachment, Attachment.ticket_id == Ticket.id)
            .where(Attachment.purpose == Purpose.AFTER)
        )
        async with self.processes[0].reading() as session:
            self.merged.clear()
            rows = (await session.execute(sa.select(*columns))).all()
            resting = {row.merged_into_id for row in rows} - {None}
            self.involved = {row.ticket_no for row in rows if row.merged_into_id or row.id in resting}
            for row in rows:
                self.status[row.ticket_no], self.version[row.ticket_no] = row.status, row.version
                self.owner[row.ticket_no] = row.conversation_id
                self.about[row.ticket_no] = (row.kind, row.category)
                if row.merged_into_id is not None:
                    self.merged.add(row.ticket_no)
            self.photographed = set(await session.scalars(with_photo))
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

    @rule(limit=st.integers(1, 3))
    def two_workers_run_at_once(self, limit: int) -> None:
        """No message is in two hands."""
        taken = self.both(
            lambda session: claim(session, self.now, limit, 60),
            lambda session: claim(session, self.now, limit, 60),
        )
        items = [delivery for deliveries in taken for delivery in deliveries]
        assert len({delivery.item_id for delivery in items}) == len(items)
        for delivery in sorted(items, key=lambda one: one.message_id):
            self.show(delivery.conversation_id, delivery.message_id)
            self.report(delivery.item_id)

    @rule(seconds=st.sampled_from([1, 61, 600, 7 * 3600, 25 * 3600]))
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

    def try_it(self, work: Callable[[AsyncSession], Awaitable[None]], crash: bool) -> None:
        """What may be refused, and what happens is read back."""
        with suppress(CrashError, BotError):
            self.within(work, crash=crash)
            self.run(self.read_back())

    def expect_move(
        self, ticket_no: str, new: Status, actor: ActorKind, note: str, role: str = ""
    ) -> type[Exception] | None:
        try:
            check_move(self.status[ticket_no], new, actor, note, role)
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
        """As expected, and each with exactly one owner who may have it."""
        columns = (Ticket.ticket_no, Ticket.status, Ticket.version, Ticket.category, Ticket.department)

        async def read() -> list[Any]:
            async with self.processes[1].reading() as session:
                whose = sa.select(*columns, Officer.id, Officer.department.label("unit"))
                rows = await session.execute(whose.outerjoin(Officer, Officer.id == Ticket.officer_id))
                return list(rows)

        rows = self.run(read())
        assert {row.ticket_no: (row.status, row.version) for row in rows} == {
            ticket_no: (status, self.version[ticket_no]) for ticket_no, status in self.status.items()
        }
        for row in rows:
            assert ROUTING.may_hold(row.category, row.department)
            assert row.id is None or row.unit == row.department
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
            for conversation_id in self.erased:
                # To them goes nothing any more.
                assert set(self.shown.pop(conversation_id, ())) <= set(posted.pop(conversation_id, ()))
            assert self.shown == posted
            known = sa.select(Conversation.address).where(Conversation.id.not_in(self.erased))
            there = {str(citizen) for citizen, _ in self.filed.keys() - self.forgotten}
            assert set(await session.scalars(known)) == there
            filed = sa.select(Ticket.ticket_no)
            assert sorted(await session.scalars(filed)) == sorted(self.filed.values())

    @staticmethod
    async def check_the_books(session: AsyncSession) -> None:
        """Every move on record is one of the table, and no deadline was escalated twice."""
        moved = sa.select(Entry.from_status, Entry.to_status).where(Entry.from_status.is_not(None))
        for old, new in await session.execute(moved):
            assert old is not None
            assert new in ALLOWED[old]
        escalated = sa.select(Entry.ticket_id, Entry.kind, Entry.data).where(Entry.erased_at.is_(None))
        kinds = (EntryKind.ESCALATION, EntryKind.RULING, EntryKind.SUPERVISION)
        told: set[tuple[int, str, int]] = set()
        for ticket_id, kind, data in await session.execute(
            escalated.where(Entry.kind.in_(kinds)).order_by(Entry.id)
        ):
            if kind is not EntryKind.ESCALATION:
                # A new deadline is escalated anew; when something wasn't accepted in time stays so.
                told -= {once for once in told if once[:2] == (ticket_id, "resolve")}
            elif "step" in data:
                once = (ticket_id, data["step"], data["level"])
                assert once not in told
                told.add(once)

    @staticmethod
    async def undelivered(session: AsyncSession) -> int | None:
        return await session.scalar(
            sa.select(sa.func.count(OutboxItem.id)).where(
                OutboxItem.delivered_at.is_(None), OutboxItem.error != GONE
            )
        )


async def _open(url: str) -> Database:
    return Database(url)


def walk(new_url: Callable[[], str]) -> None:
    class ThisOffice(Office):
        pass

    ThisOffice.new_url = staticmethod(new_url)  # type: ignore[assignment] # a plain function
    ThisOffice.done = Counter()
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
    if STEPS >= MANY_STEPS:
        assert [deed.__name__ for deed in DEEDS if not ThisOffice.done[deed.__name__]] == []


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
