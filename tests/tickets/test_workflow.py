"""The table of moves, walked through whole: what it allows and what it doesn't."""

from __future__ import annotations

import itertools

import pytest

from tickets.errors import ActorNotAllowed, NoteRequired, TransitionNotAllowed
from tickets.workflow import (
    ALLOWED,
    CITIZEN_MOVES,
    CLOSED_STATUSES,
    NOTE_REQUIRED,
    SUPERVISOR_MOVES,
    SYSTEM_MOVES,
    ActorKind,
    Status,
    TicketKind,
    check_move,
    check_transition,
    moves_for,
)

ALL_PAIRS = list(itertools.product(Status, Status))
MOVES = [(old, new) for old, new in ALL_PAIRS if new in ALLOWED[old]]
NO_MOVES = [pair for pair in ALL_PAIRS if pair not in MOVES]


@pytest.mark.parametrize(("old", "new"), MOVES)
def test_check_transition_lets_the_table_pass(old: Status, new: Status) -> None:
    check_transition(old, new)


@pytest.mark.parametrize(("old", "new"), NO_MOVES)
def test_check_transition_refuses_all_else(old: Status, new: Status) -> None:
    with pytest.raises(TransitionNotAllowed):
        check_transition(old, new)


def test_every_status_has_a_row_and_a_label() -> None:
    assert set(ALLOWED) == set(Status)
    assert all(status.label for status in Status)
    assert all(kind.label for kind in TicketKind)


def test_final_statuses_lead_nowhere() -> None:
    assert {status for status in Status if not ALLOWED[status]} == {Status.REJECTED, Status.WITHDRAWN}


def test_every_status_can_be_reached_from_submission() -> None:
    reached, todo = {Status.SUBMITTED}, [Status.SUBMITTED]
    while todo:
        for new in ALLOWED[todo.pop()] - reached:
            reached.add(new)
            todo.append(new)

    assert reached == set(Status)


def test_rights_name_only_moves_of_the_table() -> None:
    legal = {(old, new) for old, new in CITIZEN_MOVES if new is not Status.WITHDRAWN}
    assert legal | SYSTEM_MOVES <= set(MOVES)


@pytest.mark.parametrize(("old", "new"), MOVES)
def test_an_officer_makes_every_move_but_withdrawal(old: Status, new: Status) -> None:
    if new is Status.WITHDRAWN or (old, new) in SUPERVISOR_MOVES:
        with pytest.raises(ActorNotAllowed):
            check_move(old, new, ActorKind.OFFICER, "说明", "officer")
    else:
        check_move(old, new, ActorKind.OFFICER, "说明")


@pytest.mark.parametrize(("old", "new"), MOVES)
def test_the_clock_makes_only_its_own_moves(old: Status, new: Status) -> None:
    if (old, new) in SYSTEM_MOVES:
        check_move(old, new, ActorKind.SYSTEM, "说明")
    else:
        with pytest.raises(ActorNotAllowed):
            check_move(old, new, ActorKind.SYSTEM, "说明")


@pytest.mark.parametrize("new", sorted(NOTE_REQUIRED))
def test_moves_that_must_say_why_refuse_a_blank_note(new: Status) -> None:
    old = next(old for old in Status if new in ALLOWED[old])

    with pytest.raises(NoteRequired):
        check_move(old, new, ActorKind.OFFICER, "　 ")


def test_sending_back_must_say_why() -> None:
    with pytest.raises(NoteRequired):
        check_move(Status.ASSIGNED, Status.ACCEPTED, ActorKind.OFFICER, "", "supervisor")

    check_move(Status.SUBMITTED, Status.ACCEPTED, ActorKind.OFFICER, "")


def test_only_a_supervisor_takes_a_ticket_from_its_unit() -> None:
    check_move(Status.ASSIGNED, Status.ACCEPTED, ActorKind.OFFICER, "不归我们", "supervisor")

    assert Status.ACCEPTED in moves_for(Status.ASSIGNED, ActorKind.OFFICER, "administrator")
    assert Status.ACCEPTED not in moves_for(Status.ASSIGNED, ActorKind.OFFICER, "officer")


def test_moves_for_gives_the_buttons_of_now() -> None:
    assert moves_for(Status.SUBMITTED, ActorKind.OFFICER) == [Status.ACCEPTED, Status.REJECTED]
    assert moves_for(Status.SUBMITTED, ActorKind.CITIZEN) == [Status.WITHDRAWN]
    assert moves_for(Status.CLOSED, ActorKind.CITIZEN) == [Status.REOPENED]
    assert moves_for(Status.WITHDRAWN, ActorKind.OFFICER) == []


def test_is_open_splits_the_statuses() -> None:
    assert {status for status in Status if not status.is_open} == CLOSED_STATUSES
