"""`wenfa officers`: accounts of the desk, for whoever has the server's console."""

from __future__ import annotations

import secrets
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.commands.stored import on_database
from tickets.audit import record_audit
from tickets.models import Role
from tickets.officers import change_officer, invite, list_officers, officer_by_name, set_password_hash
from tickets.passwords import hash_password
from tickets.routing import Routing
from tickets.second_factor import clear_secret

if TYPE_CHECKING:
    import argparse

    from tickets.database import Database


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="who has an account")
    listing.set_defaults(run=lambda args: on_database(args.settings, _list))
    add = actions.add_parser("add", help="print a one-time link with which somebody makes an account")
    add.add_argument("--role", choices=[role.value for role in Role], default=Role.OFFICER.value)
    add.add_argument("--department", metavar="CODE", help="code of their unit, from departments.yml")
    add.set_defaults(run=_run_add)
    reset = actions.add_parser("reset", help="new random password; second factor and sessions end")
    reset.add_argument("username")
    reset.set_defaults(
        run=lambda args: on_database(args.settings, lambda database: _reset(database, args.username))
    )


async def _list(database: Database) -> int:
    async with database.reading() as session:
        officers = await list_officers(session)
    for officer in officers:
        words = [
            officer.username,
            officer.display_name,
            str(officer.role),
            officer.department or "-",
            "active" if officer.is_active else "closed",
            "2fa" if officer.totp_secret else "no-2fa",
        ]
        sys.stdout.write("\t".join(words) + "\n")
    return 0


def _run_add(args: argparse.Namespace) -> int:
    known = {department.code for department in Routing.load(args.settings.city_data).departments()}
    if args.department and args.department not in known:
        sys.stderr.write(f"wenfa: no department {args.department}; there are: {', '.join(sorted(known))}\n")
        return 2
    base_url = args.settings.base_url
    return on_database(
        args.settings, lambda database: _add(database, Role(args.role), args.department, base_url)
    )


async def _add(database: Database, role: Role, department: str | None, base_url: str) -> int:
    now = datetime.now(UTC)
    async with database.transaction() as session:
        token = await invite(session, role=role, department=department, now=now)
        record_audit(session, "invited", at=now, subject=role.label, data={"department": department})
    sys.stdout.write(f"{base_url}/desk/welcome/{token}\n")
    sys.stderr.write("The link works once, within 24 hours.\n")
    return 0


async def _reset(database: Database, username: str) -> int:
    password, now = secrets.token_urlsafe(12), datetime.now(UTC)
    password_hash = await hash_password(password)
    async with database.transaction() as session:
        officer = await officer_by_name(session, username)
        if officer is None:
            sys.stderr.write(f"wenfa: no officer {username}\n")
            return 1
        await set_password_hash(session, officer.id, password_hash, now)
        clear_secret(officer)
        await change_officer(
            session,
            officer.id,
            display_name=officer.display_name,
            role=officer.role,
            department=officer.department,
            is_active=True,
            now=now,
        )
        record_audit(session, "password_reset", at=now, subject=officer.username)
    sys.stdout.write(f"{password}\n")
    sys.stderr.write("Sign in with it and change it.\n")
    return 0
