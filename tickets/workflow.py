"""The one table of statuses and moves, and who may make them.

Nothing else in the project compares statuses with lists of its own: it asks `Status.is_open` or
`check_transition`.
"""

from __future__ import annotations

from enum import StrEnum

from tickets.errors import ActorNotAllowed, NoteRequired, TransitionNotAllowed


class TicketKind(StrEnum):
    """What the citizen wants of us."""

    CONSULTATION = "consultation"
    HELP = "help"
    COMPLAINT = "complaint"
    TIP = "tip"
    SUGGESTION = "suggestion"

    @property
    def label(self) -> str:
        """The word that people read."""
        return _KIND_LABELS[self]


class Status(StrEnum):
    """Where a ticket stands."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    AWAITING_CITIZEN = "awaiting_citizen"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The word that people read."""
        return _STATUS_LABELS[self]

    @property
    def is_open(self) -> bool:
        """True while somebody in the bureau still owes an act."""
        return self not in CLOSED_STATUSES


class ActorKind(StrEnum):
    """Who acts."""

    CITIZEN = "citizen"
    OFFICER = "officer"
    SYSTEM = "system"


_KIND_LABELS = {
    TicketKind.CONSULTATION: "咨询",
    TicketKind.HELP: "求助",
    TicketKind.COMPLAINT: "投诉",
    TicketKind.TIP: "举报",
    TicketKind.SUGGESTION: "建议",
}

_STATUS_LABELS = {
    Status.SUBMITTED: "已提交",
    Status.ACCEPTED: "已受理",
    Status.ASSIGNED: "已转办",
    Status.IN_PROGRESS: "办理中",
    Status.AWAITING_CITIZEN: "待补充",
    Status.RESOLVED: "已办结",
    Status.CLOSED: "已归档",
    Status.REOPENED: "重新办理",
    Status.REJECTED: "不予受理",
    Status.WITHDRAWN: "已撤回",
}

CLOSED_STATUSES = frozenset({Status.RESOLVED, Status.CLOSED, Status.REJECTED, Status.WITHDRAWN})

ALLOWED: dict[Status, frozenset[Status]] = {
    Status.SUBMITTED: frozenset({Status.ACCEPTED, Status.REJECTED, Status.WITHDRAWN}),
    Status.ACCEPTED: frozenset({Status.ASSIGNED, Status.RESOLVED, Status.WITHDRAWN}),
    Status.ASSIGNED: frozenset({Status.IN_PROGRESS, Status.ACCEPTED, Status.WITHDRAWN}),
    Status.IN_PROGRESS: frozenset({Status.AWAITING_CITIZEN, Status.RESOLVED, Status.WITHDRAWN}),
    Status.AWAITING_CITIZEN: frozenset({Status.IN_PROGRESS, Status.CLOSED, Status.WITHDRAWN}),
    Status.RESOLVED: frozenset({Status.CLOSED, Status.REOPENED}),
    Status.CLOSED: frozenset({Status.REOPENED}),
    Status.REOPENED: frozenset({Status.ASSIGNED, Status.IN_PROGRESS}),
    Status.REJECTED: frozenset(),
    Status.WITHDRAWN: frozenset(),
}

# A citizen takes back, answers what was asked, or says that it isn't solved; the bureau can't withdraw
# for them.
CITIZEN_MOVES = frozenset(
    [(old, Status.WITHDRAWN) for old in ALLOWED]
    + [
        (Status.AWAITING_CITIZEN, Status.IN_PROGRESS),
        (Status.RESOLVED, Status.REOPENED),
        (Status.CLOSED, Status.REOPENED),
    ]
)

# The clock closes what nobody answered, hands what needs no ruling to its unit, and does nothing else.
SYSTEM_MOVES = frozenset(
    {
        (Status.AWAITING_CITIZEN, Status.CLOSED),
        (Status.AWAITING_CITIZEN, Status.IN_PROGRESS),
        (Status.RESOLVED, Status.CLOSED),
        (Status.REOPENED, Status.ASSIGNED),
    }
)

# Only a supervisor takes a ticket from its unit; the unit applies for it (`tickets.oversight`).
SUPERVISOR_MOVES = frozenset({(Status.ASSIGNED, Status.ACCEPTED)})
SUPERVISOR_ROLES = frozenset({"supervisor", "administrator"})

# Who gives a ticket to another unit; an adviser passes questions on, see `tickets.duty`.
ASSIGNER_ROLES = SUPERVISOR_ROLES | {"unit_head"}

# A unit may still say that it isn't its own.
NOT_BEGUN = frozenset({Status.SUBMITTED, Status.ACCEPTED, Status.ASSIGNED})

# New statuses that must say why. A ticket sent back (assigned -> accepted) needs a reason, too.
NOTE_REQUIRED = frozenset({Status.REJECTED, Status.RESOLVED, Status.REOPENED, Status.AWAITING_CITIZEN})


def check_transition(old: Status, new: Status) -> None:
    """Raises: TransitionNotAllowed, unless the table has the move."""
    if new not in ALLOWED[old]:
        raise TransitionNotAllowed(old, new)


def check_actor(old: Status, new: Status, actor_kind: ActorKind, role: str = "") -> None:
    """Raises: ActorNotAllowed, if the move isn't one of this actor's."""
    if actor_kind is ActorKind.CITIZEN:
        may = (old, new) in CITIZEN_MOVES
    elif actor_kind is ActorKind.SYSTEM:
        may = (old, new) in SYSTEM_MOVES
    elif (old, new) in SUPERVISOR_MOVES:
        may = role in SUPERVISOR_ROLES
    else:
        may = new is not Status.WITHDRAWN
    if not may:
        raise ActorNotAllowed(f"{actor_kind}: {old} -> {new}")


def needs_note(old: Status, new: Status) -> bool:
    """Whether the move must come with a note."""
    return new in NOTE_REQUIRED or (old, new) in SUPERVISOR_MOVES


def check_move(old: Status, new: Status, actor_kind: ActorKind, note: str, role: str = "") -> None:
    """All three checks of a move, in the order in which a refusal helps most.

    Raises: TransitionNotAllowed; ActorNotAllowed; NoteRequired.
    """
    check_transition(old, new)
    check_actor(old, new, actor_kind, role)
    if needs_note(old, new) and not note.strip():
        raise NoteRequired(f"{old} -> {new}")


def moves_for(status: Status, actor_kind: ActorKind, role: str = "") -> list[Status]:
    """The statuses that this actor may move a ticket to now, in the order of `Status`."""
    found = []
    for new in Status:
        try:
            check_transition(status, new)
            check_actor(status, new, actor_kind, role)
        except (TransitionNotAllowed, ActorNotAllowed):
            continue
        found.append(new)
    return found
