"""Reading a posted form with a photo: piece by piece, so that a huge one never fills the memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from tickets.columns import storable
from tickets.photos import MAX_PHOTO_BYTES

MAX_FIELD_BYTES = 64 * 1024
MAX_PARTS = 20
# What is over the limit is read and thrown away up to here, so that the browser hears the reason.
MAX_DISCARDED_BYTES = 64 * 1024 * 1024
# What aiohttp raises when a multipart body is broken.
MALFORMED = (ValueError, EOFError, RuntimeError, HttpProcessingError)


class FormRefused(Exception):
    """The body is not a form that our pages send."""


@dataclass(slots=True)
class PostedForm:
    """The text fields by name, and the photo if there was one that isn't over `MAX_PHOTO_BYTES`."""

    fields: dict[str, str] = field(default_factory=dict)
    photo: bytes | None = None
    is_photo_too_large: bool = False

    def get(self, name: str) -> str:
        """The field's text, "" if it is missing."""
        return self.fields.get(name, "")


async def read_form(request: web.Request) -> PostedForm:
    """Read a multipart form; the file must be in the field `photo`.

    Raises: FormRefused.
    """
    if request.content_type != "multipart/form-data":
        raise FormRefused
    form = PostedForm()
    try:
        reader = await request.multipart()
        parts = 0
        while (part := await reader.next()) is not None:
            parts += 1
            if parts > MAX_PARTS or isinstance(part, MultipartReader):
                raise FormRefused
            await _read_part(part, form)
    except MALFORMED as error:
        raise FormRefused from error
    return form


async def _read_part(part: BodyPartReader, form: PostedForm) -> None:
    if part.name == "photo":
        await _read_photo(part, form)
    elif part.name:
        body = await read_at_most(part, MAX_FIELD_BYTES)
        if body is None:
            raise FormRefused
        form.fields[part.name] = storable(body.decode("utf-8", "replace"))


async def _read_photo(part: BodyPartReader, form: PostedForm) -> None:
    body = await read_at_most(part, MAX_PHOTO_BYTES)
    if body is not None:
        # A browser sends an empty part for a file field that was left empty.
        form.photo = body or form.photo
        return
    form.is_photo_too_large = True
    await discard(part)


async def discard(part: BodyPartReader) -> None:
    """Read the rest of a part and throw it away, so that whoever sends it hears the reason.

    Raises: FormRefused, when there is no end to it.
    """
    discarded = 0
    while chunk := await part.read_chunk():
        discarded += len(chunk)
        if discarded > MAX_DISCARDED_BYTES:
            raise FormRefused


async def read_at_most(part: BodyPartReader, limit: int) -> bytes | None:
    """The whole part, or None if it is longer than `limit` bytes."""
    body = bytearray()
    while chunk := await part.read_chunk():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)
