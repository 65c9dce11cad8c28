"""`wenfa webhooks`: other systems that are told what happens to tickets, for whoever has the console."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.commands.stored import on_database
from bot.dates import CHINA
from bot.keys import open_vault
from bot.webhooks.addresses import AddressRefused, check_url
from tickets.audit import record_audit
from tickets.outward_models import HookState
from tickets.webhook_deliveries import HookCounts, counts, dead_letters, replay
from tickets.webhook_events import EVENTS
from tickets.webhooks import change_state, subscribe, subscriptions

if TYPE_CHECKING:
    import argparse

    from tickets.database import Database


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="who is told, and how it goes")
    listing.set_defaults(run=lambda args: on_database(args.settings, _list))
    add = actions.add_parser("add", help="tell one more; its secrets are printed this one time")
    add.add_argument("name")
    add.add_argument("url")
    add.add_argument(
        "--event", action="append", default=[], choices=EVENTS, metavar="EVENT", help="default: all"
    )
    add.add_argument("--inbound", action="store_true", help="it may report back")
    add.add_argument("--personal", action="store_true", help="send words, place and contact, too")
    add.set_defaults(run=lambda args: on_database(args.settings, lambda database: _add(database, args)))
    for word, state, meaning in (
        ("pause", HookState.PAUSED, "keep what happens until it is resumed"),
        ("resume", HookState.ACTIVE, "send what was kept"),
        ("end", HookState.ENDED, "tell it nothing more, for good"),
    ):
        action = actions.add_parser(word, help=meaning)
        action.add_argument("id", type=int)
        action.set_defaults(state=state, run=_run_change)
    dead = actions.add_parser("dead", help="what was given up")
    dead.add_argument("id", type=int, nargs="?")
    dead.set_defaults(run=lambda args: on_database(args.settings, lambda database: _dead(database, args.id)))
    again = actions.add_parser("replay", help="send again what was given up, or all since a day")
    again.add_argument("id", type=int)
    again.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="everything since that day in China")
    again.set_defaults(
        run=lambda args: on_database(args.settings, lambda database: _replay(database, args.id, args.since))
    )


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=CHINA)


def _run_change(args: argparse.Namespace) -> int:
    return on_database(args.settings, lambda database: _change(database, args.id, args.state))


async def _list(database: Database) -> int:
    async with database.reading() as session:
        rows, numbers = await subscriptions(session), await counts(session)
    for row in rows:
        number = numbers.get(row.id, HookCounts())
        words = [
            str(row.id),
            row.name,
            row.url,
            f"{row.state}{' (gone)' if row.pause_reason == 'gone' else ''}",
            ",".join(row.events) or "all",
            "personal" if row.with_personal_data else "-",
            "inbound" if row.inbound_secret else "-",
            f"waiting {number.waiting}, dead {number.dead}, delivered {number.delivered}",
        ]
        sys.stdout.write("\t".join(words) + "\n")
    return 0


async def _add(database: Database, args: argparse.Namespace) -> int:
    try:
        check_url(args.url, args.settings.webhook_hosts)
    except AddressRefused as refused:
        sys.stderr.write(f"wenfa: {args.url}: {refused}; for hosts of your own see WENFA_WEBHOOK_HOSTS\n")
        return 2
    now = datetime.now(UTC)
    async with database.transaction() as session:
        made = await subscribe(
            session,
            name=args.name,
            url=args.url,
            vault=open_vault(args.settings),
            now=now,
            events=args.event,
            with_personal_data=args.personal,
            may_report_back=args.inbound,
        )
        data = {"url": args.url, "with_personal_data": args.personal}
        record_audit(session, "webhook_made", at=now, subject=args.name, data=data)
    sys.stdout.write(f"{made.secret}\n")
    if made.inbound_secret:
        sys.stdout.write(f"{made.inbound_secret}\n")
        sys.stderr.write(f"The second secret is theirs, for {args.settings.base_url}/hooks/{made.id}\n")
    sys.stderr.write(f"Subscription {made.id}. Secrets are sealed: they can't be shown again.\n")
    return 0


async def _change(database: Database, subscription_id: int, state: HookState) -> int:
    async with database.transaction() as session:
        found = await change_state(session, subscription_id, state)
        data = {"state": str(state)}
        record_audit(session, "webhook_state", at=datetime.now(UTC), subject=found.name, data=data)
    return 0


async def _dead(database: Database, subscription_id: int | None) -> int:
    async with database.reading() as session:
        for item, ticket_no in await dead_letters(session, subscription_id):
            at = item.failed_at.astimezone(CHINA).isoformat(timespec="seconds") if item.failed_at else ""
            words = [str(item.id), str(item.subscription_id), ticket_no, item.event, at, item.error]
            sys.stdout.write("\t".join(words) + "\n")
    return 0


async def _replay(database: Database, subscription_id: int, since: datetime | None) -> int:
    now = datetime.now(UTC)
    async with database.transaction() as session:
        count = await replay(session, subscription_id, now, since=since)
        data = {"count": count}
        record_audit(session, "webhook_replayed", at=now, subject=str(subscription_id), data=data)
    sys.stderr.write(f"{count} will be sent again.\n")
    return 0
