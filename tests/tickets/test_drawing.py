"""双随机: the lot, and that it can be repeated by hand."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tickets.drawing import Candidate, CheckList, ListDamaged, Lot, NoReviewer, Reviewer, hash_of, read_list

DAY = date(2026, 11, 25)
DOCUMENT = Path(__file__).parents[2] / "docs" / "random-checks.md"


def _ticket(number: int, department: str = "squad_longtian", officers: tuple[int, ...] = ()) -> Candidate:
    return Candidate(f"FQ20261102-{number:04}", department, frozenset(officers))


def _lot(listed: CheckList, seed: str = "0308111722") -> Lot:
    text = listed.text()
    return Lot(read_list(text), hash_of(text), seed, DAY)


MANY = CheckList(
    tuple(_ticket(number, f"squad_{number % 5}", (number % 7,)) for number in range(200)),
    tuple(Reviewer(number, f"squad_{number % 5}") for number in range(10)),
)


def test_the_example_of_the_document_holds_by_hand_and_by_program() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    text, result = re.findall(r"```text\n(.*?)```", document, re.DOTALL)
    seed = re.search(r'--seed "([^"]+)"', document)
    assert seed is not None

    def rank(*parts: str) -> str:
        return hashlib.sha256("|".join((seed[1], "2026-11-25", list_hash, *parts)).encode()).hexdigest()

    # As the document tells it, without our code.
    list_hash = hashlib.sha256(text.encode()).hexdigest()
    tickets = {row.split()[1]: row.split()[2:] for row in text.splitlines() if row.startswith("ticket")}
    reviewers = dict(row.split()[1:] for row in text.splitlines() if row.startswith("reviewer"))
    taken: Counter[str] = Counter()
    lines = [f"list {list_hash}"]
    for position, number in enumerate(sorted(tickets, key=rank)[:2], start=1):
        unit, officers = tickets[number]
        able = [one for one in reviewers if one not in officers.split(",") and reviewers[one] != unit]
        chosen = min(able, key=lambda one: (taken[one], rank(number, one)))
        taken[chosen] += 1
        lines.append(f"{position} {number} reviewer {chosen}")

    drawn = Lot(read_list(text), hash_of(text), seed[1], DAY).draw(2)
    ours = [f"{at} {one.ticket_no} reviewer {one.reviewer_id}" for at, one in enumerate(drawn, start=1)]
    assert lines == [f"list {hash_of(text)}", *ours] == result.splitlines()


def test_the_same_seed_day_and_list_draw_the_same() -> None:
    assert _lot(MANY).draw(20) == _lot(MANY).draw(20)
    assert _lot(MANY).draw(20)[:5] == _lot(MANY).draw(5)


def test_another_seed_another_day_or_one_more_ticket_draw_differently() -> None:
    base = _lot(MANY)
    more = CheckList((*MANY.tickets, _ticket(999)), MANY.reviewers)

    assert base.draw(20) != _lot(MANY, "0308111723").draw(20)
    assert base.draw(20) != Lot(base.listed, base.list_hash, base.seed, date(2026, 11, 26)).draw(20)
    assert base.draw(20) != _lot(more).draw(20)


def test_nobody_gets_their_own_or_their_units_ticket_and_the_work_is_shared() -> None:
    lot = _lot(MANY)

    drawn = lot.draw(200)

    tickets = {one.ticket_no: one for one in MANY.tickets}
    reviewers = {one.officer_id: one for one in MANY.reviewers}
    for one in drawn:
        ticket, reviewer = tickets[one.ticket_no], reviewers[one.reviewer_id]
        assert one.reviewer_id not in ticket.officers
        assert reviewer.department != ticket.department
    loads = Counter(one.reviewer_id for one in drawn)
    assert max(loads.values()) - min(loads.values()) <= 3
    assert len({one.ticket_no for one in drawn}) == 200


def test_each_ticket_has_the_same_chance() -> None:
    times: Counter[str] = Counter()
    for number in range(300):
        times.update(one.ticket_no for one in _lot(MANY, f"seed-{number}").draw(20))

    # 30 times each on the average; the standard deviation is about 5.
    assert min(times[one.ticket_no] for one in MANY.tickets) > 8
    assert max(times.values()) < 55


def test_a_ticket_without_a_possible_reviewer_stops_the_draw() -> None:
    listed = CheckList((_ticket(1, officers=(7,)),), (Reviewer(7, None), Reviewer(8, "squad_longtian")))

    with pytest.raises(NoReviewer) as caught:
        _lot(listed).draw(1)
    assert caught.value.ticket_no == "FQ20261102-0001"


def test_who_stands_aside_is_replaced_by_the_next_by_rank() -> None:
    lot = _lot(MANY)
    ticket = MANY.tickets[3]
    order = lot.order(ticket)

    assert lot.order(ticket, [order[0]]) == order[1:]


def test_the_list_does_not_depend_on_the_order_of_the_rows() -> None:
    shuffled = CheckList(MANY.tickets[::-1], MANY.reviewers[::-1])

    assert shuffled.text() == MANY.text()
    assert read_list(MANY.text()).text() == MANY.text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "something else",
        "wenfa-check-list 1\nticket FQ1 unit",
        "wenfa-check-list 1\nticket FQ1 unit x",
        "wenfa-check-list 1\nreviewer x unit",
        "wenfa-check-list 1\n\n",
    ],
)
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(ListDamaged):
        read_list(text)
