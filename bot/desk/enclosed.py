"""Photos and files that an officer chose for a citizen, from the form into the photo store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from aiohttp import web

from bot.desk.context import FORM, services
from bot.desk.forms import Form, Upload
from tickets.enclosures import MAX_FILES, Enclosures, SentFile, checked_file, is_document
from tickets.errors import BotError, FileRejected
from tickets.facts import MAX_PHOTOS

log = structlog.get_logger()

# What the field for files offers to choose from; what is taken is decided by the content.
ACCEPT = "image/jpeg,image/png,image/webp,.pdf,.docx,.xlsx"


class PhotoNotStored(BotError):
    """The photo store can't be used now."""

    code = "photo_failed"
    reply_key = "photo_failed"


class TooManyFiles(BotError):
    """More than goes along with one reply."""

    code = "too_many_files"
    reply_key = "too_many_files"


def chosen_photos(form: Form) -> list[bytes]:
    """The photos of a form, whichever of its fields they came in."""
    return [*form.photos, *(one.content for one in form.files if not is_document(one.content))]


def checked_files(form: Form) -> tuple[SentFile, ...]:
    """The documents of a form.

    Raises: FileRejected; TooManyFiles.
    """
    if form.has_large_file:
        raise FileRejected("too_large")
    documents: list[Upload] = [one for one in form.files if is_document(one.content)]
    if len(documents) > MAX_FILES:
        raise TooManyFiles
    return tuple(checked_file(one.name, one.content) for one in documents)


async def store_photos(request: web.Request, photos: Sequence[bytes]) -> tuple[str, ...]:
    """Check, re-encode and keep photos. Returns their SHA-256.

    Raises: PhotoRejected; TooManyFiles; PhotoNotStored.
    """
    if len(photos) > MAX_PHOTOS:
        raise TooManyFiles
    store = services(request).photos
    try:
        return tuple([(await asyncio.to_thread(store.save, photo)).sha256 for photo in photos])
    except OSError as error:
        log.exception("photo_not_stored")
        raise PhotoNotStored from error


async def read_enclosed(request: web.Request) -> Enclosures:
    """What goes along with the words of the form that was sent.

    Raises: FileRejected; PhotoRejected; TooManyFiles; PhotoNotStored.
    """
    form = request[FORM]
    files = checked_files(form)
    return Enclosures(await store_photos(request, chosen_photos(form)), files)
