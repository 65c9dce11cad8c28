"""`wenfa api-keys`: who may file tickets from another system (Open311), and how many a day."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.commands.stored import on_database
from bot.dates import CHINA
from tickets.api_keys import DEFAULT_QUOTA, create_key, filed_since, list_keys, revoke_key
from tickets.audit import record_audit

if TYPE_CHECKING:
    import argparse

    from tickets.database import Database

MAX_QUOTA = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="all keys, and what each filed today")
    listing.set_defaults(run=lambda args: on_database(args.settings, _list))
    add = actions.add_parser("add", help="make a key; it is printed this one time")
    add.add_argument("holder", help="whose it is")
    add.add_argument(
        "--quota",
        type=int,
        default=DEFAULT_QUOTA,
        metavar="NUMBER",
        help="tickets a day (default %(default)s)",
    )
    add.set_defaults(run=_run_add)
    revoke = actions.add_parser("revoke", help="make a key useless for good")
    revoke.add_argument("id", type=int)
    revoke.set_defaults(
        run=lambda args: on_database(args.settings, lambda database: _revoke(database, args.id))
    )


def _run_add(args: argparse.Namespace) -> int:
    if not args.holder.strip() or not 1 <= args.quota <= MAX_QUOTA:
        sys.stderr.write(f"wenfa: a key needs a holder and a quota from 1 to {MAX_QUOTA}\n")
        return 2
    return on_database(args.settings, lambda database: _add(database, args.holder.strip(), args.quota))


async def _list(database: Database) -> int:
    midnight = datetime.now(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    async with database.reading() as session:
        for key in await list_keys(session):
            words = [
                str(key.id),
                key.holder,
                f"{await filed_since(session, key.id, midnight)}/{key.daily_quota} today",
                key.created_at.astimezone(CHINA).date().isoformat(),
                "revoked" if key.revoked_at else "active",
            ]
            sys.stdout.write("\t".join(words) + "\n")
    return 0


async def _add(database: Database, holder: str, quota: int) -> int:
    now = datetime.now(UTC)
    async with database.transaction() as session:
        made = await create_key(session, holder, quota, now)
        record_audit(session, "api_key_made", at=now, subject=holder, data={"id": made.id, "quota": quota})
    sys.stdout.write(f"{made.key}\n")
    sys.stderr.write(f"Key {made.id}. Only its hash is kept: it can't be shown again.\n")
    return 0


async def _revoke(database: Database, key_id: int) -> int:
    now = datetime.now(UTC)
    async with database.transaction() as session:
        key = await revoke_key(session, key_id, now)
        record_audit(session, "api_key_revoked", at=now, subject=key.holder, data={"id": key.id})
    return 0
