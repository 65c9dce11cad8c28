"""`wenfa tickets verify`: is the history of every ticket whole? `wenfa tickets check`: has every
matter an owner?
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bot.keys import open_vault
from tickets.casefile import build_case_file
from tickets.casework import find_ticket
from tickets.database import Database
from tickets.deadlines import WorkingCalendar
from tickets.errors import ContactSealed, ConversationNotFound, RoutingError, TicketNotFound
from tickets.history import Verification, verify_all
from tickets.photos import PhotoStore
from tickets.privacy import Privacy
from tickets.routing import Routing
from tickets.values import Actor
from tickets.workflow import ActorKind

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
    verify.set_defaults(run=run_verify)
    check = actions.add_parser("check", help="find gaps in the routing data")
    check.set_defaults(run=run_check)
    export = actions.add_parser("export", help="write the case file of one ticket as a ZIP")
    export.add_argument("ticket", metavar="NUMBER")
    export.add_argument("file", type=Path)
    export.set_defaults(run=run_export)
    own = actions.add_parser("privacy-export", help="everything kept about one conversation, as JSON")
    own.add_argument("conversation", type=int, metavar="ID")
    own.set_defaults(run=run_privacy_export)
    erase = actions.add_parser(
        "privacy-erase", help="erase a person's words, contact data and photos for good"
    )
    erase.add_argument("conversation", type=int, metavar="ID")
    erase.add_argument("--reason", required=True, help="goes onto the record")
    erase.set_defaults(run=run_privacy_erase)


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


def run_export(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 if there is no such ticket."""

    async def work(session: AsyncSession) -> bytes:
        photos = PhotoStore(args.settings.data_folder / "photos")
        return await build_case_file(
            session, args.ticket, photos=photos, routing=Routing.load(), now=datetime.now(UTC)
        )

    try:
        content = asyncio.run(_within(args.settings.resolved_database_url, work))
    except TicketNotFound:
        sys.stderr.write(f"wenfa: no ticket {args.ticket}\n")
        return 2
    args.file.write_bytes(content)
    return 0


def run_privacy_export(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 if there is no such conversation, or contact data is sealed and the keys are
    missing.
    """
    return _privacy(args, lambda privacy: privacy.export(args.conversation))


def run_privacy_erase(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 if there is no such conversation."""
    photos = PhotoStore(args.settings.data_folder / "photos")
    gone: list[str] = []

    async def work(privacy: Privacy) -> dict[str, int]:
        operator = Actor(ActorKind.SYSTEM, "operator", "系统管理员")
        count = await privacy.erase(
            args.conversation, actor=operator, reason=args.reason, delete_photo=gone.append
        )
        return {"tickets": count, "photos": len(gone)}

    status = _privacy(args, work)
    # Only now is it certain that the rows are gone.
    for sha256 in gone if status == 0 else []:
        photos.delete(sha256)
    return status


def _privacy(args: argparse.Namespace, work: Callable[[Privacy], Awaitable[object]]) -> int:
    async def within(session: AsyncSession) -> object:
        privacy = Privacy(
            session,
            routing=Routing.load(),
            calendar=WorkingCalendar.load(),
            now=datetime.now(UTC),
            vault=open_vault(args.settings),
        )
        return await work(privacy)

    try:
        found = asyncio.run(_within(args.settings.resolved_database_url, within))
    except (ConversationNotFound, ContactSealed) as error:
        sys.stderr.write(f"wenfa: {error.code}: {error}\n")
        return 2
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    return 0


async def _within(url: str, work: Callable[[AsyncSession], Awaitable[ResultT]]) -> ResultT:
    database = Database(url)
    try:
        async with database.transaction() as session:
            return await work(session)
    finally:
        await database.close()


async def _verify(url: str, ticket_no: str | None) -> Verification:
    database = Database(url)
    try:
        async with database.reading() as session:
            ticket_id = (await find_ticket(session, ticket_no)).id if ticket_no else None
            return await verify_all(session, ticket_id)
    finally:
        await database.close()
