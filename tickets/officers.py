"""Accounts of officers and the invitations to make one. Moments are aware UTC and passed in."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from tickets.errors import BotError, OfficerNotFound
from tickets.models import Invitation, Officer, Role
from tickets.officer_sessions import end_sessions
from tickets.passwords import MAX_PASSWORD_LENGTH, NOBODYS_HASH, verify_password
from tickets.tokens import hash_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from tickets.database import Database

INVITATION_HOURS = 24
USERNAME = re.compile(r"[\w.\-]{2,40}")


class WrongCredentials(BotError):
    """The name or the password is wrong, or the account is closed: never says which."""

    code = "wrong_credentials"
    reply_key = "error_wrong_credentials"


class UsernameTaken(BotError):
    """Another account has that name."""

    code = "username_taken"
    reply_key = "error_username_taken"


class UsernameNotAllowed(BotError):
    """2 to 40 letters, digits, dots, hyphens or underscores."""

    code = "username_not_allowed"
    reply_key = "error_username_not_allowed"


class InvitationInvalid(BotError):
    """Unknown, used or expired."""

    code = "invitation_invalid"
    reply_key = "error_invitation_invalid"


class LastAdministrator(BotError):
    """The change would leave nobody who can manage accounts."""

    code = "last_administrator"
    reply_key = "error_last_administrator"


async def check_credentials(database: Database, username: str, password: str) -> int:
    """The id of the officer with that name and password.

    Opens its own session, because checking is slow and no transaction should wait for it.

    Raises: WrongCredentials.
    """
    async with database.reading() as session:
        officer = await officer_by_name(session, username)
    if len(password) > MAX_PASSWORD_LENGTH:
        password = ""
    right = await verify_password(officer.password_hash if officer else NOBODYS_HASH, password)
    if officer is None or not right or not officer.is_active:
        raise WrongCredentials(username)
    return officer.id


async def officer_by_name(session: AsyncSession, username: str) -> Officer | None:
    """The officer with that name; upper and lower case are the same."""
    wanted = username.strip().casefold()
    return await session.scalar(select(Officer).where(func.lower(Officer.username) == wanted))


async def get_officer(session: AsyncSession, officer_id: int, *, lock: bool = False) -> Officer:
    """Raises: OfficerNotFound."""
    officer = await session.get(Officer, officer_id, with_for_update=lock)
    if officer is None:
        raise OfficerNotFound(str(officer_id))
    return officer


async def list_officers(session: AsyncSession, *, department: str | None = None) -> Sequence[Officer]:
    """All accounts, or those of one department; active ones first, then by name."""
    query = select(Officer).order_by(Officer.is_active.desc(), Officer.display_name, Officer.id)
    if department is not None:
        query = query.where(Officer.department == department)
    return (await session.scalars(query)).all()


async def create_officer(
    session: AsyncSession,
    *,
    username: str,
    display_name: str,
    password_hash: str,
    role: Role,
    department: str | None,
    now: datetime,
) -> Officer:
    """Add an account. The password must have passed `check_password`.

    Raises: UsernameNotAllowed; UsernameTaken.
    """
    username = username.strip().casefold()
    if not USERNAME.fullmatch(username):
        raise UsernameNotAllowed(username)
    if await officer_by_name(session, username):
        raise UsernameTaken(username)
    officer = Officer(
        username=username,
        display_name=display_name.strip()[:40] or username,
        password_hash=password_hash,
        role=role,
        department=department,
        is_active=True,
        created_at=now,
    )
    session.add(officer)
    await session.flush()
    return officer


async def set_password_hash(
    session: AsyncSession, officer_id: int, password_hash: str, now: datetime, *, but: int | None = None
) -> None:
    """Replace the password and end all sessions of the account, save the session `but`.

    Raises: OfficerNotFound.
    """
    officer = await get_officer(session, officer_id)
    officer.password_hash = password_hash
    await end_sessions(session, officer_id, now, but=but)


async def change_officer(
    session: AsyncSession,
    officer_id: int,
    *,
    display_name: str,
    role: Role,
    department: str | None,
    is_active: bool,
    now: datetime,
) -> Officer:
    """Set what an account is; a closed account loses its sessions.

    Raises: OfficerNotFound; LastAdministrator.
    """
    officer = await get_officer(session, officer_id)
    stays = is_active and role is Role.ADMINISTRATOR
    if _administers(officer) and not stays and await count_administrators(session) <= 1:
        raise LastAdministrator(str(officer_id))
    officer.display_name = display_name.strip()[:40] or officer.username
    officer.role = role
    officer.department = department
    officer.is_active = is_active
    if not is_active:
        await end_sessions(session, officer_id, now)
    await session.flush()
    return officer


def _administers(officer: Officer) -> bool:
    return officer.is_active and officer.role == Role.ADMINISTRATOR


async def count_administrators(session: AsyncSession) -> int:
    """Active accounts with the role of administrator."""
    query = select(func.count()).where(Officer.role == Role.ADMINISTRATOR, Officer.is_active)
    return await session.scalar(query) or 0


async def invite(session: AsyncSession, *, role: Role, department: str | None, now: datetime) -> str:
    """Make an invitation and return its token, which is valid once, for 24 hours."""
    token = secrets.token_urlsafe(24)
    session.add(
        Invitation(
            token_hash=hash_token(token),
            role=role,
            department=department,
            created_at=now,
            expires_at=now + timedelta(hours=INVITATION_HOURS),
        )
    )
    await session.flush()
    return token


async def find_invitation(
    session: AsyncSession, token: str, now: datetime, *, lock: bool = False
) -> Invitation:
    """The invitation behind a link; `lock` it to use it up.

    Raises: InvitationInvalid.
    """
    query = select(Invitation).where(Invitation.token_hash == hash_token(token))
    invitation = await session.scalar(query.with_for_update() if lock else query)
    if invitation is None or invitation.used_at is not None or invitation.expires_at <= now:
        raise InvitationInvalid
    return invitation


async def open_invitations(session: AsyncSession, now: datetime) -> Sequence[Invitation]:
    """Invitations that can still be used, newest first."""
    query = (
        select(Invitation)
        .where(Invitation.used_at.is_(None), Invitation.expires_at > now)
        .order_by(Invitation.created_at.desc())
    )
    return (await session.scalars(query)).all()


async def withdraw_invitation(session: AsyncSession, invitation_id: int, now: datetime) -> None:
    """Make an invitation useless; one that is used already stays as it is."""
    await session.execute(
        update(Invitation)
        .where(Invitation.id == invitation_id, Invitation.used_at.is_(None))
        .values(expires_at=now)
    )


async def accept_invitation(
    session: AsyncSession, token: str, *, username: str, display_name: str, password_hash: str, now: datetime
) -> Officer:
    """Use an invitation up and add the account that it promises.

    Raises: InvitationInvalid; UsernameNotAllowed; UsernameTaken.
    """
    invitation = await find_invitation(session, token, now, lock=True)
    officer = await create_officer(
        session,
        username=username,
        display_name=display_name,
        password_hash=password_hash,
        role=invitation.role,
        department=invitation.department,
        now=now,
    )
    invitation.used_at = now
    await session.flush()
    return officer


async def ensure_first_invitation(database: Database, now: datetime) -> str | None:
    """A token for the first administrator's welcome page, or None when there is an administrator.

    Earlier tokens of this kind stop working, so that only the last start's link is good.
    """
    async with database.transaction() as session:
        if await count_administrators(session):
            return None
        await session.execute(
            update(Invitation)
            .where(Invitation.role == Role.ADMINISTRATOR, Invitation.used_at.is_(None))
            .values(expires_at=now)
        )
        return await invite(session, role=Role.ADMINISTRATOR, department=None, now=now)
