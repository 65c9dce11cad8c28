"""Reads what a form sent, however much it is.

A body may be far larger than a reply can be. Instead of cutting the connection, the beginning is kept, so
that the officer gets back what they typed with a kind word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, web

from tickets.casework import MAX_PHOTOS
from tickets.photos import MAX_PHOTO_BYTES

# A Chinese character takes nine bytes in a form, so this is some 28,000 of them.
KEPT_BYTES = 256 * 1024
MAX_BYTES = 32 * 1024 * 1024
MAX_PARTS = 40
HALF_ESCAPE = re.compile(r"%[0-9A-Fa-f]?\Z")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; the last value of a name counts.

    Attributes:
        is_cut: more was sent than is kept.
        photos: the files of the form's photo field, nine at most, each as it came.
        has_large_photo: one was above what a photo may have and isn't among them.
    """

    fields: dict[str, str]
    is_cut: bool = False
    photos: tuple[bytes, ...] = ()
    has_large_photo: bool = False

    def text(self, name: str) -> str:
        """A field with line ends made one kind and blanks at both ends dropped; "" when missing."""
        return self.fields.get(name, "").replace("\r\n", "\n").replace("\x00", "").strip()

    def number(self, name: str) -> int | None:
        """A field as a number, or None."""
        value = self.text(name)
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


async def read_form(request: web.Request) -> Form:
    """Read an urlencoded form, or one with photos.

    Raises: HTTPUnsupportedMediaType; HTTPRequestEntityTooLarge above 32 MiB; HTTPBadRequest.
    """
    if request.content_type == "multipart/form-data":
        return await _read_with_photos(request)
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    kept, length = bytearray(), 0
    async for chunk in request.content.iter_chunked(64 * 1024):
        length += len(chunk)
        if length > MAX_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_BYTES, length)
        kept += chunk[: max(0, KEPT_BYTES - len(kept))]
    pairs = parse_qsl(_whole(bytes(kept)), keep_blank_values=True, errors="ignore", max_num_fields=200)
    return Form(dict(pairs), length > KEPT_BYTES)


async def _read_with_photos(request: web.Request) -> Form:
    """Read a multipart form piece by piece, keeping no more of it than a form may have."""
    fields: dict[str, str] = {}
    photos: list[bytes] = []
    is_cut = has_large_photo = False
    length = parts = 0
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            parts += 1
            if isinstance(part, MultipartReader) or parts > MAX_PARTS:
                raise web.HTTPBadRequest
            is_photo = part.name == "photo"
            limit = MAX_PHOTO_BYTES if is_photo else KEPT_BYTES
            body, size = await _read_part(part, limit, MAX_BYTES - length)
            length += size
            if not is_photo:
                fields[part.name or ""] = body.decode("utf-8", "replace")
                is_cut = is_cut or size > limit
            elif size > limit:
                has_large_photo = True
            elif body and len(photos) < MAX_PHOTOS:
                photos.append(body)
    except (ValueError, EOFError, RuntimeError) as error:
        raise web.HTTPBadRequest from error
    return Form(fields, is_cut, tuple(photos), has_large_photo)


async def _read_part(part: BodyPartReader, limit: int, allowed: int) -> tuple[bytes, int]:
    """The beginning of a part, and how long all of it was. Raises: HTTPRequestEntityTooLarge."""
    kept, size = bytearray(), 0
    while chunk := await part.read_chunk(64 * 1024):
        size += len(chunk)
        if size > allowed:
            raise web.HTTPRequestEntityTooLarge(MAX_BYTES, size)
        kept += chunk[: max(0, limit - len(kept))]
    return bytes(kept), size


def _whole(body: bytes) -> str:
    return HALF_ESCAPE.sub("", body.decode("ascii", errors="ignore"))
