"""What tests of the web chat's pages and forms share."""

from __future__ import annotations

import io
from typing import Any

from aiohttp import FormData
from aiohttp.test_utils import TestClient
from PIL import Image

from bot.channels.web_session import COOKIE, address_of

Client = TestClient[Any, Any]
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


async def visit(client: Client) -> str:
    """Open the page; returns the address of the conversation."""
    answer = await client.get("/")
    assert answer.status == 200
    [token] = [cookie.value for cookie in client.session.cookie_jar if cookie.key == COOKIE]
    return address_of(token)


def picture(width: int = 60, height: int = 40) -> bytes:
    """A photo as a phone sends it."""
    body = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(body, "JPEG")
    return body.getvalue()


def form(photo: bytes | None = None, **fields: str) -> FormData:
    """A form as a browser posts it, with an empty part where no file was chosen."""
    data = FormData()
    for name, value in {"client_id": "client-id-0001", **fields}.items():
        data.add_field(name, value)
    name = "photo.jpg" if photo else ""
    data.add_field("photo", io.BytesIO(photo or b""), filename=name, content_type="image/jpeg")
    return data
