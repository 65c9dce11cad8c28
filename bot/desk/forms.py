"""Reads what a form sent, however much it is.

A body may be far larger than a reply can be. Instead of cutting the connection, the beginning is kept, so
that the officer gets back what they typed with a kind word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, web

from tickets.errors import WrongPeriod
from tickets.facts import MAX_PHOTOS
from tickets.photos import MAX_PHOTO_BYTES

# A Chinese character takes nine bytes in a form, so this is some 28,000 of them.
KEPT_BYTES = 256 * 1024
MAX_BYTES = 32 * 1024 * 1024
MAX_PARTS = 40
FILE_FIELDS = ("photo", "file")
# What an officer may say at once, to a citizen or on the record: Telegram shows 4,096 characters in a
# message, the department's name and the number among them.
MAX_TEXT_LENGTH = 2000
HALF_ESCAPE = re.compile(r"%[0-9A-Fa-f]?\Z")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form's field `file`. `name` is what the officer's machine calls it."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; the last value of a name counts.

    Attributes:
        is_cut: more was sent than is kept.
        photos: the files of the form's photo field, nine at most, each as it came.
        has_large_photo: one was above what a photo may have and isn't among them.
        files: those of the form's field for photos and files, as they came.
        has_large_file: one was too large and isn't among them.
    """

    fields: dict[str, str]
    is_cut: bool = False
    photos: tuple[bytes, ...] = ()
    has_large_photo: bool = False
    files: tuple[Upload, ...] = ()
    has_large_file: bool = False

    def text(self, name: str) -> str:
        """A field with line ends made one kind and blanks at both ends dropped; "" when missing."""
        return self.fields.get(name, "").replace("\r\n", "\n").replace("\x00", "").strip()

    def is_too_long(self, text: str) -> bool:
        """Whether a text of this form is more than may be said at once, or was cut."""
        return self.is_cut or len(text) > MAX_TEXT_LENGTH

    def number(self, name: str) -> int | None:
        """A field as a number, or None."""
        value = self.text(name)
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None

    def day(self, name: str) -> date | None:
        """A field as a day, or None."""
        return as_day(self.text(name))

    def needed_day(self, name: str) -> date:
        """A field as a day. Raises: WrongPeriod."""
        found = self.day(name)
        if found is None:
            raise WrongPeriod(name)
        return found


def as_day(text: str) -> date | None:
    """A day of these times, far enough from the ends of the calendar that weeks can be added; else None."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2200 else None


async def read_form(request: web.Request) -> Form:
    """Read an urlencoded form, or one with photos and files.

    Raises: HTTPUnsupportedMediaType; HTTPRequestEntityTooLarge above 32 MiB; HTTPBadRequest.
    """
    if request.content_type == "multipart/form-data":
        return await _read_with_files(request)
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


async def _read_with_files(request: web.Request) -> Form:
    """Read a multipart form piece by piece, keeping no more of it than a form may have."""
    kept = _Parts()
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            kept.count += 1
            if isinstance(part, MultipartReader) or kept.count > MAX_PARTS:
                raise web.HTTPBadRequest
            limit = MAX_PHOTO_BYTES if part.name in FILE_FIELDS else KEPT_BYTES
            body, size = await _read_part(part, limit, MAX_BYTES - kept.length)
            kept.length += size
            kept.add(part.name or "", part.filename or "", body, is_large=size > limit)
    except (ValueError, EOFError, RuntimeError) as error:
        raise web.HTTPBadRequest from error
    return kept.form()


class _Parts:
    """What has been read of a multipart form."""

    def __init__(self) -> None:
        self.count = self.length = 0
        self._fields: dict[str, str] = {}
        self._uploads: dict[str, list[Upload]] = {name: [] for name in FILE_FIELDS}
        self._large: set[str] = set()

    def add(self, name: str, filename: str, body: bytes, *, is_large: bool) -> None:
        """One part; what is too large for its field is left out, text is cut."""
        if is_large:
            self._large.add(name if name in FILE_FIELDS else "")
        if name not in FILE_FIELDS:
            self._fields[name] = body.decode("utf-8", "replace")
        elif body and not is_large:
            self._uploads[name].append(Upload(filename, body))

    def form(self) -> Form:
        """All of it."""
        return Form(
            self._fields,
            "" in self._large,
            tuple(photo.content for photo in self._uploads["photo"][:MAX_PHOTOS]),
            "photo" in self._large,
            tuple(self._uploads["file"]),
            "file" in self._large,
        )


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
