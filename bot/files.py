"""Files that were made for a citizen, on their way to them: attached where a channel can, else by a link.

A link names the file and until when it is good, both encrypted and authenticated with the installation's
key, so that nobody can make one up or prolong it. Whoever has the link has the file: hand it to the
citizen's own conversation only.
"""

from __future__ import annotations

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from bot.security import content_security_policy
from bot.texts import text
from bot.typedefs import SERVICES
from tickets.errors import ContactSealed
from tickets.files import ReadFile, read_file, read_file_by_id

if TYPE_CHECKING:
    from actions.base import Outgoing
    from bot.services import Services

LINK_HOURS = 48
PATH = "/file/"
_CONTEXT = "link to a file"
_PARTS = struct.Struct(">QQ")


async def read_attached(services: Services, channel: str, address: str, content: Outgoing) -> ReadFile | None:
    """The file of a message to the conversation at that address; None if it has none, or no longer."""
    if content.file is None:
        return None
    return await read_for(services, channel, address, str(content.file["sha256"]))


async def read_for(services: Services, channel: str, address: str, sha256: str) -> ReadFile | None:
    """A file of the conversation at that address; None for everybody else's, and when it is gone."""
    async with services.database.reading() as session:
        return await read_file(session, services.vault, channel, address, sha256)


async def text_with_link(
    services: Services,
    base_url: str,
    channel: str,
    address: str,
    content: Outgoing,
    *,
    now: datetime | None = None,
) -> str:
    """What a channel that can't send files says instead: the text, and a link that is good for `LINK_HOURS`.

    Args:
        base_url: where people reach our pages (`Settings.base_url`).
    """
    file = await read_attached(services, channel, address, content)
    if file is None:
        return content.text
    until = (now or datetime.now(UTC)) + timedelta(hours=LINK_HOURS)
    link = base_url + PATH + _token(services, file.id, until)
    return f"{content.text}\n{text('file_link', name=file.name, hours=LINK_HOURS)}\n{link}"


async def show_linked(request: web.Request) -> web.Response:
    """The handler of the links."""
    services = request.app[SERVICES]
    file_id = _file_id(services, request.match_info["token"], datetime.now(UTC))
    if file_id is None:
        raise web.HTTPNotFound(text=text("file_gone"))
    async with services.database.reading() as session:
        return download(await read_file_by_id(session, services.vault, file_id))


def download(file: ReadFile | None) -> web.Response:
    """The answer that makes a browser save a file.

    Raises: HTTPNotFound for None.
    """
    if file is None:
        raise web.HTTPNotFound(text=text("file_gone"))
    headers = {
        "Content-Type": file.media_type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex",
        "Content-Security-Policy": content_security_policy(script_src="'none'", style_src="'none'"),
    }
    return web.Response(body=file.content, headers=headers)


def _token(services: Services, file_id: int, until: datetime) -> str:
    parts = _PARTS.pack(file_id, int(until.timestamp()))
    return base64.urlsafe_b64encode(services.vault.seal_bytes(parts, _CONTEXT)).decode().rstrip("=")


def _file_id(services: Services, token: str, now: datetime) -> int | None:
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        file_id, until = _PARTS.unpack(services.vault.open_bytes(sealed, _CONTEXT))
    except (ContactSealed, binascii.Error, ValueError, struct.error):
        return None
    return int(file_id) if now.timestamp() < until else None
