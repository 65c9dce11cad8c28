"""Where WeChat delivers pushes to us. The order is fixed: verify, store, answer within the budget.

WeChat waits five seconds and then asks again, three times. A push that is asked again is known by its number.
What can't be said within the budget is sent as customer-service messages.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from bot.channels.flood import FloodGate
from bot.channels.wechat.choices import with_choice
from bot.channels.wechat.crypto import BadEnvelope, is_signed, sign
from bot.channels.wechat.messages import (
    CHANNEL_NAME,
    BadMessage,
    Incoming,
    as_message,
    incoming,
    parse,
    sealed_answer,
    text_answer,
)
from bot.texts import text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actions.base import Message
    from bot.channels.flood import Pressure
    from bot.channels.wechat.crypto import Envelope
    from bot.channels.wechat.slots import Slot, Slots
    from bot.relay import Relay
    from bot.shared_cache import SharedCache
    from tickets.database import Database

log = structlog.get_logger()

PATH = "/wechat"
BUDGET_SECONDS = 4.0
WINDOW_SECONDS = 300
MAX_BODY_BYTES = 64 * 1024
DONE = "success"
_SAID = frozenset({"text", "image", "voice", "video", "shortvideo", "location", "link", "file"})


class Refused(Exception):
    """The request isn't WeChat's, or not for us, or comes again with another body."""


class WeChatDoor:
    """The handlers of one account.

    Args:
        token: the word that the account shares with us (Token on the platform's page).
        envelope: None in plain mode. With one, a push that isn't encrypted is refused.
        clock: seconds since 1970, for tests.
        gate: how much one follower may send; its own limits if None.
    """

    def __init__(
        self,
        token: str,
        envelope: Envelope | None,
        *,
        relay: Relay,
        slots: Slots,
        database: Database,
        cache: SharedCache,
        clock: Callable[[], float] = time.time,
        budget_seconds: float = BUDGET_SECONDS,
        gate: FloodGate | None = None,
    ) -> None:
        self._token = token
        self._envelope = envelope
        self._relay = relay
        self._slots = slots
        self._database = database
        self._cache = cache
        self._clock = clock
        self._budget_seconds = budget_seconds
        self._gate = gate or FloodGate()

    async def check(self, request: web.Request) -> web.Response:
        """The platform's question whether this address is ours."""
        try:
            self._verify(request.query)
        except Refused as error:
            return _refuse(str(error))
        return web.Response(text=request.query.get("echostr", "")[:100])

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """One push. `success` once it is stored; 500 if it could not be, so that it is sent again."""
        started = time.monotonic()
        try:
            self._verify(request.query)
            if (request.content_length or 0) > MAX_BODY_BYTES:
                return web.Response(status=413)
            body = await request.read()
            push = incoming(self._opened(request.query, body))
            await self._refuse_replay(request.query, body)
            message = as_message(push)
        except (Refused, BadMessage, BadEnvelope) as error:
            return _refuse(f"{type(error).__name__}: {error}")
        except Exception:
            log.exception("wechat_push_failed")
            return web.Response(status=500)
        pressure = self._gate.pass_through(push.open_id)
        if message is None:
            return await self._take_event(push, pressure)
        if not (pressure.takes_buttons if message.payload else pressure.takes_words):
            return self._told(push, pressure)
        with self._slots.opened(push.open_id) as slot:
            if pressure.text_key:
                slot.decline()
            until = started + self._budget_seconds
            return await self._take(request, push, message, slot, until, pressure)

    def _verify(self, query: Mapping[str, str]) -> None:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not is_signed(query.get("signature", ""), self._token, timestamp, nonce):
            raise Refused("signature")
        if not timestamp.isdecimal() or abs(self._clock() - int(timestamp[:12])) > WINDOW_SECONDS:
            raise Refused("timestamp")

    def _opened(self, query: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """The elements of the push, out of the envelope if it has one."""
        fields = parse(body)
        if self._envelope is None:
            if "Encrypt" in fields and "MsgType" not in fields:
                raise Refused("encrypted, and WENFA_WECHAT_AES_KEY is empty")
            return fields
        sealed = fields.get("Encrypt", "")
        parts = (self._token, query.get("timestamp", ""), query.get("nonce", ""), sealed)
        if not sealed or not is_signed(query.get("msg_signature", ""), *parts):
            raise Refused("msg_signature")
        return parse(self._envelope.open(sealed))

    async def _refuse_replay(self, query: Mapping[str, str], body: bytes) -> None:
        """A signature vouches for one body. WeChat may send that again; somebody else's would be another."""
        used = hashlib.sha256(f"{query.get('timestamp')} {query.get('nonce')}".encode()).hexdigest()
        digest = hashlib.sha256(body).hexdigest()
        known = await self._cache.add(f"wechat nonce {used}", digest, 2 * WINDOW_SECONDS)
        if known is not None and known != digest:
            raise Refused("nonce")

    async def _take(
        self,
        request: web.Request,
        push: Incoming,
        message: Message,
        slot: Slot,
        until: float,
        pressure: Pressure,
    ) -> web.StreamResponse:
        try:
            message = await with_choice(self._database, message, push.get("bizmsgmenuid"))
            received = await self._relay.receive(message)
        except Exception:
            log.exception("wechat_push_failed")
            return web.Response(status=500)
        if received.is_duplicate or pressure.text_key:
            return self._told(push, pressure)
        words = await slot.words(max(0.0, until - time.monotonic()))
        if words is None:
            return web.Response(text=DONE)
        response = self._answer(push, words)
        try:
            await response.prepare(request)
            await response.write_eof()
        except ConnectionError:
            log.info("wechat_hung_up")
        else:
            slot.close(True)
        return response

    def _told(self, push: Incoming, pressure: Pressure) -> web.Response:
        """The end of a push that is answered by nothing but perhaps a word on how much comes."""
        return self._answer(push, text(pressure.text_key)) if pressure.text_key else web.Response(text=DONE)

    async def _take_event(self, push: Incoming, pressure: Pressure) -> web.Response:
        """What is no message: somebody leaves, a template was not delivered, a kind that we can't take."""
        if push.event == "unsubscribe":
            await self._relay.left(CHANNEL_NAME, push.open_id)
        elif push.event == "templatesendjobfinish" and push.get("Status") != "success":
            log.warning("wechat_template_not_delivered", status=push.get("Status")[:40])
        elif push.kind in _SAID and pressure.takes_buttons:
            key = "video_unsupported" if "video" in push.kind else "unsupported"
            return self._answer(push, text(key))
        return self._told(push, pressure)

    def _answer(self, push: Incoming, words: str) -> web.Response:
        answer = text_answer(push, words)
        if self._envelope is not None:
            sealed = self._envelope.seal(answer)
            timestamp, nonce = str(int(self._clock())), secrets.token_hex(8)
            signature = sign(self._token, timestamp, nonce, sealed)
            answer = sealed_answer(sealed, signature, timestamp, nonce)
        return web.Response(text=answer, content_type="application/xml")


def _refuse(reason: str) -> web.Response:
    log.warning("wechat_push_refused", reason=reason[:100])
    return web.Response(status=403, text="forbidden")
