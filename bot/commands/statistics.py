"""`wenfa statistics rates`: the three rates from the history, beside what the dashboard says."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import true

from bot.dates import CHINA
from tickets.database import Database
from tickets.deadlines import WorkingCalendar
from tickets.models import Ticket
from tickets.rates import Rates, rates_from_history
from tickets.statistics import Period, figures

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    rates = actions.add_parser("rates", help="compute the three rates again from the history, and compare")
    rates.add_argument("--since", type=date.fromisoformat, required=True, metavar="DAY")
    rates.add_argument("--until", type=date.fromisoformat, metavar="DAY", help="today if not given")
    rates.add_argument("--department", metavar="CODE", help="only this unit")
    rates.set_defaults(run=run_rates)


def run_rates(args: argparse.Namespace) -> int:
    """Exit status 0 if history and dashboard agree, 1 if they don't, 2 if the days make no sense."""
    now = datetime.now(UTC)
    period = Period(args.since, args.until or now.astimezone(CHINA).date())
    if period.days < 1:
        sys.stderr.write("wenfa: --since lies after --until\n")
        return 2
    history, dashboard = asyncio.run(_both(args.settings.resolved_database_url, period, now, args.department))
    for name, rates in (("history", history), ("dashboard", dashboard)):
        sys.stdout.write(json.dumps({"from": name, **asdict(rates), **_shares(rates)}) + "\n")
    if history != dashboard:
        sys.stderr.write("wenfa: history and dashboard differ\n")
        return 1
    return 0


def _shares(rates: Rates) -> dict[str, float | None]:
    return {
        "response_rate": _share(rates.replies_in_time, rates.replies),
        "solved_rate": _share(rates.solved, rates.rated),
        "satisfaction_rate": _share(rates.satisfied, rates.rated),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


async def _both(url: str, period: Period, now: datetime, department: str | None) -> tuple[Rates, Rates]:
    database = Database(url)
    scope = true() if department is None else Ticket.department == department
    try:
        async with database.reading() as session:
            history = await rates_from_history(session, period, WorkingCalendar.load(), now, department)
            return history, Rates.of((await figures(session, scope, now, period)).total)
    finally:
        await database.close()
