"""`wenfa privacy`: what is kept about a person, in their hands or erased; old data let go; keys changed."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import sys
import zipfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bot.keys import open_vault
from bot.photo_store import open_photos
from tickets.database import Database
from tickets.deadlines import WorkingCalendar
from tickets.errors import BotError
from tickets.personal_data import PersonalData
from tickets.resealing import reseal
from tickets.retention import Retention, RetentionRules
from tickets.routing import Routing
from tickets.values import Actor
from tickets.workflow import ActorKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ResultT = TypeVar("ResultT")
OPERATOR = Actor(ActorKind.SYSTEM, "operator", "系统管理员")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    export = actions.add_parser("export", help="everything kept about a person's conversation and tickets")
    _whose(export)
    export.add_argument(
        "--zip",
        type=Path,
        metavar="FILE",
        help="with photos, voice messages and files, instead of JSON alone",
    )
    export.set_defaults(run=run_export)
    erase = actions.add_parser(
        "erase", help="erase a person's words, contact data, files and photos for good"
    )
    _whose(erase)
    erase.add_argument("--reason", required=True, help="goes onto the record")
    erase.set_defaults(run=run_erase)
    retain = actions.add_parser("retain", help="let go of what retention.yml doesn't keep any longer")
    retain.add_argument("--dry-run", action="store_true", help="only count")
    retain.set_defaults(run=run_retain)
    reseal = actions.add_parser("reseal", help="seal everything with the newest key of WENFA_CONTACT_KEYS")
    reseal.set_defaults(run=run_reseal)


def _whose(parser: argparse.ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("conversation", type=int, nargs="?", metavar="ID", help="of the conversation")
    whose.add_argument("--ticket", metavar="NUMBER", help="a ticket of theirs")


def run_export(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 if there is no such conversation, or contact data can't be opened."""

    async def work(service: Retention) -> tuple[dict[str, Any], list[str], dict[str, bytes]]:
        person = service.bound(PersonalData)
        conversation_id = await _conversation(service, args)
        if conversation_id is None:
            data = await person.export_alone(args.ticket)
            return data, [photo["sha256"] for photo in data["tickets"][0]["photos"]], {}
        files = await person.files_about(conversation_id) if args.zip else {}
        return await person.export(conversation_id), await person.photos_about(conversation_id), files

    found = _run(args, work)
    if found is None:
        return 2
    data, photos, files = found
    if args.zip is None:
        sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
        return 0
    args.zip.write_bytes(_as_zip(args, data, photos, files))
    return 0


def run_erase(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 if there is no such conversation or no reason."""
    gone: list[str] = []

    async def work(service: Retention) -> int:
        conversation_id = await _conversation(service, args)
        if conversation_id is None:
            return await service.erase_alone(
                args.ticket, actor=OPERATOR, reason=args.reason, delete_photo=gone.append
            )
        return await service.erase(
            conversation_id, actor=OPERATOR, reason=args.reason, delete_photo=gone.append
        )

    count = _run(args, work)
    if count is None:
        return 2
    _delete(args, gone)
    sys.stdout.write(json.dumps({"tickets": count, "photos": len(gone)}) + "\n")
    return 0


def run_retain(args: argparse.Namespace) -> int:
    """Exit status 0; 2 if the rules can't be read."""
    try:
        rules = RetentionRules.load(args.settings.city_data)
    except ValueError as error:
        sys.stderr.write(f"wenfa: {error}\n")
        return 2
    totals = {"contacts": 0, "conversations": 0, "tickets": 0, "photos": 0}
    while True:
        gone: list[str] = []

        async def work(service: Retention, gone: list[str] = gone) -> dict[str, int]:
            return asdict(await (service.due(rules) if args.dry_run else service.run(rules, gone.append)))

        done = _run(args, work) or {}
        _delete(args, gone)
        for name, number in {**done, "photos": len(gone)}.items():
            totals[name] += number
        if args.dry_run or not any(done.values()):
            break
    sys.stdout.write(json.dumps(totals) + "\n")
    return 0


def run_reseal(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 if something was sealed with a key that isn't there, or was changed."""
    vault, total = open_vault(args.settings), 0

    async def work(service: Retention) -> int:
        return await reseal(service.session, vault)

    while True:
        done = _run(args, work)
        if done is None:
            return 2
        total += done
        if not done:
            break
    try:
        originals = open_photos(args.settings, vault).reseal(vault)
    except (BotError, OSError, ValueError) as error:
        sys.stderr.write(f"wenfa: {error}\n")
        return 2
    sys.stdout.write(json.dumps({"resealed": total, "originals": originals}) + "\n")
    return 0


async def _conversation(service: Retention, args: argparse.Namespace) -> int | None:
    """Whose data it is about; None for a ticket that another system filed, or whose person was erased."""
    return await service.conversation_of(args.ticket) if args.ticket else int(args.conversation)


def _as_zip(
    args: argparse.Namespace, data: dict[str, Any], photos: list[str], files: dict[str, bytes]
) -> bytes:
    store, out = open_photos(args.settings, open_vault(args.settings)), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1))
        for name, content in files.items():
            archive.writestr(name, content)
        for sha256 in photos:
            if store.has(sha256):
                archive.writestr(f"photos/{sha256}.jpg", store.read(sha256))
    return out.getvalue()


def _delete(args: argparse.Namespace, hashes: list[str]) -> None:
    """Only after the commit is it certain that the rows are gone."""
    if hashes:
        store = open_photos(args.settings, open_vault(args.settings))
        for sha256 in hashes:
            store.delete(sha256)


def _run(args: argparse.Namespace, work: Callable[[Retention], Awaitable[ResultT]]) -> ResultT | None:
    """The work in one transaction; None when it was refused, which is then said."""

    async def within() -> ResultT:
        database = Database(args.settings.resolved_database_url)
        try:
            async with database.transaction() as session:
                return await work(
                    Retention(
                        session,
                        routing=Routing.load(args.settings.city_data),
                        calendar=WorkingCalendar.load(args.settings.city_data),
                        now=datetime.now(UTC),
                        vault=open_vault(args.settings),
                    )
                )
        finally:
            await database.close()

    try:
        return asyncio.run(within())
    except BotError as error:
        sys.stderr.write(f"wenfa: {error.code}: {error}\n")
        return None
