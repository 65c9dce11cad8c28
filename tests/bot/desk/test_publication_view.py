"""An officer decides, photo by photo, what anybody may see."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from bot.services import Services
from tests.bot.desk.browsing import Browser, add_officer
from tests.bot.open311.conftest import photo
from tests.factories import make_ticket
from tickets.models import Attachment, AuditEntry


async def _file(parts: Services, **changes: object) -> tuple[str, str]:
    stored = await asyncio.to_thread(parts.photos.save, photo())
    values: dict[str, object] = {"reporter_mode": "real_name", "photos": (stored.sha256,), **changes}
    async with parts.database.transaction() as session:
        filed = await make_ticket(session, "accepted", **values)
    return filed.ticket_no, stored.sha256


async def _released(parts: Services) -> list[bool]:
    async with parts.database.reading() as session:
        return [photo.released_at is not None for photo in await session.scalars(select(Attachment))]


async def test_a_photo_is_released_and_taken_back(signed_in: Browser, parts: Services) -> None:
    ticket_no, sha256 = await _file(parts)
    page = await signed_in.get(f"/tickets/{ticket_no}")
    assert "没有公开" in page.text

    page = await signed_in.post(f"/tickets/{ticket_no}/photos/{sha256}/public", public="1")
    assert "照片已对外公开" in page.text
    assert await _released(parts) == [True]

    page = await signed_in.post(f"/tickets/{ticket_no}/photos/{sha256}/public", public="0")
    assert "已收回" in page.text
    assert await _released(parts) == [False]
    async with parts.database.reading() as session:
        acts = await session.scalars(select(AuditEntry.action).where(AuditEntry.subject == ticket_no))
        assert list(acts) == ["photo_released", "photo_hidden"]


async def test_a_private_ticket_offers_no_release(signed_in: Browser, parts: Services) -> None:
    ticket_no, _ = await _file(parts, reporter_mode="confidential")

    assert "对外公开" not in (await signed_in.get(f"/tickets/{ticket_no}")).text


async def test_other_units_and_other_tickets_photos_are_out_of_reach(
    signed_in: Browser, second_browser: Browser, parts: Services
) -> None:
    ticket_no, sha256 = await _file(parts)
    other_no, _ = await _file(parts, photos=())
    await add_officer(parts, "wang", department="squad_haikou")
    await second_browser.sign_in("wang")
    await signed_in.get(f"/tickets/{ticket_no}")

    far = await second_browser.post(f"/tickets/{ticket_no}/photos/{sha256}/public", public="1")
    elsewhere = await signed_in.post(f"/tickets/{other_no}/photos/{sha256}/public", public="1")

    assert (far.status, elsewhere.status) == (403, 404)
    assert await _released(parts) == [False]
