"""Random checks (双随机): announce a list, draw from it with a seed, score, rectify, confirm.

How the lot falls is in `tickets.drawing`; here is who may do what, and what goes onto the record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased, undefer

from tickets.casework import Casework
from tickets.categories import ABOUT_OFFICERS
from tickets.check_models import Check, CheckRound, CheckState
from tickets.columns import storable
from tickets.deadlines import SHANGHAI
from tickets.drawing import Candidate, CheckList, Drawn, ListDamaged, Lot, Reviewer, hash_of, read_list
from tickets.drawing import NoReviewer as NobodyEligible
from tickets.errors import (
    ActorNotAllowed,
    CalendarYearMissing,
    CheckNotOpen,
    MarksMissing,
    NoReviewer,
    NoteRequired,
    NothingToCheck,
    TooEarly,
    WrongPeriod,
)
from tickets.models import Entry, EntryKind, Officer, Ticket
from tickets.statistics import Period
from tickets.values import Actor
from tickets.workflow import ActorKind, Status

MAX_CANDIDATES = 50_000
MAX_SAMPLE = 500
MIN_SEED_LENGTH = 6


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check with what a page shows of it."""

    check: Check
    round: CheckRound
    ticket: Ticket
    reviewer: Officer


class Checks(Casework):
    """Everything about random checks."""

    @property
    def today(self) -> date:
        """The day in China."""
        return self.now.astimezone(SHANGHAI).date()

    async def announce(
        self, title: str, first: date, last: date, sample_size: int, *, actor: Actor
    ) -> CheckRound:
        """Freeze the list of tickets that were closed on these days, and of those who can review them.

        Raises: ActorNotAllowed; NoteRequired, without a title; WrongPeriod, also if more than 50,000 tickets
        were closed; NothingToCheck, if there are fewer than `sample_size`.
        """
        _require_supervisor(actor)
        _require(title)
        if last < first or first > self.today:
            raise WrongPeriod(f"{first} to {last}")
        listed = CheckList(await self._candidates(Period(first, last)), await self._reviewers())
        if not 0 < sample_size <= min(len(listed.tickets), MAX_SAMPLE) or not listed.reviewers:
            raise NothingToCheck(f"{len(listed.tickets)} tickets, {len(listed.reviewers)} reviewers")
        text = listed.text()
        announced = CheckRound(
            title=storable(title.strip())[:120],
            first_day=first,
            last_day=last,
            sample_size=sample_size,
            candidate_count=len(listed.tickets),
            list_text=text,
            list_hash=hash_of(text),
            announced_by=int(actor.id),
            announced_at=self.now,
        )
        self.session.add(announced)
        await self.session.flush()
        return announced

    async def draw(self, round_id: int, seed: str, source: str, *, actor: Actor) -> list[Drawn]:
        """Draw with a seed that nobody could know when the list was announced.

        Raises: ActorNotAllowed; CheckNotOpen, if it was drawn already; NoteRequired, for a seed that is too
        short or has no source; TooEarly, on the day of the announcement; NoReviewer.
        """
        _require_supervisor(actor)
        round_ = await self._round(round_id, lock=True)
        seed = " ".join(storable(seed).split())
        if len(seed) < MIN_SEED_LENGTH or "|" in seed or not source.strip():
            raise NoteRequired("a seed with its source")
        if round_.seed is not None:
            raise CheckNotOpen(str(round_id))
        if self.today <= round_.announced_at.astimezone(SHANGHAI).date():
            raise TooEarly(str(round_id))
        round_.seed, round_.seed_source = seed, storable(source.strip())[:300]
        round_.drawn_on, round_.drawn_by = self.today, int(actor.id)
        lot = lot_of(round_)
        try:
            drawn = lot.draw(round_.sample_size)
        except NobodyEligible as nobody:
            raise NoReviewer(nobody.ticket_no) from nobody
        for position, one in enumerate(drawn, start=1):
            await self._add(round_, position, one, lot.ticket(one.ticket_no).department, actor)
        return drawn

    async def score(
        self,
        check_id: int,
        scores: Mapping[str, int],
        findings: str,
        *,
        actor: Actor,
        must_rectify: bool = False,
        due_on: date | None = None,
    ) -> Check:
        """The reviewer's marks. Below the pass mark, or if the reviewer says so, the unit must rectify.

        Args:
            due_on: by when; None for the usual number of working days.

        Raises: CheckNotOpen; ActorNotAllowed, for anybody but the reviewer; MarksMissing; NoteRequired, for a
        rectification without findings; WrongPeriod, if `due_on` is over; CalendarYearMissing: then a day must
        be given.
        """
        check = await self._check(check_id, CheckState.DRAWN)
        if str(check.reviewer_id) != actor.id:
            raise ActorNotAllowed("the reviewer only")
        total = self.routing.checks.total(scores)
        if total is None:
            raise MarksMissing(str(check_id))
        must_rectify = must_rectify or total < self.routing.checks.pass_mark
        if must_rectify:
            _require(findings)
            check.due_on = self._due_on(due_on)
        check.scores = {one.code: scores[one.code] for one in self.routing.checks.criteria}
        check.score, check.findings, check.checked_at = total, storable(findings.strip()), self.now
        check.state = CheckState.TO_RECTIFY if must_rectify else CheckState.PASSED
        data = {"score": total, "due_on": check.due_on.isoformat() if check.due_on else None}
        await self._note(check, actor, "scored", check.findings, data)
        return check

    async def recuse(self, check_id: int, reason: str, *, actor: Actor) -> int:
        """The reviewer stands aside (回避); the next by the same lot takes over. Returns their id.

        Raises: CheckNotOpen; ActorNotAllowed; NoteRequired; NoReviewer.
        """
        _require(reason)
        check = await self._check(check_id, CheckState.DRAWN)
        if str(check.reviewer_id) != actor.id:
            raise ActorNotAllowed("the reviewer only")
        ticket = await self.session.get_one(Ticket, check.ticket_id)
        lot = lot_of(await self._round(check.round_id))
        recused = [*check.recused, check.reviewer_id]
        order = lot.order(lot.ticket(ticket.ticket_no), recused)
        if not order:
            raise NoReviewer(ticket.ticket_no)
        check.recused, check.reviewer_id = recused, order[0]
        await self._note(check, actor, "recused", reason, {"reviewer": order[0]})
        return order[0]

    async def rectify(self, check_id: int, text: str, *, actor: Actor) -> None:
        """The unit says what it has put right.

        Raises: CheckNotOpen; ActorNotAllowed, for other units; NoteRequired.
        """
        _require(text)
        check = await self._check(check_id, CheckState.TO_RECTIFY)
        if actor.department != check.department:
            raise ActorNotAllowed("the unit only")
        check.state, check.rectification = CheckState.RECTIFIED, storable(text.strip())
        check.rectified_by, check.rectified_at = int(actor.id), self.now
        await self._note(check, actor, "rectified", check.rectification)

    async def confirm(self, check_id: int, accept: bool, note: str, *, actor: Actor) -> None:
        """The reviewer or a supervisor of another unit says whether it has been put right.

        Raises: CheckNotOpen; ActorNotAllowed; NoteRequired, when not accepting without a word.
        """
        check = await self._check(check_id, CheckState.RECTIFIED)
        is_reviewer = str(check.reviewer_id) == actor.id
        if not (is_reviewer or actor.is_supervisor) or actor.department == check.department:
            raise ActorNotAllowed("the reviewer or a supervisor")
        if not accept:
            _require(note)
        check.confirmation = storable(note.strip())
        check.state = CheckState.CONFIRMED if accept else CheckState.TO_RECTIFY
        if accept:
            check.confirmed_by, check.confirmed_at = int(actor.id), self.now
        await self._note(check, actor, "confirmed" if accept else "sent_back", check.confirmation)

    async def rounds(self, limit: int = 50) -> Sequence[CheckRound]:
        """Newest first, without their lists."""
        rows = await self.session.scalars(select(CheckRound).order_by(CheckRound.id.desc()).limit(limit))
        return rows.all()

    async def round(self, round_id: int) -> CheckRound:
        """A round with its list.

        Raises: CheckNotOpen, if there is none.
        """
        return await self._round(round_id)

    async def rows(
        self,
        *,
        round_id: int | None = None,
        reviewer_id: int | None = None,
        department: str | None = None,
        check_id: int | None = None,
        states: Sequence[CheckState] = (),
        limit: int = MAX_SAMPLE,
    ) -> list[CheckRow]:
        """Checks that fit all that is given, by round and position."""
        reviewer = aliased(Officer)
        query = (
            select(Check, CheckRound, Ticket, reviewer)
            .join(CheckRound, CheckRound.id == Check.round_id)
            .join(Ticket, Ticket.id == Check.ticket_id)
            .join(reviewer, reviewer.id == Check.reviewer_id)
            .order_by(Check.round_id.desc(), Check.position)
            .limit(limit)
        )
        for column, value in (
            (Check.round_id, round_id),
            (Check.reviewer_id, reviewer_id),
            (Check.department, department),
            (Check.id, check_id),
        ):
            if value is not None:
                query = query.where(column == value)
        if states:
            query = query.where(Check.state.in_(states))
        return [CheckRow(*row) for row in await self.session.execute(query)]

    async def verify(self, round_id: int) -> list[str]:
        """What differs from a draw repeated from the stored list, seed and day; [] if nothing does.

        Raises: CheckNotOpen, if there is none, or it isn't drawn yet.
        """
        round_ = await self._round(round_id)
        if round_.seed is None:
            raise CheckNotOpen(str(round_id))
        if hash_of(round_.list_text) != round_.list_hash:
            return ["the list does not have the hash that was announced"]
        try:
            lot = lot_of(round_)
            drawn = lot.draw(round_.sample_size)
        except (ListDamaged, NobodyEligible) as error:
            return [f"the draw can not be repeated: {error}"]
        return _differences(lot, drawn, await self.rows(round_id=round_id))

    async def _add(
        self, round_: CheckRound, position: int, one: Drawn, department: str, actor: Actor
    ) -> None:
        ticket = await self.find(one.ticket_no, lock=True)
        check = Check(
            round_id=round_.id,
            ticket_id=ticket.id,
            position=position,
            department=department,
            reviewer_id=one.reviewer_id,
            recused=[],
            state=CheckState.DRAWN,
            scores={},
        )
        self.session.add(check)
        await self.session.flush()
        await self._note(check, actor, "drawn", "", {"reviewer": one.reviewer_id})

    async def _note(
        self, check: Check, actor: Actor, act: str, text: str, data: dict[str, Any] | None = None
    ) -> None:
        ticket = await self.locked(check.ticket_id)
        facts = {"round": check.round_id, "check": check.id, "act": act}
        await self.record(ticket, EntryKind.INSPECTION, actor, text, facts | (data or {}))

    async def _candidates(self, period: Period) -> tuple[Candidate, ...]:
        closed = (
            Ticket.closed_at >= period.begins,
            Ticket.closed_at < period.ends,
            Ticket.merged_into_id.is_(None),
            Ticket.status.in_((Status.RESOLVED, Status.CLOSED)),
            # Reviewers come from units: whom such a complaint is about may be one of them.
            Ticket.category.not_in(ABOUT_OFFICERS),
        )
        if (await self.session.scalar(select(func.count()).where(*closed)) or 0) > MAX_CANDIDATES:
            raise WrongPeriod("too many tickets")
        acted: defaultdict[int, set[int]] = defaultdict(set)
        actors = (
            select(Entry.ticket_id, Entry.actor_id)
            .join(Ticket, Ticket.id == Entry.ticket_id)
            .where(*closed, Entry.actor_kind == ActorKind.OFFICER)
            .distinct()
        )
        for ticket_id, actor_id in await self.session.execute(actors):
            if actor_id.isdigit():
                acted[ticket_id].add(int(actor_id))
        tickets = await self.session.execute(
            select(Ticket.id, Ticket.ticket_no, Ticket.department, Ticket.officer_id).where(*closed)
        )
        return tuple(
            Candidate(number, department, frozenset(acted[row_id] | ({officer} if officer else set())))
            for row_id, number, department, officer in tickets
        )

    async def _reviewers(self) -> tuple[Reviewer, ...]:
        people = await self.session.scalars(
            select(Officer).where(Officer.is_active, Officer.role.in_(self.routing.checks.reviewer_roles))
        )
        return tuple(Reviewer(one.id, one.department) for one in people)

    async def _round(self, round_id: int, *, lock: bool = False) -> CheckRound:
        wanted = select(CheckRound).where(CheckRound.id == round_id).options(undefer(CheckRound.list_text))
        if lock:
            wanted = wanted.with_for_update().execution_options(populate_existing=True)
        found = await self.session.scalar(wanted)
        if found is None:
            raise CheckNotOpen(f"no round {round_id}")
        return found

    async def _check(self, check_id: int, state: CheckState) -> Check:
        found = await self.session.get(Check, check_id, with_for_update=True, populate_existing=True)
        if found is None or found.state is not state:
            raise CheckNotOpen(str(check_id))
        return found

    def _due_on(self, wanted: date | None) -> date:
        if wanted is None:
            return self.calendar.add_working_days(self.today, self.routing.checks.rectify_working_days)
        if wanted <= self.today:
            raise WrongPeriod(str(wanted))
        return wanted

    def usual_due_day(self) -> date | None:
        """By when a unit would have to rectify; None while that year's holidays aren't known."""
        try:
            return self._due_on(None)
        except CalendarYearMissing:
            return None


def lot_of(round_: CheckRound) -> Lot:
    """The draw of a round that has its seed.

    Raises: ListDamaged; CheckNotOpen.
    """
    if round_.seed is None or round_.drawn_on is None:
        raise CheckNotOpen(str(round_.id))
    return Lot(read_list(round_.list_text), round_.list_hash, round_.seed, round_.drawn_on)


def _differences(lot: Lot, drawn: Sequence[Drawn], rows: Sequence[CheckRow]) -> list[str]:
    problems = []
    stored = {row.check.position: row for row in rows}
    for position, one in enumerate(drawn, start=1):
        row = stored.pop(position, None)
        if row is None or row.ticket.ticket_no != one.ticket_no:
            problems.append(f"position {position}: {one.ticket_no} was drawn")
            continue
        recused = row.check.recused
        expected = lot.order(lot.ticket(one.ticket_no), recused)[0] if recused else one.reviewer_id
        if row.check.reviewer_id != expected:
            problems.append(f"position {position}: reviewer {expected} was drawn")
    return problems + [f"position {position}: was not drawn" for position in stored]


def _require_supervisor(actor: Actor) -> None:
    if not actor.is_supervisor:
        raise ActorNotAllowed("supervisors only")


def _require(text: str) -> None:
    if not text.strip():
        raise NoteRequired("empty text")
