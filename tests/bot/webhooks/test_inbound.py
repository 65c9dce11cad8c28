"""What another system reports back: proved, in time, once, and through the table of moves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from bot.services import Services
from bot.typedefs import SERVICES
from bot.webhooks import inbound
from tests.factories import NOW, make_ticket
from tickets.models import Entry, EntryKind, Ticket, WebhookReceipt
from tickets.outward_models import HookState
from tickets.verification import verify
from tickets.webhooks import change_state, subscribe


def signed(secret: str, body: bytes, message_id: str = "msg_1", age_seconds: float = 0) -> dict[str, str]:
    """Headers as the Standard Webhooks describe them, without a line of ours."""
    timestamp = str(int(time.time() - age_seconds))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


@dataclass
class Platform:
    """The provincial platform."""

    client: TestClient[web.Request, web.Application]
    services: Services
    id: int
    secret: str
    outgoing_secret: str
    ticket_no: str

    async def report(
        self, status: int = 200, /, *, message: Any = None, headers: dict[str, str] | None = None, **data: Any
    ) -> dict[str, Any]:
        """Send a status (or `message`) and see that the answer has that HTTP status."""
        content = message or {
            "type": "ticket.status",
            "data": {"ticket_no": self.ticket_no, "status": "accepted", **data},
        }
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = headers if headers is not None else signed(self.secret, body)
        async with self.client.post(f"/hooks/{self.id}", data=body, headers=headers) as answer:
            assert answer.status == status, await answer.text()
            found: dict[str, Any] = await answer.json()
            return found

    async def ticket(self) -> Ticket:
        async with self.services.database.reading() as session:
            found = await session.scalar(select(Ticket).where(Ticket.ticket_no == self.ticket_no))
            assert found is not None
            return found

    async def receipts(self) -> int:
        async with self.services.database.reading() as session:
            return len((await session.scalars(select(WebhookReceipt))).all())


@pytest.fixture
async def platform(services: Services) -> AsyncIterator[Platform]:
    """May report back on a fresh ticket."""
    async with services.database.transaction() as session:
        made = await subscribe(
            session,
            name="省平台",
            url="https://example.com/",
            vault=services.vault,
            now=NOW,
            may_report_back=True,
        )
        filed = await make_ticket(session)
    app = web.Application()
    app[SERVICES] = services
    inbound.setup(app)
    async with TestClient(TestServer(app)) as client:
        yield Platform(client, services, made.id, made.inbound_secret, made.secret, filed.ticket_no)


async def test_a_status_goes_through_the_same_door_as_an_officers(platform: Platform) -> None:
    assert await platform.report(note="省里已接") == {"result": "done"}

    assert (await platform.ticket()).status == "accepted"
    async with platform.services.database.reading() as session:
        entry = (await session.scalars(select(Entry).order_by(Entry.id.desc()))).first()
        assert entry is not None
        assert (entry.actor_id, entry.actor_name, entry.text) == (
            f"webhook:{platform.id}",
            "省平台",
            "省里已接",
        )
        assert await verify(session) == []


async def test_a_reply_reaches_the_citizen(platform: Platform) -> None:
    message = {"type": "ticket.reply", "data": {"ticket_no": platform.ticket_no, "text": "明天上午去看"}}

    await platform.report(message=message)

    async with platform.services.database.reading() as session:
        replies = await session.scalars(select(Entry.text).where(Entry.kind == EntryKind.REPLY))
        assert list(replies) == ["明天上午去看"]


async def test_the_same_message_again_does_nothing(platform: Platform) -> None:
    await platform.report()
    before = (await platform.ticket()).entry_count

    assert await platform.report() == {"result": "duplicate"}

    assert (await platform.ticket()).entry_count == before


async def test_another_message_under_a_used_id_is_refused(platform: Platform) -> None:
    await platform.report()

    body = json.dumps({"type": "ticket.reply", "data": {"ticket_no": platform.ticket_no, "text": "别的"}})
    answer = await platform.report(409, message=body.encode())

    assert answer["code"] == "webhook_id_used"


async def test_what_the_table_of_moves_does_not_have_is_refused_and_may_be_sent_again(
    platform: Platform,
) -> None:
    for status, note in (("in_progress", ""), ("closed", ""), ("withdrawn", "")):
        message = {
            "type": "ticket.status",
            "data": {"ticket_no": platform.ticket_no, "status": status, "note": note},
        }
        answer = await platform.report(409, message=message)
        assert answer["code"] in {"transition_not_allowed", "actor_not_allowed"}

    assert (await platform.ticket()).status == "submitted"
    assert await platform.receipts() == 0


@pytest.mark.parametrize("age_seconds", [400, -400])
async def test_a_message_from_another_time_is_refused(platform: Platform, age_seconds: int) -> None:
    body = json.dumps(
        {"type": "ticket.status", "data": {"ticket_no": platform.ticket_no, "status": "accepted"}}
    ).encode()

    headers = signed(platform.secret, body, age_seconds=age_seconds)

    assert (await platform.report(401, message=body, headers=headers))["code"] == "not_genuine"
    assert (await platform.ticket()).status == "submitted"


@pytest.mark.parametrize(
    "forge",
    [
        lambda headers: {},
        lambda headers: {**headers, "webhook-signature": ""},
        lambda headers: {**headers, "webhook-signature": "v1,AAAA"},
        lambda headers: {**headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v2,")},
        lambda headers: {**headers, "webhook-id": "msg_2"},
        lambda headers: {**headers, "webhook-id": "x" * 200},
        lambda headers: {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)},
        lambda headers: {**headers, "webhook-timestamp": "now"},
        lambda headers: {**headers, "webhook-timestamp": "9" * 40},
    ],
)
async def test_what_is_not_signed_is_refused(platform: Platform, forge: Any) -> None:
    body = json.dumps(
        {"type": "ticket.status", "data": {"ticket_no": platform.ticket_no, "status": "accepted"}}
    ).encode()

    answer = await platform.report(401, message=body, headers=forge(signed(platform.secret, body)))

    assert answer["code"] == "not_genuine"
    assert (await platform.ticket()).status == "submitted"


async def test_our_own_news_can_not_be_turned_against_us(platform: Platform) -> None:
    body = json.dumps(
        {"type": "ticket.status", "data": {"ticket_no": platform.ticket_no, "status": "accepted"}}
    ).encode()

    await platform.report(401, message=body, headers=signed(platform.outgoing_secret, body))


async def test_while_a_secret_changes_one_of_several_signatures_is_enough(platform: Platform) -> None:
    body = json.dumps(
        {"type": "ticket.status", "data": {"ticket_no": platform.ticket_no, "status": "accepted"}}
    ).encode()
    headers = signed(platform.secret, body)
    headers["webhook-signature"] = f"v1,b2xk {headers['webhook-signature']}"

    await platform.report(message=body, headers=headers)


async def test_one_that_has_ended_or_never_was_is_no_sender(platform: Platform) -> None:
    async with platform.services.database.transaction() as session:
        await change_state(session, platform.id, HookState.ENDED)
    await platform.report(401)
    platform.id = 999
    await platform.report(401)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"{", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[" * 30_000, "not_json"),
        (b"null", "unknown_type"),
        (b"[]", "unknown_type"),
        ({"type": "ticket.delete", "data": {}}, "unknown_type"),
        ({"type": ["ticket.status"], "data": {}}, "unknown_type"),
        ({"type": "ticket.status", "data": {"ticket_no": 7, "status": "accepted"}}, "bad_field"),
        ({"type": "ticket.status", "data": {"ticket_no": "FQ1", "status": "flying"}}, "unknown_status"),
        (
            {"type": "ticket.status", "data": {"ticket_no": "FQ1", "status": "accepted", "version": "1"}},
            "bad_field",
        ),
        ({"type": "ticket.reply", "data": {"ticket_no": "FQ1", "text": " "}}, "bad_field"),
        ({"type": "ticket.reply", "data": {"ticket_no": "FQ1", "text": "字" * 4001}}, "bad_field"),
    ],
)
async def test_what_is_no_message_of_ours_is_a_400(platform: Platform, message: Any, code: str) -> None:
    assert (await platform.report(400, message=message))["code"] == code


async def test_an_unknown_ticket_an_old_version_and_a_huge_body(platform: Platform) -> None:
    missing = {"type": "ticket.status", "data": {"ticket_no": "FQ20200101-0001", "status": "accepted"}}

    assert (await platform.report(404, message=missing))["code"] == "ticket_not_found"
    assert (await platform.report(409, version=99))["code"] == "stale_version"
    assert (await platform.report(413, message=b"x" * 70_000))["code"] == "too_large"


async def test_signatures_can_not_be_guessed_from_one_network(platform: Platform) -> None:
    statuses = []
    for _ in range(25):
        headers = {"X-Forwarded-For": "203.0.113.5"}
        async with platform.client.post(f"/hooks/{platform.id}", data=b"{}", headers=headers) as answer:
            statuses.append(answer.status)

    assert statuses[:20] == [401] * 20
    assert 429 in statuses
