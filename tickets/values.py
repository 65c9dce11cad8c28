"""Plain values that go into and come out of casework. `repr` shows codes and ids only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from tickets.models import Priority, ReporterMode
from tickets.workflow import SUPERVISOR_ROLES, ActorKind, Status, TicketKind


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        kind: "citizen", "officer" or "system".
        id: the officer's id or the conversation's, as text; goes into the history.
        name: display name; for a citizen never a real name, because the history can't be edited.
        role: a `tickets.staff.Role` for officers; rulings, extensions and supervision ask for it.
        department: the officer's department code, if any.
    """

    kind: ActorKind
    id: str
    name: str = field(repr=False)
    role: str = ""
    department: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", ActorKind(self.kind))

    @property
    def is_supervisor(self) -> bool:
        """Whether this actor may rule over units."""
        return self.role in SUPERVISOR_ROLES

    @classmethod
    def citizen(cls, conversation_id: int | None) -> Actor:
        """The citizen of a conversation; None for one who came with a receipt code."""
        return cls(ActorKind.CITIZEN, str(conversation_id or "receipt"), "诉求人")

    @classmethod
    def system(cls) -> Actor:
        """The bureau's clock."""
        return cls(ActorKind.SYSTEM, "system", "系统")


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is, as said.

    Attributes:
        text: the citizen's own words, landmark included.
        town: code of the town or street, if known.
        latitude: degrees in `datum`, with `longitude`.
        datum: "WGS-84" (Telegram, browsers) or "GCJ-02" (WeChat, Chinese maps); None reads as WGS-84.
    """

    text: str = field(repr=False)
    town: str | None = None
    latitude: float | None = field(default=None, repr=False)
    longitude: float | None = field(default=None, repr=False)
    datum: str | None = None


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What is known when a ticket is filed.

    Attributes:
        kind: a `TicketKind` or its text.
        category: code; `categories` may name more, its own first.
        photos: SHA-256 of photos in the photo store, at most nine.
        recordings: SHA-256 of voice messages that were sent in the conversation.
        reporter_mode: "real_name", "anonymous" or "confidential".
        contact: phone or address to reach the citizen at, or None.
        request_key: anything that is the same when the same report is filed again (a flow's id): then the
        first
            ticket is returned instead of a second one. Its receipt code is not known any more.
    """

    kind: TicketKind | str
    category: str
    categories: tuple[str, ...] = ()
    summary: str = field(default="", repr=False)
    place: Place | None = None
    happened: str | None = field(default=None, repr=False)
    photos: tuple[str, ...] = ()
    reporter_mode: ReporterMode | str = ReporterMode.ANONYMOUS
    contact: str | None = field(default=None, repr=False)
    conversation_id: int | None = None
    priority: Priority | str = Priority.NORMAL
    request_key: str | None = None
    recordings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FiledTicket:
    """What the citizen is told after filing.

    Attributes:
        receipt_code: shown this once; "" when `request_key` was filed before.
        department_is_sample: the department is model data; the reply must say so.
        due_on: the day in Shanghai by which it shall be resolved; None while no calendar covers that day.
    """

    ticket_no: str
    receipt_code: str = field(repr=False)
    department_name: str
    due_on: date | None
    department_is_sample: bool = False


@dataclass(frozen=True, slots=True)
class PublicEntry:
    """A line of history that the citizen may read."""

    at: datetime
    label: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket as its citizen may see it.

    Attributes:
        merged_into: the number of the ticket that work is done on instead.
        after_photos: SHA-256 of photos of the place afterwards, once the ticket is closed.
        rating: the citizen's verdict from 1 to 5; None before there is one.
    """

    ticket_no: str
    kind: TicketKind
    status: Status
    category: str
    category_name: str
    summary: str = field(repr=False)
    place_text: str = field(repr=False)
    department: str
    department_name: str
    created_at: datetime
    updated_at: datetime
    due_on: date | None
    entries: tuple[PublicEntry, ...] = field(default=(), repr=False)
    may_reopen: bool = False
    merged_into: str | None = None
    after_photos: tuple[str, ...] = field(default=(), repr=False)
    rating: int | None = None

    @property
    def is_open(self) -> bool:
        """True while somebody in the bureau still owes an act."""
        return self.status.is_open
