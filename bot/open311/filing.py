"""A filing: from form fields to a ticket, through the same service as the chat."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from actions.emergency_rules import find_emergency
from bot.open311 import adapter
from bot.open311.errors import Refused, bad, missing
from bot.open311.limits import LIMITS
from bot.open311.reading import Posted
from bot.texts import text as words
from tickets.api_keys import check_quota, note_filing
from tickets.casework import find_ticket
from tickets.deadlines import SHANGHAI
from tickets.errors import PhotoRejected, QuotaExhausted
from tickets.values import NewTicket, Place

if TYPE_CHECKING:
    from datetime import datetime

    from aiohttp import web

    from bot.services import Services
    from tickets.outward_models import ApiKey
    from tickets.routing import Routing
    from tickets.values import FiledTicket

MAX_ADDRESS = 200
MAX_CONTACT_FIELD = 100
MAX_URL = 500
MAX_HAPPENED = 200
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_PHONE = re.compile(r"\+?\d[\d\s-]{5,18}\d")
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")


def read_report(posted: Posted, routing: Routing) -> NewTicket:
    """What a form says, checked. Photos and the key for repeats are added later.

    Raises: Refused.
    """
    code = posted.text("service_code", 40)
    if not code:
        raise bad("没有填service_code。")
    if code not in {one.code for one in adapter.offered_services(routing)}:
        raise missing("service_code没有找到，请先取services列表。")
    description = posted.text("description", adapter.MAX_DESCRIPTION)
    if not any(character.isalnum() for character in description):
        raise bad("没有填description，请写清发生了什么事。")
    contact = _contact(posted)
    return NewTicket(
        kind="complaint",
        category=code,
        summary=description + _link_line(posted),
        place=_place(posted, routing),
        happened=posted.attribute(adapter.HAPPENED, MAX_HAPPENED) or None,
        reporter_mode=_reporter_mode(posted, contact),
        contact=contact or None,
    )


def repeat_key(key: ApiKey, posted: Posted, idempotency_key: str, now: datetime) -> str:
    """What is the same when the same filing comes again: the client's own key for it, or the whole content on
    the same day.

    Raises: Refused, for a key that can't be one.
    """
    if idempotency_key:
        return token_key(key, idempotency_key)
    content = {name: value for name, value in posted.fields.items() if name != "api_key"}
    digests = [hashlib.sha256(one).hexdigest() for one in posted.media]
    day = now.astimezone(SHANGHAI).date().isoformat()
    return _digest([key.id, "content", day, sorted(content.items()), digests])


def token_key(key: ApiKey, token: str) -> str:
    """The same for a token, which is the `Idempotency-Key` that the client sent.

    Raises: Refused.
    """
    if not _TOKEN.fullmatch(token):
        raise bad("Idempotency-Key要是16到64个字母、数字、横线或下划线。")
    return _digest([key.id, "token", token])


async def keep_photos(request: web.Request, services: Services, media: list[bytes]) -> tuple[str, ...]:
    """Put photos into the store; their SHA-256. Raises: Refused, for a file that is no photo."""
    kept = []
    for number, content in enumerate(media, start=1):
        try:
            async with request.app[LIMITS].decoding:
                stored = await asyncio.to_thread(services.photos.save, content)
        except PhotoRejected as error:
            reason = words(error.reply_key).partition("您前面")[0]
            raise bad(f"第{number}个文件没有收下：{reason}") from error
        kept.append(stored.sha256)
    return tuple(kept)


async def file_report(
    services: Services, key: ApiKey, new: NewTicket, now: datetime
) -> tuple[FiledTicket, bool]:
    """File the ticket; what was filed before comes back as it was, and costs no quota.

    Returns: the ticket, and whether it is a new one.

    Raises: Refused, when the day's quota is used up.
    """
    try:
        return await _file(services, key, new, now)
    except IntegrityError:
        # The same filing came twice at once, and the other one was quicker: now it is there to be found.
        return await _file(services, key, new, now)


async def _file(services: Services, key: ApiKey, new: NewTicket, now: datetime) -> tuple[FiledTicket, bool]:
    async with services.database.transaction() as session:
        filed = await services.tickets(session, now).file(new)
        if not filed.receipt_code:
            return filed, False
        try:
            await check_quota(session, key, now)
        except QuotaExhausted as full:
            wait = math.ceil((full.again_at - now).total_seconds())
            raise Refused(429, "今天的额度用完了，请明天再提交。", retry_after_seconds=wait) from full
        note_filing(session, key, (await find_ticket(session, filed.ticket_no)).id, now)
    return filed, True


def danger_words(description: str) -> str:
    """What to do first if the words speak of danger to life now, else ""."""
    kind = find_emergency(description)
    return words(f"emergency_{kind}").replace("\n", "") if kind else ""


def _place(posted: Posted, routing: Routing) -> Place:
    address = posted.text("address_string", MAX_ADDRESS)
    town = posted.text("address_id", 32)
    if town and routing.town(town) is None:
        raise bad("address_id要是镇街代码。")
    latitude, longitude = _degrees(posted, "lat", 90), _degrees(posted, "long", 180)
    if (latitude is None) is not (longitude is None):
        raise bad("lat和long要一起填。")
    if not address and not town and latitude is None:
        raise bad("没有填地点：填lat和long，或者address_string，或者address_id。")
    place = Place(address, town or None, latitude, longitude)
    if outside := routing.locate(place).outside:
        raise bad(f"这个地方不归{routing.city['name']}管（{outside}），请打当地的12345。")
    return place


def _degrees(posted: Posted, name: str, limit: int) -> float | None:
    text = posted.text(name, 40)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise bad(f"{name}要是数字。") from error
    if not abs(value) <= limit:
        raise bad(f"{name}超出了范围。")
    return value


def _contact(posted: Posted) -> str:
    name = "".join(posted.text(part, MAX_CONTACT_FIELD) for part in ("last_name", "first_name"))
    phone, mail = posted.text("phone", MAX_CONTACT_FIELD), posted.text("email", MAX_CONTACT_FIELD)
    if phone and not _PHONE.fullmatch(phone):
        raise bad("phone不像电话号码。")
    if mail and not _MAIL.fullmatch(mail):
        raise bad("email不像邮箱地址。")
    ways = " ".join(way for way in (phone, mail) if way)
    return f"{name} {ways}".strip() if ways else ""


def _reporter_mode(posted: Posted, contact: str) -> str:
    wanted = posted.attribute(adapter.REPORTER, 20)
    if wanted and wanted not in adapter.REPORTER_CHOICES:
        raise bad("attribute[reporter]要从给出的选项里选。")
    if wanted in {"real_name", "confidential"} and not contact:
        raise bad("实名和保密反映要填phone或email。")
    return wanted or ("real_name" if contact else "anonymous")


def _link_line(posted: Posted) -> str:
    """A link that came along is noted and never opened by us: it could lead into our own network."""
    url = posted.text("media_url", MAX_URL)
    if not url:
        return ""
    if not re.fullmatch(r"https?://[^\s<>\"]+", url):
        raise bad("media_url要以http://或https://开头。照片请直接上传（字段media）。")
    return f"\n（附带链接，系统没有打开：{url}）"


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
