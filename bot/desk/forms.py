"""Reads what a form sent, however much it is.

A body may be far larger than a reply can be. Instead of cutting the connection, the beginning is kept, so
that the officer gets back what they typed with a kind word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

# A Chinese character takes nine bytes in a form, so this is some 28,000 of them.
KEPT_BYTES = 256 * 1024
MAX_BYTES = 32 * 1024 * 1024
HALF_ESCAPE = re.compile(r"%[0-9A-Fa-f]?\Z")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; the last value of a name counts.

    Attributes:
        is_cut: more was sent than is kept.
    """

    fields: dict[str, str]
    is_cut: bool = False

    def text(self, name: str) -> str:
        """A field with line ends made one kind and blanks at both ends dropped; "" when missing."""
        return self.fields.get(name, "").replace("\r\n", "\n").replace("\x00", "").strip()

    def number(self, name: str) -> int | None:
        """A field as a number, or None."""
        value = self.text(name)
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


async def read_form(request: web.Request) -> Form:
    """Read an urlencoded form.

    Raises: HTTPUnsupportedMediaType; HTTPRequestEntityTooLarge above 32 MiB.
    """
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


def _whole(body: bytes) -> str:
    return HALF_ESCAPE.sub("", body.decode("ascii", errors="ignore"))
