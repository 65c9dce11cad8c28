"""`wenfa tickets verify`: is the history of every ticket whole? `wenfa tickets check`: has every
matter an owner?
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from tickets.casework import find_ticket
from tickets.database import Database
from tickets.errors import RoutingError, TicketNotFound
from tickets.history import Verification, verify_all
from tickets.routing import Routing

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="find edits, gaps and vanished tickets in the history")
    verify.add_argument("--ticket", metavar="NUMBER", help="only this ticket")
    verify.add_argument("--json", action="store_true", help="problems as JSON lines")
    verify.set_defaults(run=run_verify)
    check = actions.add_parser("check", help="find gaps in the routing data")
    check.set_defaults(run=run_check)


def run_verify(args: argparse.Namespace) -> int:
    """Exit status 0 if all is well, 1 if something is wrong, 2 if there is no such ticket."""
    try:
        found = asyncio.run(_verify(args.settings.resolved_database_url, args.ticket))
    except TicketNotFound:
        sys.stderr.write(f"wenfa: no ticket {args.ticket}\n")
        return 2
    for problem in found.problems:
        row = {"ticket_no": problem.ticket_no, "entry": problem.number, "what": problem.what}
        line = (
            json.dumps(row) if args.json else f"{problem.ticket_no} #{problem.number or '-'} {problem.what}"
        )
        sys.stdout.write(line + "\n")
    sys.stderr.write(
        f"{found.tickets} tickets, {found.entries} entries, {len(found.problems)} problems\n"
        f"digest {found.digest}\n"
    )
    return 1 if found.problems else 0


def run_check(args: argparse.Namespace) -> int:
    """Exit status 0 if the data has no gap, else 1."""
    try:
        routing = Routing.load()
    except RoutingError as error:
        sys.stderr.write(f"wenfa: {error}\n")
        return 1
    sys.stderr.write(
        f"{len(routing.categories)} categories x {len(routing.towns())} towns: every matter has an owner"
        f" among {len(routing.departments())} departments\n"
    )
    return 0


async def _verify(url: str, ticket_no: str | None) -> Verification:
    database = Database(url)
    try:
        async with database.reading() as session:
            ticket_id = (await find_ticket(session, ticket_no)).id if ticket_no else None
            return await verify_all(session, ticket_id)
    finally:
        await database.close()
