"""Administrators connect other systems and see what was not delivered."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from bot.services import Services
from tests.bot.desk.browsing import Browser
from tests.factories import NOW, make_ticket
from tickets.leases import mark_failed
from tickets.models import AuditEntry, Officer, WebhookDelivery, WebhookSubscription

ONCE = re.compile(r'<code class="once">(whsec_[^<]+)</code>')


@pytest.fixture
async def at_webhooks(browser: Browser, administrator: Officer) -> Browser:
    """ "chen" looks at the connections."""
    await browser.sign_in("chen")
    await browser.get("/webhooks")
    return browser


async def _make(browser: Browser, **changes: str) -> str:
    fields = {"name": "省平台", "url": "https://example.com/hook", **changes}
    return (await browser.post("/webhooks", **fields)).text


async def _stored(parts: Services) -> list[WebhookSubscription]:
    async with parts.database.reading() as session:
        return list(await session.scalars(select(WebhookSubscription)))


async def test_secrets_are_shown_once(at_webhooks: Browser, parts: Services) -> None:
    text = await _make(at_webhooks, inbound="1", personal="1", **{"event.ticket.reply": "1"})

    secrets = ONCE.findall(text)
    assert len(secrets) == 2
    assert "/hooks/1" in text
    assert ONCE.findall((await at_webhooks.get("/webhooks")).text) == []
    [stored] = await _stored(parts)
    assert (stored.events, stored.with_personal_data) == (["ticket.reply"], True)
    assert secrets[0] not in stored.secret
    async with parts.database.reading() as session:
        assert "webhook_made" in list(await session.scalars(select(AuditEntry.action)))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"url": "http://example.com/"}, "要用https"),
        ({"url": "https://127.0.0.1/"}, "不能是本单位内网"),
        ({"url": "javascript:alert(1)"}, "要用https"),
        ({"name": " "}, "名称要填"),
        ({"name": "字" * 61}, "最多60个字"),
    ],
)
async def test_what_can_not_be_connected_comes_back_with_the_reason(
    at_webhooks: Browser, parts: Services, fields: dict[str, str], words: str
) -> None:
    text = await _make(at_webhooks, inbound="1", **fields)

    assert words in text
    assert 'name="inbound" value="1" checked' in text
    assert await _stored(parts) == []


async def test_two_of_one_name_are_refused(at_webhooks: Browser) -> None:
    await _make(at_webhooks)

    assert "这个名称已经有了" in await _make(at_webhooks)


async def test_one_is_paused_resumed_and_ended(at_webhooks: Browser, parts: Services) -> None:
    await _make(at_webhooks)
    states = []
    for state in ("paused", "active", "ended"):
        await at_webhooks.post("/webhooks/1/state", state=state)
        states += [row.state.value for row in await _stored(parts)]

    assert states == ["paused", "active", "ended"]
    page = await at_webhooks.post("/webhooks/1/state", state="active")
    assert (page.status, "已经停用" in page.text) == (409, True)
    assert (await at_webhooks.post("/webhooks/1/state", state="on")).status == 400


async def test_dead_letters_are_shown_and_sent_again(at_webhooks: Browser, parts: Services) -> None:
    await _make(at_webhooks)
    async with parts.database.transaction() as session:
        filed = await make_ticket(session)
        await mark_failed(session, WebhookDelivery, 1, "HTTP 500 <b>", NOW, None)

    page = await at_webhooks.get("/webhooks")
    assert filed.ticket_no in page.text
    assert "HTTP 500 &lt;b&gt;" in page.text
    page = await at_webhooks.post("/webhooks/1/replay", delivery_id="1")

    assert "已排队" in page.text
    assert "都已送达，或还在重试" in page.text
    async with parts.database.reading() as session:
        assert (await session.get_one(WebhookDelivery, 1)).failed_at is None


async def test_only_administrators_connect(signed_in: Browser) -> None:
    assert (await signed_in.get("/webhooks")).status == 403
