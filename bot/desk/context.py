"""What a handler of the desk works with: the visit, the clock, typed keys, answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.forms import Form
from bot.desk.permissions import Permission, Rights, Scope, rights_of
from bot.security import client_network
from bot.services import Services
from bot.typedefs import RELAY, SERVICES, SETTINGS
from tickets.audit import record_audit
from tickets.desk_queries import Reach
from tickets.models import Officer, OfficerSession, Role
from tickets.values import Actor
from tickets.workflow import ActorKind

Clock = Callable[[], datetime]

CLOCK: web.AppKey[Clock] = web.AppKey("desk_clock")
ROOT = "/desk"


def utc_now() -> datetime:
    """The clock of the running desk."""
    return datetime.now(UTC)


def actor_of(officer: Officer) -> Actor:
    """The officer as the history of a ticket names them."""
    return Actor(
        ActorKind.OFFICER, str(officer.id), officer.display_name, str(officer.role), officer.department
    )


def reach_of(officer: Officer) -> Reach:
    """Which tickets the officer may see."""
    scope = rights_of(officer.role).scope
    return Reach(
        officer.id,
        officer.department,
        everything=scope is Scope.ALL,
        consultations=scope is Scope.CONSULTATIONS,
    )


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a signed-in officer."""

    officer: Officer
    session: OfficerSession
    now: datetime

    @property
    def rights(self) -> Rights:
        """What the officer's role may do."""
        return rights_of(self.officer.role)

    @property
    def actor(self) -> Actor:
        """The officer as the history of a ticket names them."""
        return actor_of(self.officer)

    @property
    def reach(self) -> Reach:
        """Which tickets the officer may see."""
        return reach_of(self.officer)

    def may(self, permission: str) -> bool:
        """Whether the officer has the permission; templates ask by its name."""
        return Permission(permission) in self.rights.permissions


VISIT: web.RequestKey[Visit] = web.RequestKey("desk_visit", Visit)
FORM: web.RequestKey[Form] = web.RequestKey("desk_form", Form)


def services(request: web.Request) -> Services:
    """The parts that the lead wired."""
    return request.config_dict[SERVICES]


def now(request: web.Request) -> datetime:
    """The moment of this request, aware UTC."""
    return request.config_dict[CLOCK]()


def needs_second_factor(request: web.Request, officer: Officer) -> bool:
    """Whether a second factor must be set up before anything else: by administrators, unless a setting says
    that they need none.
    """
    is_asked = request.config_dict[SETTINGS].admin_second_factor
    return is_asked and officer.role is Role.ADMINISTRATOR and officer.totp_secret is None


def is_https(request: web.Request) -> bool:
    """Whether people reach the desk by https: cookies are secure then."""
    return request.config_dict[SETTINGS].base_url.startswith("https://")


def wake_outbox(request: web.Request) -> None:
    """Have what was just written delivered at once instead of at the next look."""
    relay = request.config_dict.get(RELAY)
    if relay is not None:
        relay.wake_outbox()


def client_address(request: web.Request) -> str:
    """What failed sign-ins are counted by."""
    return client_network(request) or "local"


def audit(
    request: web.Request,
    session: AsyncSession,
    action: str,
    *,
    subject: str = "",
    officer: Officer | None = None,
    **data: Any,
) -> None:
    """Write into the audit log, in the caller's transaction; `officer` only where nobody is signed in yet."""
    visit: Visit | None = request.get(VISIT)
    record_audit(
        session,
        action,
        at=now(request),
        officer=visit.officer if visit is not None else officer,
        subject=subject,
        address=client_address(request),
        data=data,
    )


def see_other(path: str) -> web.HTTPSeeOther:
    """Send the browser on to a page of the desk, after a change."""
    return web.HTTPSeeOther(ROOT + path)
