"""`wenfa tickets verify`: is the history of every ticket whole? `wenfa tickets check`: has every
matter an owner?
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError

from bot.keys import known_vault, open_vault
from bot.photo_store import open_photos
from bot.texts import words_for_file
from knowledge_base.statutes.library import StatuteLibrary
from tickets.casefile import build_case_file
from tickets.casework import find_ticket
from tickets.database import Database
from tickets.deadlines import WorkingCalendar
from tickets.errors import (
    CalendarYearMissing,
    ContactSealed,
    RoutingError,
    TicketNotFound,
)
from tickets.models import Priority
from tickets.powers import Powers
from tickets.routing import Routing
from tickets.verification import Evidence, Kept, Verification, verify_all
from tickets.workflow import TicketKind

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

ResultT = TypeVar("ResultT")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="find edits, gaps and vanished tickets in the history")
    verify.add_argument("--ticket", metavar="NUMBER", help="only this ticket")
    verify.add_argument("--json", action="store_true", help="problems as JSON lines")
    verify.add_argument(
        "--no-files", action="store_true", help="don't look at the bytes of photos and recordings"
    )
    verify.add_argument(
        "--keep", type=Path, metavar="FILE", help="write every ticket's last hash, to be kept elsewhere"
    )
    verify.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help="what --keep wrote: finds what was rewritten since, hashes included",
    )
    verify.set_defaults(run=run_verify)
    check = actions.add_parser("check", help="find gaps in the routing data")
    check.set_defaults(run=run_check)
    export = actions.add_parser("export", help="write the case file of one ticket as a ZIP")
    export.add_argument("ticket", metavar="NUMBER")
    export.add_argument("file", type=Path)
    export.set_defaults(run=run_export)


def run_verify(args: argparse.Namespace) -> int:
    """Exit status 0 if all is well, 1 if something is wrong, 2 without such a ticket or any table."""
    try:
        kept = _read_kept(args.against) if args.against else {}
        found, lines = asyncio.run(_verify(args, kept))
    except TicketNotFound:
        sys.stderr.write(f"wenfa: no ticket {args.ticket}\n")
        return 2
    except (OSError, ValueError) as error:
        sys.stderr.write(f"wenfa: {error}\n")
        return 2
    except DBAPIError as error:
        return _unreadable(error)
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
    if args.keep and not _write_kept(args.keep, lines, found):
        return 1
    return 1 if found.problems else 0


def _read_kept(path: Path) -> Kept:
    """Raises: OSError; ValueError, for a file that `--keep` didn't write."""
    rows = [
        line.split() for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    if not all(len(row) == 3 and row[1].isdecimal() for row in rows):
        raise ValueError(f"{path} is no file that --keep wrote")
    return {ticket_no: (int(count), last_hash) for ticket_no, count, last_hash in rows}


def _write_kept(path: Path, lines: list[str], found: Verification) -> bool:
    """What is wrong already must not become what is compared with."""
    if found.problems:
        sys.stderr.write(f"wenfa: {path} not written while something is wrong\n")
        return False
    path.write_text(f"# digest {found.digest}\n" + "".join(lines), encoding="utf-8")
    return True


def run_check(args: argparse.Namespace) -> int:
    """Exit status 0 if the data has no gap, else 1."""
    folder = args.settings.city_data
    try:
        routing = Routing.load(folder)
    except RoutingError as error:
        sys.stderr.write(f"wenfa: {error}\n")
        return 1
    sys.stderr.write(
        f"{len(routing.categories)} categories x {len(routing.towns())} towns: every matter has an owner"
        f" among {len(routing.departments())} departments\n"
    )
    try:
        powers = Powers.load(folder)
    except RoutingError as error:
        sys.stderr.write(f"wenfa: {error}\n")
        return 1
    today = datetime.now(UTC).date()
    library = StatuteLibrary.load(args.settings.data_folder / "statutes")
    problems = powers.check(routing, lambda law, article: library.article(law, article, today) is not None)
    for problem in problems:
        sys.stderr.write(f"wenfa: {problem}\n")
    delegated = sum(power.is_delegated for power in powers.items)
    sys.stderr.write(f"{len(powers.items)} powers, {delegated} of {powers.total} delegated ones among them\n")
    return 1 if problems or _misses_a_year(folder, today) else 0


def _misses_a_year(folder: Path, today: date) -> bool:
    """Say loudly when deadlines that begin now run into a year without holiday data."""
    try:
        WorkingCalendar.load(folder).due_times(TicketKind.COMPLAINT, Priority.NORMAL, datetime.now(UTC))
    except CalendarYearMissing as missing:
        sys.stderr.write(
            f"wenfa: no holidays of {missing.year}: tickets of today ({today}) get no deadline;"
            " add the year to holidays.yml\n"
        )
        return True
    return False


def run_export(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 if there is no such ticket or it can't be read."""

    async def work(session: AsyncSession) -> bytes:
        vault = open_vault(args.settings)
        return await build_case_file(
            session,
            args.ticket,
            photos=open_photos(args.settings, vault),
            routing=Routing.load(args.settings.city_data),
            now=datetime.now(UTC),
            words=words_for_file,
            vault=vault,
        )

    try:
        content = asyncio.run(_within(args.settings.resolved_database_url, work))
    except TicketNotFound:
        sys.stderr.write(f"wenfa: no ticket {args.ticket}\n")
        return 2
    except ContactSealed:
        sys.stderr.write("wenfa: a recording was sealed with a key that isn't there, or changed\n")
        return 2
    except DBAPIError as error:
        return _unreadable(error)
    args.file.write_bytes(content)
    return 0


def _unreadable(error: DBAPIError) -> int:
    sys.stderr.write(f"wenfa: the database can't be read ({error.orig}); the first start makes its tables\n")
    return 2


async def _within(url: str, work: Callable[[AsyncSession], Awaitable[ResultT]]) -> ResultT:
    database = Database(url)
    try:
        async with database.transaction() as session:
            return await work(session)
    finally:
        await database.close()


async def _verify(args: argparse.Namespace, kept: Kept) -> tuple[Verification, list[str]]:
    lines: list[str] = []

    def keep(ticket_no: str, count: int, last_hash: str) -> None:
        lines.append(f"{ticket_no} {count} {last_hash}\n")

    vault = known_vault(args.settings)
    evidence = None if args.no_files else Evidence(open_photos(args.settings, vault), vault)
    database = Database(args.settings.resolved_database_url)
    try:
        async with database.reading() as session:
            ticket_id = (await find_ticket(session, args.ticket)).id if args.ticket else None
            found = await verify_all(
                session, ticket_id, evidence=evidence, kept=kept, keep=keep if args.keep else None
            )
            return found, lines
    finally:
        await database.close()
