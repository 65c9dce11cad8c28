"""Where Telegram delivers updates to us: who calls is checked before anything is read."""

from __future__ import annotations

import hmac
import json

import structlog
from aiohttp import web

from bot.channels.base import BadUpdate
from bot.typedefs import TELEGRAM

log = structlog.get_logger()

HEADER = "X-Telegram-Bot-Api-Secret-Token"
MAX_UPDATE_BYTES = 1024 * 1024


def webhook_path(token: str) -> str:
    """The path of that bot's webhook; the number before the colon is public."""
    return f"/telegram/{token.partition(':')[0]}"


async def receive_update(request: web.Request) -> web.Response:
    """Take one update. 200 once it is stored; 500 if it could not be, so that Telegram sends it again."""
    channel = request.app[TELEGRAM]
    given = request.headers.get(HEADER, "").encode("utf-8", "replace")
    if not hmac.compare_digest(given, channel.secret.encode()):
        log.warning("telegram_webhook_refused")
        return web.json_response({"error": "forbidden"}, status=403)
    if (request.content_length or 0) > MAX_UPDATE_BYTES:
        return web.json_response({"error": "too_large"}, status=413)
    try:
        data = json.loads(await request.read())
    except (ValueError, RecursionError):
        return web.json_response({"error": "bad_update"}, status=400)
    try:
        await channel.take_json(data)
    except BadUpdate:
        return web.json_response({"error": "bad_update"}, status=400)
    except Exception:
        log.exception("telegram_update_failed")
        return web.json_response({"error": "not_stored"}, status=500)
    return web.json_response({"ok": True})
