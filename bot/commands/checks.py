"""`wenfa checks`: repeat the draw of a random check, from the database or from the published list."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tickets.checks import Checks
from tickets.database import Database
from tickets.deadlines import WorkingCalendar
from tickets.drawing import ListDamaged, Lot, NoReviewer, hash_of, read_list
from tickets.errors import CheckNotOpen
from tickets.routing import Routing

if TYPE_CHECKING:
    import argparse

    from bot.config import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="repeat the draw of a round and compare it with the database")
    verify.add_argument("round", type=int, metavar="ROUND")
    verify.set_defaults(run=run_verify)
    draw = actions.add_parser("draw", help="draw from a published list, without any database")
    draw.add_argument("list", type=Path, metavar="FILE")
    draw.add_argument("--seed", required=True)
    draw.add_argument("--day", type=date.fromisoformat, required=True, help="the day of the draw, 2026-11-23")
    draw.add_argument("--size", type=int, required=True, help="how many tickets")
    draw.set_defaults(run=run_draw)


def run_verify(args: argparse.Namespace) -> int:
    """Exit status 0 if all is as it was drawn, 1 if something differs, 2 if there is no such drawn round."""
    try:
        problems = asyncio.run(_verify(args.settings, args.round))
    except CheckNotOpen:
        sys.stderr.write(f"wenfa: no drawn round {args.round}\n")
        return 2
    for problem in problems:
        sys.stdout.write(problem + "\n")
    sys.stderr.write(f"round {args.round}: {len(problems)} problems\n")
    return 1 if problems else 0


def run_draw(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 if the file is no list or nobody can review a drawn ticket."""
    # Not `read_text`, which would make other line ends ours and so hide a changed list.
    text = args.list.read_bytes().decode("utf-8", "replace")
    try:
        lot = Lot(read_list(text), hash_of(text), " ".join(args.seed.split()), args.day)
        drawn = lot.draw(args.size)
    except (ListDamaged, NoReviewer) as error:
        sys.stderr.write(f"wenfa: {error}\n")
        return 2
    sys.stderr.write(f"list {lot.list_hash}\n")
    for position, one in enumerate(drawn, start=1):
        row = {"position": position, "ticket_no": one.ticket_no, "reviewer": one.reviewer_id}
        sys.stdout.write(json.dumps(row) + "\n")
    return 0


async def _verify(settings: Settings, round_id: int) -> list[str]:
    database = Database(settings.resolved_database_url)
    try:
        async with database.reading() as session:
            checks = Checks(
                session,
                routing=Routing.load(settings.city_data),
                calendar=WorkingCalendar.load(settings.city_data),
                now=datetime.now(UTC),
            )
            return await checks.verify(round_id)
    finally:
        await database.close()
