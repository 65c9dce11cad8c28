"""What another system reports back: signed like ours, through the same door as an officer's work.

POST /hooks/SUBSCRIPTION with {"type": "ticket.status", "data": {"ticket_no", "status", "note", "version"?}}
or {"type": "ticket.reply", "data": {"ticket_no", "text"}}.
"""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from sqlalchemy.exc import OperationalError

from bot.relay import utc_now
from bot.security import RateLimiter, client_network
from bot.typedefs import OUTBOX, SERVICES
from bot.webhooks import signing
from tickets.columns import storable
from tickets.errors import BotError, DatabaseBusy, WebhookRefused
from tickets.outward_models import WebhookSubscription
from tickets.values import Actor
from tickets.webhook_events import actor_id_of
from tickets.webhooks import get_subscription, inbound_secret, note_receipt
from tickets.workflow import ActorKind, Status

if TYPE_CHECKING:
    from datetime import datetime

    from bot.services import Services
    from tickets.service import TicketService

log = structlog.get_logger()

MAX_BODY_BYTES = 64 * 1024
MAX_TEXT = 4000
MAX_ID = 128
RETRY_SECONDS = 5
_STATUSES = {"ticket_not_found": 404}


class Refusal(Exception):
    """An answer that says no. `code` is for programs, the text for people."""

    def __init__(self, status: int, code: str, text: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.text = status, code, text
        self.retry_after_seconds = retry_after_seconds


NOT_GENUINE = ("not_genuine", "签名、时间或地址不对，没有处理。")


class InboundDoor:
    """The handler. Wrong signatures are counted for each network."""

    def __init__(self) -> None:
        self._forged = RateLimiter(burst=20, per_second=0.2)

    async def receive(self, request: web.Request) -> web.Response:
        """Act on one message. The same one again answers 200 and does nothing."""
        try:
            return web.json_response(await self._receive(request))
        except Refusal as refused:
            return _answer(refused)
        except BotError as error:
            status = _STATUSES.get(error.code, 409)
            return _answer(Refusal(status, error.code, "工单现在不能这样办，没有改动。"))
        except (DatabaseBusy, OperationalError):
            return _answer(Refusal(503, "busy", "系统正忙，请稍后再发。", RETRY_SECONDS))
        except Exception:
            incident = secrets.token_hex(4)
            log.exception("inbound_failed", incident=incident)
            return _answer(Refusal(500, "failed", f"系统出了一点问题。问题编号：{incident}"))

    async def _receive(self, request: web.Request) -> dict[str, str]:
        services, now = request.app[SERVICES], utc_now()
        body = await _read(request)
        subscription = await self._sender(request, services, body, now)
        kind, data = _message(body)
        async with services.database.transaction() as session:
            message_id = request.headers[signing.ID]
            digest = hashlib.sha256(body).hexdigest()
            if not await note_receipt(session, subscription.id, message_id, digest, now):
                return {"result": "duplicate"}
            actor = Actor(ActorKind.OFFICER, actor_id_of(subscription.id), subscription.name)
            await _act(services.tickets(session, now), kind, data, actor)
        if (outbox := request.app.get(OUTBOX)) is not None:
            outbox.wake()
        return {"result": "done"}

    async def _sender(
        self, request: web.Request, services: Services, body: bytes, now: datetime
    ) -> WebhookSubscription:
        """Who sent it, proved. An unknown sender and a wrong signature look the same from outside.

        Raises: Refusal.
        """
        headers = request.headers
        message_id = headers.get(signing.ID, "")
        try:
            async with services.database.reading() as session:
                found = await get_subscription(session, _number(request.match_info["subscription"]))
            secret = inbound_secret(found, services.vault)
            if not secret or not 1 <= len(message_id) <= MAX_ID or storable(message_id) != message_id:
                raise signing.NotGenuine("not expected")
            timestamp, signatures = headers.get(signing.TIMESTAMP, ""), headers.get(signing.SIGNATURE, "")
            signing.check(secret, message_id, timestamp, signatures, body, now)
        except (WebhookRefused, signing.NotGenuine) as error:
            log.warning("inbound_refused", reason=str(error))
            wait = self._forged.take(client_network(request))
            if wait:
                raise Refusal(429, "slow_down", "请求太多，请稍后再发。", math.ceil(wait)) from error
            raise Refusal(401, *NOT_GENUINE) from error
        return found


def _number(text: str) -> int:
    """A subscription's number; 0, which is nobody's, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def _read(request: web.Request) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_chunked(16 * 1024):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refusal(413, "too_large", "内容太大，最多64KB。")
    return bytes(body)


def _message(body: bytes) -> tuple[str, dict[str, Any]]:
    """Raises: Refusal, for what isn't one of our two messages."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "not_json", "内容不是JSON。") from error
    data = message.get("data") if isinstance(message, dict) else None
    kind = message.get("type") if isinstance(message, dict) else None
    if not isinstance(data, dict) or not isinstance(kind, str) or kind not in _ACTS:
        raise Refusal(400, "unknown_type", f"type要是{'、'.join(_ACTS)}，内容放在data里。")
    return kind, data


def _text(data: dict[str, Any], name: str, *, limit: int, is_needed: bool = True) -> str:
    value = data.get(name, "")
    if not isinstance(value, str) or len(value) > limit or (is_needed and not value.strip()):
        raise Refusal(400, "bad_field", f"{name}要是{'' if is_needed else '空或'}不超过{limit}个字的文字。")
    return str(storable(value)).strip()


async def _act(tickets: TicketService, kind: str, data: dict[str, Any], actor: Actor) -> None:
    await _ACTS[kind](tickets, data, actor)


async def _change_status(tickets: TicketService, data: dict[str, Any], actor: Actor) -> None:
    status, version = _text(data, "status", limit=24), data.get("version")
    if status not in set(Status):
        raise Refusal(400, "unknown_status", "没有这个状态。")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise Refusal(400, "bad_field", "version要是整数。")
    await tickets.change_status(
        _text(data, "ticket_no", limit=24),
        status,
        actor=actor,
        note=_text(data, "note", limit=MAX_TEXT, is_needed=False),
        expected_version=version,
    )


async def _reply(tickets: TicketService, data: dict[str, Any], actor: Actor) -> None:
    await tickets.reply(_text(data, "ticket_no", limit=24), _text(data, "text", limit=MAX_TEXT), actor=actor)


_ACTS = {"ticket.status": _change_status, "ticket.reply": _reply}


def _answer(refused: Refusal) -> web.Response:
    headers = {}
    if refused.retry_after_seconds is not None:
        headers["Retry-After"] = str(refused.retry_after_seconds)
    content = {"code": refused.code, "text": refused.text}
    body = json.dumps(content, ensure_ascii=False).encode()
    return web.Response(
        body=body, status=refused.status, content_type="application/json", charset="utf-8", headers=headers
    )


def setup(app: web.Application) -> None:
    """Add the address. SERVICES must be in `app` when a message comes."""
    app.router.add_post("/hooks/{subscription}", InboundDoor().receive)
