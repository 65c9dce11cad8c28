"""What a client sent: query, form fields, uploaded photos, all of it bounded."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, web

from bot.channels.web_upload import MALFORMED, FormRefused, discard, read_at_most
from bot.open311.errors import Refused, bad
from tickets.columns import storable
from tickets.facts import MAX_PHOTOS
from tickets.photos import MAX_PHOTO_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FORM_BYTES = 128 * 1024
MAX_FIELD_BYTES = 64 * 1024
MAX_FIELDS = 60
# Nine photos of the size that telephones make.
MAX_MEDIA_BYTES = 32 * 1024 * 1024
_MEDIA_FIELD = re.compile(r"(media|photo)s?(\[\d*\])?")
_ATTRIBUTE = re.compile(r"attribute\[([A-Za-z0-9_]{1,40})\](?:\[\])?")
_TOO_LARGE = bad("发来的内容太大，没有收下。")


@dataclass(slots=True)
class Posted:
    """A filing as it came.

    Attributes:
        fields: by name; an empty one counts as not sent.
        media: files, in order, undecoded.
    """

    fields: dict[str, str] = field(default_factory=dict)
    media: list[bytes] = field(default_factory=list)

    def text(self, name: str, limit: int) -> str:
        """A field without blanks around it, "" if it is missing.

        Raises: Refused, if it is longer than `limit` characters.
        """
        value = self.fields.get(name, "").replace("\r\n", "\n").strip()
        if len(value) > limit:
            raise bad(f"{name}太长，最多{limit}个字。")
        return value

    def attribute(self, code: str, limit: int) -> str:
        """The answer to an attribute of the service definition."""
        for name in self.fields:
            found = _ATTRIBUTE.fullmatch(name)
            if found and found[1] == code:
                return self.text(name, limit)
        return ""


async def read_posted(request: web.Request) -> Posted:
    """Read a form, urlencoded as the specification says, or multipart with photos.

    Raises: Refused.
    """
    if request.content_type == "application/x-www-form-urlencoded":
        return Posted(await _read_urlencoded(request))
    if request.content_type != "multipart/form-data":
        raise bad("请用表单提交（application/x-www-form-urlencoded，带照片时用multipart/form-data）。")
    posted = Posted()
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, MultipartReader):
                raise bad("表单里不能再嵌表单。")
            await _read_part(part, posted)
    except MALFORMED as error:
        raise bad("表单不完整，没有读懂。") from error
    return posted


async def _read_urlencoded(request: web.Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.content.iter_chunked(16 * 1024):
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise _TOO_LARGE
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError as error:
        raise bad("表单不是UTF-8编码，或字段太多。") from error
    # Of a field that came twice the first counts, so that nothing can be slipped in behind it.
    return {name: storable(value) for name, value in reversed(pairs)}


async def _read_part(part: BodyPartReader, posted: Posted) -> None:
    name = part.name or ""
    if part.filename is not None and _MEDIA_FIELD.fullmatch(name):
        await _read_media(part, posted)
        return
    body = await read_at_most(part, MAX_FIELD_BYTES)
    if body is None or len(posted.fields) >= MAX_FIELDS:
        raise _TOO_LARGE
    try:
        posted.fields.setdefault(name, storable(body.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise bad("表单不是UTF-8编码。") from error


async def _read_media(part: BodyPartReader, posted: Posted) -> None:
    body = await read_at_most(part, MAX_PHOTO_BYTES)
    if body is None or len(body) + sum(map(len, posted.media)) > MAX_MEDIA_BYTES:
        with contextlib.suppress(FormRefused):
            await discard(part)
        raise bad("照片太大：每张10MB以内，一共32MB以内。")
    if body:
        posted.media.append(body)
    if len(posted.media) > MAX_PHOTOS:
        raise bad(f"照片最多{MAX_PHOTOS}张。")


def given(query: Mapping[str, str], name: str) -> str:
    """A query argument, "" if it is missing or empty: the specification takes both as one."""
    return str(storable(query.get(name, ""))).strip()


def whole_number(query: Mapping[str, str], name: str, default: int, highest: int) -> int:
    """A number from 1 to `highest`. Raises: Refused."""
    text = given(query, name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= highest):
        raise bad(f"{name}要是1到{highest}的整数。")
    return int(text)


def moment(query: Mapping[str, str], name: str) -> datetime | None:
    """A moment with its time zone. Raises: Refused."""
    # A plus sign that nobody escaped arrives as a blank.
    text = given(query, name).replace(" ", "+")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None or not 1970 < at.year < 9000:
            raise ValueError(text)
    except ValueError as error:
        raise bad(f"{name}要写成带时区的时间，例如2026-11-01T00:00:00Z。") from error
    return at


def check_jurisdiction(said: str, ours: str) -> None:
    """Raises: Refused, when another city's name came along."""
    if said and ours and said.casefold() != ours.casefold():
        raise Refused(404, f"jurisdiction_id没有找到，这里是{ours}。")
